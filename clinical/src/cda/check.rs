//! The strict rules of the header (*structuration minimale*), as the national schematron has them.
//!
//! [`check`] says everything that is wrong, in the order of the document; an empty list is a pass.
//! Findings name elements, never values.

use super::xml::{self, at, attribute, child};
use super::{CdaError, Header, read};
use domain::{IdentityTrait, InsOid};
use roxmltree::Node;
use std::fmt;

/// `typeId` of CDA R2.
pub(super) const TYPE_ID: (&str, &str) = ("2.16.840.1.113883.1.3", "POCD_HD000040");
/// Template of HL7 France.
pub(super) const HL7_FRANCE: &str = "2.16.840.1.113883.2.8.2.1";
/// Template of the national framework (*CI-SIS*).
pub(super) const CI_SIS: &str = "1.2.250.1.213.1.1.1.1";
/// Template of documents without structure (*XDS-SD*).
pub(super) const XDS_SD: &str = "1.3.6.1.4.1.19376.1.2.20";

/// One rule that a document breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// An element that must be there is not.
    Missing(&'static str),
    /// An element that may be there once is there more than once.
    Repeated(&'static str),
    /// An element that must say something is null or empty.
    Null(&'static str),
    /// An element says something else than it must.
    Wrong(&'static str),
    /// A document of level 1 has other than three templates.
    TemplatesOfLevel1(usize),
    /// The INS stands without one of its five traits.
    Trait(IdentityTrait),
}

impl Finding {
    /// The code with which a message that carries the document is answered: 905 for a trait, else 906.
    // MSS #64
    #[must_use]
    pub fn error_code(self) -> u16 {
        if matches!(self, Self::Trait(_)) { 905 } else { 906 }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(what) => write!(f, "{what} is missing"),
            Self::Repeated(what) => write!(f, "{what} is there more than once"),
            Self::Null(what) => write!(f, "{what} says nothing"),
            Self::Wrong(what) => write!(f, "{what} does not have the value that it must"),
            Self::TemplatesOfLevel1(found) => {
                write!(f, "a document without structure has three templates, not {found}")
            }
            Self::Trait(which) => write!(f, "the INS stands without the trait: {which}"),
        }
    }
}

/// Checks a document's header against the rules.
///
/// # Errors
/// [`CdaError`]: it is no CDA, so there is nothing to check.
pub fn check(octets: &[u8]) -> Result<Vec<Finding>, CdaError> {
    let text = xml::decode(octets)?;
    let document = xml::parse(&text)?;
    let root = document.root_element();
    let mut found = Findings { root, list: Vec::new() };
    found.once_each();
    found.templates();
    found.participants();
    found.context();
    found.identity(&read::header(root));
    found.body();
    Ok(found.list)
}

/// What must stand exactly once, and the attribute in which it says something.
const ONCE: [(&str, Option<&str>); 15] = [
    ("realmCode", Some("code")),
    ("typeId", Some("root")),
    ("id", Some("root")),
    ("code", Some("code")),
    ("title", None),
    ("effectiveTime", Some("value")),
    ("confidentialityCode", Some("code")),
    ("languageCode", Some("code")),
    ("setId", Some("root")),
    ("versionNumber", Some("value")),
    ("recordTarget", None),
    ("custodian", None),
    ("legalAuthenticator", None),
    ("componentOf", None),
    ("component", None),
];

struct Findings<'a, 'i> {
    root: Node<'a, 'i>,
    list: Vec<Finding>,
}

impl<'a, 'i> Findings<'a, 'i> {
    fn all(&self, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> + use<'a, 'i> {
        self.root.children().filter(move |node| xml::is(*node, name))
    }

    fn demand(&mut self, holds: bool, finding: Finding) {
        if !holds {
            self.list.push(finding);
        }
    }

    fn at_most_once(&mut self, count: usize, name: &'static str) {
        self.demand(count <= 1, Finding::Repeated(name));
    }

    // MSS #62
    fn once_each(&mut self) {
        for (name, says) in ONCE {
            let count = self.all(name).count();
            let Some(node) = self.all(name).next() else {
                self.list.push(Finding::Missing(name));
                continue;
            };
            self.at_most_once(count, name);
            let null = attribute(node, "nullFlavor").is_some();
            let empty = match says {
                Some(says) => attribute(node, says).is_none(),
                None => {
                    xml::text(node).is_none() && !node.children().any(|child| child.is_element())
                }
            };
            self.demand(!null && !empty, Finding::Null(name));
        }
        let is = |name, says, value| {
            child(self.root, name)
                .is_none_or(|node| attribute(node, says).is_none_or(|is| is == value))
        };
        let realm = is("realmCode", "code", "FR");
        let kind = is("typeId", "root", TYPE_ID.0) && is("typeId", "extension", TYPE_ID.1);
        let version = child(self.root, "versionNumber")
            .and_then(|node| attribute(node, "value"))
            .is_none_or(|value| value.parse::<u32>().is_ok_and(|version| version > 0));
        self.demand(realm, Finding::Wrong("realmCode"));
        self.demand(kind, Finding::Wrong("typeId"));
        self.demand(version, Finding::Wrong("versionNumber"));
    }

    // MSS #62
    // MSS #63
    fn templates(&mut self) {
        let count = |root: &str| {
            self.all("templateId").filter(|node| attribute(*node, "root") == Some(root)).count()
        };
        let (france, framework, xds_sd) = (count(HL7_FRANCE), count(CI_SIS), count(XDS_SD));
        let total = self.all("templateId").count();
        for (count, name) in
            [(france, "templateId of HL7 France"), (framework, "templateId of the CI-SIS")]
        {
            self.demand(count > 0, Finding::Missing(name));
            self.at_most_once(count, name);
        }
        if at(self.root, &["component", "nonXMLBody"]).is_some() {
            self.demand(total == 3, Finding::TemplatesOfLevel1(total));
            self.demand(xds_sd > 0, Finding::Missing("templateId of XDS-SD"));
        } else {
            self.demand(total > 2, Finding::Missing("templateId of the document's model"));
        }
    }

    // MSS #62
    fn participants(&mut self) {
        let authors = self.all("author").count();
        self.demand(authors > 0, Finding::Missing("author"));
        let patient = at(self.root, &["recordTarget", "patientRole"]);
        if child(self.root, "recordTarget").is_some() {
            self.demand(patient.is_some(), Finding::Missing("recordTarget/patientRole"));
        }
        let signed = child(self.root, "legalAuthenticator").is_none_or(|node| {
            child(node, "signatureCode").is_some_and(|code| attribute(code, "code") == Some("S"))
        });
        self.demand(signed, Finding::Wrong("legalAuthenticator/signatureCode"));
        let (enterers, replaced) = (
            self.all("dataEnterer").count(),
            self.all("relatedDocument")
                .filter(|node| attribute(*node, "typeCode") == Some("RPLC"))
                .count(),
        );
        self.at_most_once(enterers, "dataEnterer");
        self.at_most_once(replaced, "relatedDocument RPLC");
    }

    // MSS #62
    fn context(&mut self) {
        if child(self.root, "componentOf").is_some() {
            let encounter = at(self.root, &["componentOf", "encompassingEncounter"]).is_some();
            self.demand(encounter, Finding::Missing("componentOf/encompassingEncounter"));
        }
        let Some(first) = child(self.root, "documentationOf") else {
            self.list.push(Finding::Missing("documentationOf"));
            return;
        };
        let Some(event) = child(first, "serviceEvent") else {
            self.list.push(Finding::Missing("documentationOf/serviceEvent"));
            return;
        };
        let performers = event.children().filter(|node| xml::is(*node, "performer")).count();
        self.demand(performers > 0, Finding::Missing("serviceEvent/performer"));
        self.at_most_once(performers, "serviceEvent/performer");
        let time = child(event, "effectiveTime").is_some();
        self.demand(time, Finding::Missing("serviceEvent/effectiveTime"));
    }

    // MSS #64
    fn identity(&mut self, header: &Header) {
        let patient = &header.patient;
        if !patient.ids.iter().any(|id| id.root.parse::<InsOid>().is_ok()) {
            return;
        }
        if let Err(missing) = patient.traits() {
            self.list.extend(missing.0.into_iter().map(Finding::Trait));
        }
    }

    // MSS #62
    fn body(&mut self) {
        let Some(component) = child(self.root, "component") else { return };
        if child(component, "structuredBody").is_some() {
            return;
        }
        let Some(text) = at(component, &["nonXMLBody", "text"]) else {
            self.list.push(Finding::Missing("component/nonXMLBody/text"));
            return;
        };
        let allowed = attribute(text, "mediaType")
            .is_some_and(|media_type| super::write::MEDIA_TYPES.contains(&media_type));
        self.demand(allowed, Finding::Wrong("nonXMLBody/text mediaType"));
        let base64 = attribute(text, "representation") == Some("B64");
        self.demand(base64, Finding::Wrong("nonXMLBody/text representation"));
    }
}
