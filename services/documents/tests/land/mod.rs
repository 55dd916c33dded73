//! An operator of citizens in memory, a hospital that sends, and documents to send.
#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod raw_zip;

use clinical::xdm::{Application, Archive, Package, Sender};
use clinical::xds::{Code, Cx, DocumentEntry};
use documents::{CONSUMER, Documents};
use domain::{
    IdentityTraits, InsReading, MailboxKind, ManualClock, Mode, ReversePath, Sex, Verdict,
};
use jiff::Timestamp;
use kit::Runner;
use mailstore::message::{Limits, Scanner};
use mailstore::model::account::{AccountState, NewAccount};
use mailstore::model::flags::Flags;
use mailstore::model::message::{NewMessage, Prepared};
use mailstore::{AccountId, Actor, Faults, MessageId, SeededRandom, Store, Through, Transaction};
use post::{Accepted, DsnRequest, Envelope, Origin, Peer, Post, RecipientDsn, Settings};
use record::by_hand::{self, ByHandError};
use record::{AttachmentFate, Decisions, Entry, EntryId};
use std::io::{Cursor, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

pub(crate) const CITIZEN: &str = "279035121518989";
pub(crate) const OTHER: &str = "255081416802538";
pub(crate) const TEST_OID: &str = "1.2.250.1.213.1.4.10";
pub(crate) const LETTERS: &str = "letters@chu.example";

pub(crate) struct Land {
    pub(crate) post: Post,
    pub(crate) faults: Arc<Faults>,
    runner: Runner,
    pub(crate) runtime: tokio::runtime::Runtime,
    pub(crate) clock: ManualClock,
    /// Receipts that were taken out of the queue.
    sent: Mutex<Vec<String>>,
}

impl Land {
    /// An operator with one citizen.
    pub(crate) fn new() -> Self {
        let clock = ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap());
        let random = Arc::new(SeededRandom::new(1));
        let faults = Arc::new(Faults::default());
        let store = Store::in_memory(
            Arc::new(clock.clone()),
            random.clone(),
            vec![CONSUMER],
            Arc::clone(&faults),
        )
        .unwrap();
        let settings = Settings {
            hostname: "mail.citizens.example".parse().unwrap(),
            own_domains: ["patient.example".parse().unwrap()].into(),
            citizen_domains: ["patient.example".parse().unwrap()].into_iter().collect(),
            mode: Mode::Test,
            product: "PLI-TEST".into(),
            max_size: 26_214_400,
        };
        let listed = Arc::new(|domain: &domain::MailDomain| domain.as_str() == "chu.example");
        let post = Post::new(
            settings,
            store.clone(),
            Arc::new(clock.clone()),
            random,
            listed,
            Arc::new(|_: &domain::MailAddress| false),
        );
        let runner = Runner::new(store, Arc::new(Documents::new(post.clone()))).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let land = Self { post, faults, runner, runtime, clock, sent: Mutex::default() };
        land.account(CITIZEN);
        land
    }

    pub(crate) fn account(&self, number: &str) {
        let ins = InsReading::read(number, TEST_OID, Mode::Test).unwrap();
        self.account_of(ins, Some(traits()));
    }

    pub(crate) fn account_of(&self, ins: InsReading, traits: Option<IdentityTraits>) {
        let new = NewAccount {
            address: address(ins.as_str()).parse().unwrap(),
            kind: MailboxKind::Citizen,
            state: AccountState::Active,
            ins: Some(ins),
            traits,
            quota: 1_000_000_000,
            mailboxes: Vec::new(),
            owner: None,
        };
        let _ = self.post.store().create_account_blocking(Actor::SYSTEM, new).unwrap();
    }

    pub(crate) fn id(&self, number: &str) -> AccountId {
        let view = self.post.store().operator_view().unwrap();
        view.account_of(&address(number).parse().unwrap()).unwrap().unwrap()
    }

    fn view(&self, number: &str) -> mailstore::View<'static> {
        self.post.store().view(self.id(number)).unwrap()
    }

    pub(crate) fn send(&self, to: &str, message: &str) -> Result<Accepted, Verdict> {
        self.send_from(LETTERS, to, message)
    }

    pub(crate) fn send_from(
        &self,
        from: &str,
        to: &str,
        message: &str,
    ) -> Result<Accepted, Verdict> {
        let origin = Origin::Peer(Peer {
            name: "CN=mail.chu.example".into(),
            domains: ["chu.example".parse().unwrap()].into(),
        });
        let reverse_path = ReversePath::Address(from.parse().unwrap());
        self.post.sender(&origin, &reverse_path)?;
        let to = if to.contains('@') { to.to_owned() } else { address(to) };
        let recipient =
            self.post.recipient(&origin, &to.parse().unwrap(), RecipientDsn::default())?;
        let envelope = Envelope { reverse_path, dsn: DsnRequest::default(), smtputf8: false };
        let mut incoming = self.post.incoming(origin, envelope, vec![recipient], None)?;
        incoming.write(message.replace("\r\n", "\n").replace('\n', "\r\n").as_bytes())?;
        self.runtime.block_on(incoming.finish())
    }

    /// Puts a message into the citizen's inbox by the citizen's own session.
    pub(crate) fn append(&self, number: &str, message: &str) {
        let octets = message.replace('\n', "\r\n").into_bytes();
        let mut scanner = Scanner::new(Limits::default());
        scanner.push(&octets);
        let content = Arc::new(Prepared::new(scanner.finish()).unwrap());
        let mut writer = self.post.store().body_writer().unwrap();
        writer.write(&octets).unwrap();
        let body = writer.finish().unwrap();
        let account = self.id(number);
        let actor = Actor { account: Some(account), through: Through::Imap, ..Actor::SYSTEM };
        let work = move |tx: &mut Transaction<'_>| {
            let new = NewMessage {
                mailbox: tx.inbox()?,
                body: Arc::clone(&body),
                content: Arc::clone(&content),
                flags: Flags::SEEN,
                internal_date: Timestamp::UNIX_EPOCH,
            };
            tx.add_message(&new)
        };
        let _ = self.post.store().begin(actor, account, work).wait().unwrap();
    }

    /// Sends a document to the citizen it is for, and lets the service work.
    pub(crate) fn file(&self, octets: &[u8]) {
        self.send(CITIZEN, &message("", &archive(octets))).unwrap();
        self.settle();
    }

    /// Lets the service work, and takes what it sends out of the queue.
    pub(crate) fn settle(&self) {
        self.runtime.block_on(self.runner.run_until_idle());
        let store = self.post.store();
        let due = post::queue::due(store, i64::MAX / 2, 100).unwrap();
        for (_, account, id) in due {
            let view = store.view(account).unwrap();
            let entry = post::queue::entry(&view, id).unwrap().unwrap();
            assert_eq!(entry.reverse_path, ReversePath::Null);
            assert_eq!(entry.recipients[0].address, LETTERS.parse().unwrap());
            let octets = store.body(&view, entry.body).unwrap().read_all().unwrap();
            let text = String::from_utf8(octets).unwrap();
            let mut sent = self.sent.lock().unwrap();
            if !sent.contains(&text) {
                sent.push(text);
            }
        }
    }

    pub(crate) fn receipts(&self) -> Vec<String> {
        self.sent.lock().unwrap().clone()
    }

    pub(crate) fn entries(&self, number: &str) -> Vec<Entry> {
        record::entries_by_date(&self.view(number)).unwrap()
    }

    /// Every entry wherever it stands, by its id.
    pub(crate) fn all_entries(&self, number: &str) -> Vec<Entry> {
        record::entries_by_id(&self.view(number), None, 1_000).unwrap()
    }

    pub(crate) fn series(&self, number: &str, entry: &Entry) -> record::Series {
        record::series(&self.view(number), entry.series).unwrap().unwrap()
    }

    pub(crate) fn versions(&self, number: &str, entry: &Entry) -> Vec<Entry> {
        record::versions(&self.view(number), entry.series).unwrap()
    }

    pub(crate) fn octets(&self, number: &str, entry: &Entry) -> Vec<u8> {
        record::octets(self.post.store(), &self.view(number), entry).unwrap()
    }

    fn last(&self, number: &str) -> (u32, MessageId) {
        let view = self.view(number);
        let placed = view.placements(view.inbox().unwrap(), 0, u32::MAX, 1000).unwrap();
        let (uid, placement) = placed.last().unwrap();
        (*uid, placement.message)
    }

    pub(crate) fn last_fates(&self, number: &str) -> Vec<AttachmentFate> {
        record::fate_of_message(&self.view(number), self.last(number).1).unwrap()
    }

    /// The fates of every message of the inbox.
    pub(crate) fn all_fates(&self, number: &str) -> Vec<Vec<AttachmentFate>> {
        let view = self.view(number);
        let placed = view.placements(view.inbox().unwrap(), 0, u32::MAX, 1000).unwrap();
        let fates = |id| record::fate_of_message(&view, id).unwrap();
        placed.into_iter().map(|(_, placement)| fates(placement.message)).collect()
    }

    pub(crate) fn last_message(&self, number: &str) -> String {
        let view = self.view(number);
        let body = view.message(self.last(number).1).unwrap().body;
        String::from_utf8(self.post.store().body(&view, body).unwrap().read_all().unwrap()).unwrap()
    }

    pub(crate) fn remove_last_message(&self, number: &str) {
        let (uid, _) = self.last(number);
        self.transact(number, move |tx| {
            let inbox = tx.inbox()?;
            tx.expunge(inbox, &[uid], mailstore::model::expunge::Expunge::All).map(drop)
        })
        .unwrap();
    }

    fn transact<T: Send + 'static, E: From<mailstore::StoreError> + Send + 'static>(
        &self,
        number: &str,
        work: impl FnMut(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let committed = self.post.store().begin(Actor::SYSTEM, self.id(number), work).wait();
        committed.map(mailstore::Committed::into_inner)
    }

    pub(crate) fn by_hand(
        &self,
        number: &str,
        part: u32,
        title: &str,
    ) -> Result<Entry, ByHandError> {
        let (store, view) = (self.post.store(), self.view(number));
        let attachment = by_hand::prepare(store, &view, self.last(number).1, &[part])?;
        let (title, date) = (title.to_owned(), Timestamp::from_second(1_790_000_000).unwrap());
        let kind = clinical::value_sets::Kind::Personal;
        self.transact(number, move |tx| by_hand::file_by_hand(tx, &attachment, &title, date, kind))
    }

    pub(crate) fn take_back(&self, number: &str, id: EntryId) {
        self.transact(number, move |tx| record::take_back(tx, id)).unwrap();
    }

    pub(crate) fn decide(&self, number: &str, series: record::SeriesId, decided: &Decisions) {
        let decided = decided.clone();
        self.transact(number, move |tx| record::decide(tx, series, &decided)).unwrap();
    }

    /// Puts what is derived of an entry in place of what is.
    pub(crate) fn overwrite(&self, number: &str, derived: Entry) {
        assert!(self.transact(number, move |tx| record::derive_again(tx, &derived)).unwrap());
    }

    pub(crate) fn rebuild(&self) -> kit::Rebuilt {
        self.runtime.block_on(self.runner.rebuild(&mut |_| {})).unwrap()
    }

    pub(crate) fn undo(&self, number: &str, id: EntryId) {
        self.transact(number, move |tx| record::undo_take_back(tx, id)).unwrap();
    }
}

pub(crate) fn address(number: &str) -> String {
    format!("{number}@patient.example")
}

pub(crate) fn traits() -> IdentityTraits {
    let name = |text: &str| text.parse::<domain::PersonName>().unwrap();
    IdentityTraits::new(
        name("PAT-TROIS"),
        name("DOMINIQUE MARIE-LOUISE"),
        name("DOMINIQUE"),
        jiff::civil::date(1979, 3, 28),
        Sex::Female,
        "51215".parse().unwrap(),
    )
    .unwrap()
}

/// A document of the citizen: version `version` of `1.2.3`, which may say that it replaces another.
pub(crate) fn document(id: &str, version: u32, replaces: &str) -> Vec<u8> {
    let related = match replaces {
        "" => String::new(),
        id => format!(
            "<relatedDocument typeCode=\"RPLC\"><parentDocument><id root=\"{id}\"/></parentDocument></relatedDocument>"
        ),
    };
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3"><realmCode code="FR"/>
<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
<id root="{id}"/><code code="11490-0" codeSystem="2.16.840.1.113883.6.1" displayName="Lettre"/>
<title>Lettre de liaison</title><effectiveTime value="20240102030405+0100"/>
<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/><languageCode code="fr-FR"/>
<setId root="1.2.3"/><versionNumber value="{version}"/>
<recordTarget><patientRole><id extension="{CITIZEN}" root="{TEST_OID}"/><patient>
<name><family qualifier="BR">PAT-TROIS</family><given>DOMINIQUE MARIE-LOUISE</given><given qualifier="BR">DOMINIQUE</given></name>
<administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1"/><birthTime value="19790328"/>
<birthplace><place><addr><county>51215</county></addr></place></birthplace></patient></patientRole></recordTarget>
<author><time value="20240102"/><assignedAuthor><id root="1.2.250.1.71.4.2.1" extension="801234567897"/>
<assignedPerson><name><given>Marie</given><family>MARTIN</family></name></assignedPerson></assignedAuthor></author>
{related}<component><nonXMLBody><text mediaType="application/pdf" representation="B64">JVBERi0=</text></nonXMLBody></component>
</ClinicalDocument>"#
    )
    .into_bytes()
}

pub(crate) fn replaced(octets: &[u8], from: &str, to: &str) -> Vec<u8> {
    String::from_utf8(octets.to_vec()).unwrap().replace(from, to).into_bytes()
}

/// The archive of a document, with metadata that say what its header says.
pub(crate) fn archive(octets: &[u8]) -> Vec<u8> {
    archive_for(octets, CITIZEN)
}

pub(crate) fn archive_for(octets: &[u8], number: &str) -> Vec<u8> {
    pack(described(octets, number), octets)
}

/// The archive of a document whose metadata say what another's header says.
pub(crate) fn archive_described(octets: &[u8], as_of: &[u8]) -> Vec<u8> {
    pack(described(as_of, CITIZEN), octets)
}

fn described(octets: &[u8], number: &str) -> DocumentEntry {
    let header = clinical::cda::Header::read(octets).ok();
    let header = header.as_ref();
    DocumentEntry {
        mime: "text/xml".into(),
        unique_id: header.and_then(clinical::cda::Header::unique_id),
        patient: Cx::read(&format!("{number}^^^&{TEST_OID}&ISO^NH")),
        type_code: header.and_then(|header| header.code.clone()),
        confidentiality: vec![Code::new("N", "2.16.840.1.113883.5.25", "Normal")],
        ..DocumentEntry::default()
    }
}

pub(crate) fn pack(entry: DocumentEntry, octets: &[u8]) -> Vec<u8> {
    Archive::write(&Package {
        sender: Sender { organisation: "CHU".into(), ..Sender::default() },
        application: Application { name: "Pli".into(), ..Application::default() },
        documents: vec![(entry, octets.to_vec())],
        ..Package::default()
    })
    .unwrap()
}

/// The files of an archive of ours: index, read-me, metadata, document.
pub(crate) fn files_of(octets: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut zip = ZipArchive::new(Cursor::new(octets)).unwrap();
    let mut files = Vec::new();
    for index in 0..zip.len() {
        let mut file = zip.by_index(index).unwrap();
        let mut octets = Vec::new();
        file.read_to_end(&mut octets).unwrap();
        files.push((file.name().unwrap().into_owned(), octets));
    }
    files
}

/// An archive with other files: index, read-me, metadata, document.
pub(crate) fn repacked(octets: &[u8], change: impl FnOnce(&mut Vec<(String, Vec<u8>)>)) -> Vec<u8> {
    let mut files = files_of(octets);
    change(&mut files);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, octets) in files {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(&octets).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

static NUMBER: AtomicU64 = AtomicU64::new(1);

fn base64(octets: &[u8]) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(octets);
    let lines: Vec<&str> =
        text.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    lines.join("\n")
}

/// A message of the hospital with an archive, and more header fields.
pub(crate) fn message(more: &str, zip: &[u8]) -> String {
    let number = NUMBER.fetch_add(1, Ordering::SeqCst);
    format!(
        "From: <{LETTERS}>\nTo: <x@patient.example>\nMessage-ID: <{number}@chu.example>\n\
         Subject: XDM/1.0/DDM+Lettre de liaison\n{more}MIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=b\n\n\
         --b\nContent-Type: text/plain\n\nBonjour\n\
         --b\nContent-Type: application/zip\nContent-Transfer-Encoding: base64\n\
         Content-Disposition: attachment; filename=IHE_XDM.ZIP\n\n{}\n--b--\n",
        base64(zip)
    )
}

pub(crate) fn with_attachments(files: &[(&str, &[u8])]) -> String {
    let number = NUMBER.fetch_add(1, Ordering::SeqCst);
    let mut message = format!(
        "From: <{LETTERS}>\nMessage-ID: <{number}@chu.example>\nSubject: x\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nBonjour\n"
    );
    for (name, octets) in files {
        message += &format!(
            "--b\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\
             Content-Disposition: attachment; filename={name}\n\n{}\n",
            base64(octets)
        );
    }
    message + "--b--\n"
}
