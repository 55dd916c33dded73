//! A list of the shape of the national one of February 2025, made up: 6,494 entries, 4,944 domains, 391 DNs,
//! 342 organisations, about 3.7 million octets, with its irregular spellings.
//!
//! Invariant: the same numbers give the same list. Failure: none.

use std::fmt::Write;

pub(crate) const ENTRIES: usize = 6494;
pub(crate) const DOMAINS: usize = 4944;
pub(crate) const DNS: usize = 391;
pub(crate) const ORGANIZATIONS: usize = 342;

/// The list, unsigned.
pub(crate) fn unsigned(generated_at: &str) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>");
    xml.push_str("<ListeBlancheMSSante xmlns=\"https://listeblanche.mssante.fr/schema\">");
    let _ = write!(xml, "<DateDeGeneration>{generated_at}</DateDeGeneration><ListeDomaines>");
    for entry in 0..ENTRIES {
        let domain = entry % DOMAINS;
        // The second entry of a domain has another DN than the first.
        let dn = (domain + entry / DOMAINS) % DNS;
        let name = match domain {
            0 => "patient.mssante.fr".to_owned(),
            1 => "mssante.apicrypt.example".to_owned(),
            _ if domain % 500 == 2 && entry < DOMAINS => format!("UC-CMP{domain}.mssante.fr"),
            _ if domain % 500 == 2 => format!("uc-cmp{domain}.mssante.fr"),
            _ => format!("structure-{domain}.mssante.fr"),
        };
        let _ = write!(
            xml,
            "\n<Domaine><Nom>{name}</Nom><Description>Messagerie sécurisée de l&apos;établissement \
             n° {domain} &amp; de ses services, groupement hospitalier</Description><DNCertificatOperateur>{}\
             </DNCertificatOperateur><ResponsableContact>Prénom NOM, responsable de la sécurité, \
             responsable{domain}@operateur{dn}.example, 01 00 00 00 00</ResponsableContact>\
             <SupportContact>Assistance, support@operateur{dn}.example, 01 00 00 00 01</SupportContact>\
             <DateMAJ>2025-02-{:02}T09:{:02}:00Z</DateMAJ></Domaine>",
            dn_of(dn, entry),
            entry % 28 + 1,
            entry % 60,
        );
    }
    xml.push_str("</ListeDomaines></ListeBlancheMSSante>");
    xml
}

/// One DN in the spellings that stand side by side.
fn dn_of(dn: usize, entry: usize) -> String {
    let organization = format!("GCS E-SANTÉ DU TERRITOIRE {}", dn % ORGANIZATIONS);
    let unit = match dn % 5 {
        0 if dn.is_multiple_of(2) => format!("1{:09}", 630_013_605 + dn),
        0 => format!("10B{:07}", 78_671 + dn),
        _ => format!("3{:014}", 18_310_021_300_028_usize + dn),
    };
    let place = if dn % 97 == 3 { "L" } else { "ST" };
    match entry % 50 {
        0 => format!("CN=mx{dn}.mssante.fr, OU={unit}, O={organization}, {place}=Paris (75), C=FR"),
        1 => format!("CN=mx{dn}.mssante.fr,OU={unit},O={organization},{place}=Paris(75),C=FR"),
        2 => format!("CN=mx{dn}.mssante.fr ,OU={unit},O={organization},{place}=Paris (75),C=FR"),
        _ => format!("CN=mx{dn}.mssante.fr,OU={unit},O={organization},{place}=Paris (75),C=FR"),
    }
}
