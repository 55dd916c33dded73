//! The list against the national rules, mutation by mutation, and against xmlsec1. Failure: a panic.

#![allow(clippy::string_slice)] // of texts that this file made

#[path = "../../benches/domain_list/national.rs"]
mod national;
mod signature;

use domain::Mode;
use jiff::SignedDuration;

use super::*;
use crate::authority::Issued;
use crate::chain::Revocation;
use crate::crl::RevocationReason;
use crate::fixture::{Land, START, entry, subject};
use crate::profile::Profile;
use crate::trust::{PeerFault, Trust, TrustState};

const DN: &str = "CN=mail.chu.mss.example,OU=1630013605,O=CHU,ST=Puy-de-Dôme (63),C=FR";

/// A land with a signed list, and what it is checked against.
struct Scene {
    land: Land,
    trust: Arc<Trust>,
    xml: String,
}

impl Scene {
    fn new() -> Self {
        let mut land = Land::new(Mode::Production);
        let domains = vec![entry("chu.mss.example", DN), entry("other.mss.example", DN)];
        land.authority.set_domains(domains).unwrap();
        let trust = land.trust(Mode::Production);
        let xml = land.authority.domain_list().unwrap();
        Self { land, trust, xml }
    }

    fn verify(&self, xml: &str) -> Result<DomainList<Verified>, ListRefusal> {
        self.verify_at(xml, self.land.now())
    }

    fn verify_at(&self, xml: &str, at: Timestamp) -> Result<DomainList<Verified>, ListRefusal> {
        let state = self.trust.state();
        DomainList::verify(xml.as_bytes(), &rules(&state, at))
    }

    /// The refusal of the list with a replacement in it.
    fn mutated(&self, from: &str, to: &str) -> String {
        assert_eq!(self.xml.matches(from).count(), 1, "{from}");
        format!("{:?}", self.verify(&self.xml.replace(from, to)).unwrap_err())
    }
}

fn rules(state: &TrustState, at: Timestamp) -> ListRules<'_> {
    ListRules {
        anchors: state.anchors(),
        revocation_lists: state.revocation_lists(),
        revocation: Revocation::Required,
        signers: &[],
        at,
        engine: &DefaultEngine,
    }
}

fn signed_by(issued: &Issued, unsigned: &str) -> String {
    sign(unsigned, &issued.chain[0], |message| issued.key.sign(message)).unwrap()
}

fn list_signer() -> Profile {
    Profile::ListSigner { subject: subject(), host: "list.mss.example".to_owned() }
}

// MSS #1
// MSS #2
#[test]
fn a_list_is_written_signed_verified_and_read() {
    let scene = Scene::new();
    let list = scene.verify(&scene.xml).unwrap();
    assert_eq!(list.generated_at(), START.parse().unwrap());
    assert_eq!(list.entries(), scene.land.authority.domains());
    assert_eq!(list.signer().subject(), scene.land.authority.list_signer());
    let (dn, domain) = (DN.parse().unwrap(), "CHU.mss.example".parse().unwrap());
    assert!(list.is_pair(&domain, &dn) && list.is_listed(&domain));
    assert_eq!(list.domains_of(&dn).len(), 2);
    assert!(!format!("{list:?} {:?}", list.entries()).contains("Jeanne"));
}

// MSS #4
#[test]
fn a_cut_list_or_one_with_a_dtd_is_refused() {
    let scene = Scene::new();
    for cut in [0, 1, 200, scene.xml.len() / 2, scene.xml.len() - 2] {
        let mut cut = cut;
        while !scene.xml.is_char_boundary(cut) {
            cut += 1;
        }
        let refusal = scene.verify(&scene.xml[..cut]).unwrap_err();
        assert!(matches!(refusal, ListRefusal::Parse(ParseError::Xml)), "{cut}: {refusal:?}");
    }
    let dtd = "?>\n<!DOCTYPE x [<!ENTITY e \"boom\">]>\n<ListeBlancheMSSante";
    let begin = scene.xml.find("?>").unwrap();
    let root = scene.xml.find("<ListeBlancheMSSante").unwrap();
    let with_dtd =
        [&scene.xml[..begin], dtd, &scene.xml[root + "<ListeBlancheMSSante".len()..]].concat();
    assert!(matches!(scene.verify(&with_dtd).unwrap_err(), ListRefusal::Parse(ParseError::Xml)));
    for (xml, fault) in [
        ("<a/>", ParseError::Root),
        ("<ListeBlancheMSSante xmlns=\"https://other.example\"/>", ParseError::Root),
        (
            "<ListeBlancheMSSante xmlns=\"https://listeblanche.mssante.fr/schema\"/>",
            ParseError::GeneratedAt,
        ),
        (
            "<ListeBlancheMSSante xmlns=\"https://listeblanche.mssante.fr/schema\">\
             <DateDeGeneration>2025-02-28T15:42:07Z</DateDeGeneration></ListeBlancheMSSante>",
            ParseError::NoDomains,
        ),
    ] {
        assert_eq!(DomainList::parse(xml.as_bytes()).unwrap_err(), fault, "{xml}");
    }
    assert_eq!(DomainList::parse(&[0xC3]).unwrap_err(), ParseError::NotUtf8);
}

// MSS #5
#[test]
fn the_signer_must_be_the_authoritys_and_in_its_time() {
    let mut scene = Scene::new();
    let signer_of = |xml: Result<DomainList<Verified>, ListRefusal>| match xml.unwrap_err() {
        ListRefusal::Signer(fault) => fault,
        other => panic!("{other:?}"),
    };
    let four_years = scene.land.now() + SignedDuration::from_hours(4 * 365 * 24);
    assert_eq!(signer_of(scene.verify_at(&scene.xml, four_years)), PeerFault::Expired);
    let a_year_before = scene.land.now() - SignedDuration::from_hours(365 * 24);
    assert_eq!(signer_of(scene.verify_at(&scene.xml, a_year_before)), PeerFault::NotYetValid);

    let unsigned = write(scene.land.now(), scene.land.authority.domains()).unwrap();
    let mut foreign = Land::named("AUTRE", Mode::Production);
    let stranger = foreign.authority.issue(&list_signer(), None).unwrap();
    assert_eq!(signer_of(scene.verify(&signed_by(&stranger, &unsigned))), PeerFault::Untrusted);
    let mut test = Land::new(Mode::Test);
    let tester = test.authority.issue(&list_signer(), None).unwrap();
    assert_eq!(signer_of(scene.verify(&signed_by(&tester, &unsigned))), PeerFault::TestChain);
    let operator = scene.land.issue("a.mss.example");
    assert_eq!(signer_of(scene.verify(&signed_by(&operator, &unsigned))), PeerFault::WrongUsage);

    let second = scene.land.authority.issue(&list_signer(), None).unwrap();
    let by_second = signed_by(&second, &unsigned);
    let state = scene.trust.state();
    let signers = [scene.land.authority.list_signer().clone()];
    let named = ListRules { signers: &signers, ..rules(&state, scene.land.now()) };
    DomainList::verify(scene.xml.as_bytes(), &named).unwrap();
    let refusal = DomainList::verify(by_second.as_bytes(), &named).unwrap_err();
    assert!(matches!(refusal, ListRefusal::OtherSigner));

    scene.verify(&by_second).unwrap();
    let serial = second.certificate.serial();
    scene.land.authority.revoke(serial, RevocationReason::KeyCompromise).unwrap();
    let lists = scene.land.authority.crl().unwrap();
    scene.trust.reload_revocation_lists(&lists.issuing).unwrap();
    assert_eq!(signer_of(scene.verify(&by_second)), PeerFault::Revoked);
}

// MSS #3
// MSS #4
// MSS #6
#[test]
fn the_last_good_list_stays_until_a_better_one_comes() {
    let mut scene = Scene::new();
    let state = scene.trust.state();
    let path = scene.land.folder.path().join("domain-list.xml");
    let now = scene.land.now();
    let mut kept = KeptList::open(&path, &rules(&state, now)).unwrap();
    assert!(kept.current().is_none());
    assert_eq!(kept.offer(scene.xml.as_bytes(), &rules(&state, now)).unwrap(), Offer::Taken);
    assert_eq!(kept.offer(scene.xml.as_bytes(), &rules(&state, now)).unwrap(), Offer::Unchanged);

    scene.land.clock.advance(std::time::Duration::from_secs(3600));
    let now = scene.land.now();
    let newer = scene.land.authority.domain_list().unwrap();
    assert_eq!(kept.offer(newer.as_bytes(), &rules(&state, now)).unwrap(), Offer::Taken);
    let refusal = kept.offer(scene.xml.as_bytes(), &rules(&state, now)).unwrap_err();
    assert!(matches!(refusal, ListRefusal::Rollback { .. }));
    for bad in [&newer[..newer.len() / 2], "<a/>"] {
        kept.offer(bad.as_bytes(), &rules(&state, now)).unwrap_err();
    }
    assert_eq!(kept.current().unwrap().generated_at(), now);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), newer);

    let yesterday = now - SignedDuration::from_hours(25);
    let refusal = kept.offer(newer.as_bytes(), &rules(&state, yesterday)).unwrap_err();
    assert!(matches!(refusal, ListRefusal::Signer(_) | ListRefusal::FromFuture), "{refusal:?}");

    // Years later the signer's certificate is over; what was good then is still there.
    let later = now + SignedDuration::from_hours(5 * 365 * 24);
    let kept = KeptList::open(&path, &rules(&state, later)).unwrap();
    assert_eq!(kept.current().unwrap().generated_at(), now);
    std::fs::write(&path, newer.replace("chu.", "cha.")).unwrap();
    assert!(matches!(KeptList::open(&path, &rules(&state, later)), Err(ListRefusal::Digest)));
}

#[test]
fn a_list_of_the_future_or_without_entries_is_refused() {
    let mut scene = Scene::new();
    let issued = scene.land.authority.issue(&list_signer(), None).unwrap();
    let two_days = scene.land.now() + SignedDuration::from_hours(48);
    let ahead = write(two_days, scene.land.authority.domains()).unwrap();
    let refusal = scene.verify(&signed_by(&issued, &ahead)).unwrap_err();
    assert!(matches!(refusal, ListRefusal::FromFuture));
    let empty = write(scene.land.now(), &[]).unwrap();
    assert!(matches!(scene.verify(&signed_by(&issued, &empty)).unwrap_err(), ListRefusal::Empty));
}

// MSS #1
// MSS #7
// MSS #8
// MSS #9
#[test]
fn a_list_of_the_national_shape_is_counted_right() {
    let mut scene = Scene::new();
    let issued = scene.land.authority.issue(&list_signer(), None).unwrap();
    let signed = signed_by(&issued, &national::unsigned("2026-02-28T15:42:07Z"));
    let state = scene.trust.state();
    let summary =
        summary(signed.as_bytes(), &SummaryCheck::Rules(rules(&state, scene.land.now()))).unwrap();
    assert_eq!(
        (summary.entries, summary.domains, summary.dns, summary.organizations),
        (national::ENTRIES, national::DOMAINS, national::DNS, national::ORGANIZATIONS)
    );
    assert_eq!(summary.left_out, 0, "{:?}", summary.findings);
    assert!(summary.verdict.is_ok());
    assert!((3_400_000..4_000_000).contains(&signed.len()), "{}", signed.len());
    let list = scene.verify(&signed).unwrap();
    let patient = "patient.mssante.fr".parse().unwrap();
    assert_eq!(list.dns_of(&patient).len(), 2);
    let dn = "CN=mx0.mssante.fr,OU=1630013605,O=GCS E-SANTÉ DU TERRITOIRE 0,ST=Paris(75),C=FR";
    assert!(list.is_pair(&patient, &dn.parse().unwrap()));
    assert!(list.is_listed(&"mssante.apicrypt.example".parse().unwrap()));
    assert!(!list.is_listed(&"gmail.com".parse().unwrap()));
}

#[test]
fn an_odd_entry_costs_that_entry_only() {
    let scene = Scene::new();
    let fields = |domain: &str, dn: &str| {
        format!(
            "<Nom>{domain}</Nom><Description/><DNCertificatOperateur>{dn}</DNCertificatOperateur>\
             <ResponsableContact/><SupportContact/><DateMAJ>2025-02-28</DateMAJ>"
        )
    };
    let good = fields(" a.example ", "CN=a, C=fr");
    let entries = [
        good.clone(),
        fields("[192.0.2.1]", "CN=a,C=FR"),
        fields("b.example", "O=CENTRE, ANNEXE,C=FR"),
        good.replace("<Description/>", ""),
        good.replace("<Description/>", "<Description/><Description/>"),
        good.replace("<Description/>", "<Description><Nom>x</Nom></Description>"),
        good.replace("<Description/>", "<Description/><Nouveau>x</Nouveau>"),
    ];
    let xml = format!(
        "<ListeBlancheMSSante xmlns=\"https://listeblanche.mssante.fr/schema\"><DateDeGeneration>\
         {START}</DateDeGeneration><ListeDomaines>{}</ListeDomaines></ListeBlancheMSSante>",
        entries.map(|entry| format!("<Domaine>{entry}</Domaine>")).concat()
    );
    let list = DomainList::parse(xml.as_bytes()).unwrap();
    assert_eq!(list.entries().len(), 2);
    assert_eq!(list.entries()[0].updated, Some("2025-02-28T00:00:00Z".parse().unwrap()));
    assert_eq!(list.left_out(), 5);
    let faults: Vec<_> =
        list.findings().iter().map(|finding| (finding.entry, finding.fault)).collect();
    assert_eq!(faults[0], (2, EntryFault::Domain(domain::DomainError::AddressLiteral)));
    assert!(matches!(faults[1], (3, EntryFault::Dn(_))));
    assert_eq!(faults[2], (4, EntryFault::Missing("Description")));
    assert_eq!(faults[3], (5, EntryFault::NotPlain("Description")));
    assert_eq!(faults[4], (6, EntryFault::NotPlain("Description")));
    let _ = scene;
}

#[test]
fn what_xml_cannot_carry_is_not_written() {
    let mut odd = entry("a.example", DN);
    odd.description = "a\u{0}b".to_owned();
    let outcome = write(Timestamp::UNIX_EPOCH, &[odd.clone()]);
    assert_eq!(outcome, Err(WriteError::ControlCharacter));
    odd.description = "</Domaine> & \"'<![CDATA[ ]]>".to_owned();
    let list = DomainList::parse(write(Timestamp::UNIX_EPOCH, &[odd.clone()]).unwrap().as_bytes());
    assert_eq!(list.unwrap().entries(), [odd]);
}
