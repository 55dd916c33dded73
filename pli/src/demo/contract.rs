//! `demo.json`: where everything of the demo is, for programs. Others depend on its form.
//!
//! Invariants: written last and as a whole, so that who sees it can use all it names; paths are
//! relative to the demo's folder; a listener that does not exist is absent.

use super::land::P12_PASSWORD;
use super::people::{
    BENCH, CITIZEN_PASSWORD, CITIZENS_TABLE, Citizen, DESKS, Desk, INS_OID, PLACES, Place, Standing,
};
use crate::operator::Addresses;
use pki::durable_file::{self, Access};
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

/// The version of this form.
const VERSION: u32 = 1;
/// Its name.
pub(crate) const FILE: &str = "demo.json";

#[derive(Debug, Serialize)]
pub(crate) struct Contract {
    version: u32,
    pid: u32,
    ca: &'static str,
    domain_list: &'static str,
    operators: BTreeMap<&'static str, OperatorEntry>,
    accounts: Vec<AccountEntry>,
    notifications: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    control: Option<String>,
}

#[derive(Debug, Serialize)]
struct OperatorEntry {
    domains: [&'static str; 1],
    #[serde(flatten)]
    listeners: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    web: Option<String>,
    server_name: String,
    cert: String,
    key: String,
}

#[derive(Debug, Serialize)]
struct AccountEntry {
    address: String,
    kind: &'static str,
    operator: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    certificate: Option<CertificateEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rpps: Option<&'static str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    citizen: Option<CitizenEntry>,
}

#[derive(Debug, Serialize)]
struct CertificateEntry {
    cert: String,
    key: String,
    p12: String,
    p12_password: &'static str,
}

#[derive(Debug, Serialize)]
struct CitizenEntry {
    ins: String,
    ins_oid: &'static str,
    traits: TraitsEntry,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    child_of: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct TraitsEntry {
    birth_name: &'static str,
    first_given_name: &'static str,
    given_names: &'static str,
    birth_date: &'static str,
    sex: &'static str,
    birth_place: &'static str,
}

/// What is not in the tables.
#[derive(Debug)]
pub(crate) struct Running<'a> {
    pub(crate) addresses: &'a [Addresses; 3],
    /// The app secrets, in the order of the desks.
    pub(crate) secrets: &'a [String],
    /// The load tests' secret, where there are load tests.
    pub(crate) bench: Option<&'static str>,
    pub(crate) control: Option<SocketAddr>,
}

impl Contract {
    pub(crate) fn of(running: &Running<'_>) -> Self {
        let operators = PLACES.iter().zip(running.addresses);
        let desks =
            DESKS.iter().zip(running.secrets).map(|(desk, secret)| desk_entry(desk, secret));
        let bench = running.bench.map(|secret| AccountEntry {
            address: BENCH.to_owned(),
            kind: "APP",
            operator: "hospital",
            login: Some(BENCH.to_owned()),
            password: Some(secret.to_owned()),
            certificate: None,
            rpps: None,
            citizen: None,
        });
        Self {
            version: VERSION,
            pid: std::process::id(),
            ca: "pki/root.pem",
            domain_list: "pki/domain-list.xml",
            operators: operators.map(|(place, at)| (place.name, operator(place, at))).collect(),
            accounts: desks.chain(CITIZENS_TABLE.iter().map(citizen_entry)).chain(bench).collect(),
            notifications: "outbox/",
            control: running.control.map(|at| format!("http://{at}")),
        }
    }

    /// Writes it, as a whole.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let octets = serde_json::to_vec_pretty(self)?;
        // It holds passwords, of fictitious people.
        Ok(durable_file::replace(&dir.join(FILE), &octets, Access::Secret)?)
    }
}

fn operator(place: &Place, at: &Addresses) -> OperatorEntry {
    let listeners = [
        ("smtp", at.smtp),
        ("submission", at.submission),
        ("submissions", at.submissions),
        ("imap", at.imap),
        ("imaps", at.imaps),
        ("https", at.https),
        ("metrics", at.metrics),
    ];
    let listeners = listeners.into_iter().filter_map(|(name, at)| Some((name, at?.to_string())));
    OperatorEntry {
        domains: [place.domain],
        listeners: listeners.collect(),
        web: at.https.map(|at| format!("https://localhost:{}/", at.port())),
        server_name: place.hostname(),
        cert: format!("pki/{}.pem", place.file),
        key: format!("pki/{}.key", place.file),
    }
}

fn desk_entry(desk: &Desk, secret: &str) -> AccountEntry {
    let file = |ending: &str| format!("pki/people/{}.{ending}", desk.local);
    AccountEntry {
        address: desk.address(),
        kind: desk.kind.as_str(),
        operator: PLACES.get(desk.place).map_or("", |place| place.name),
        login: Some(desk.address()),
        password: Some(secret.to_owned()),
        certificate: Some(CertificateEntry {
            cert: file("pem"),
            key: file("key"),
            p12: file("p12"),
            p12_password: P12_PASSWORD,
        }),
        rpps: desk.person.map(|[rpps, ..]| rpps),
        citizen: None,
    }
}

fn citizen_entry(citizen: &Citizen) -> AccountEntry {
    let logs_in = citizen.standing == Standing::Active;
    let (state, child_of) = match citizen.standing {
        Standing::Active => ("active", None),
        Standing::ChildOf(parent) => ("active", Some(parent)),
        Standing::NotActivated => ("created", None),
        Standing::Objected => ("objected", None),
    };
    AccountEntry {
        address: citizen.address(),
        kind: "citizen",
        operator: "citizens",
        login: logs_in.then(|| citizen.ins.to_owned()),
        password: logs_in.then(|| CITIZEN_PASSWORD.to_owned()),
        certificate: None,
        rpps: None,
        citizen: Some(CitizenEntry {
            ins: citizen.ins.to_owned(),
            ins_oid: INS_OID,
            traits: TraitsEntry {
                birth_name: citizen.birth_name,
                first_given_name: citizen.first_given_name,
                given_names: citizen.given_names,
                birth_date: citizen.birth_date,
                sex: citizen.sex.code(),
                birth_place: citizen.birth_place,
            },
            state,
            child_of,
        }),
    }
}
