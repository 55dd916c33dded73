//! Writing a document of level 1: a header made of values, and one file as the body.
//!
//! Invariant: what is written passes [`super::check`] and reads back equal (white space single, and
//! characters that XML cannot carry left out).
//! Failure: [`WriteError`], before anything is written.

use super::check::{CI_SIS, HL7_FRANCE, TYPE_ID, XDS_SD};
use super::{Agent, Code, Id, Interval, Organisation, Participant, Person, Related, Time};
use crate::value_sets::Confidentiality;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::{IdentityTraits, InsReading};
use jiff::Zoned;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use std::borrow::Cow;
use std::io;

/// The media types that a body of level 1 may have.
pub const MEDIA_TYPES: [&str; 5] =
    ["application/pdf", "text/plain", "text/rtf", "image/jpeg", "image/tiff"];

/// Why a document is not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The media type is none of [`MEDIA_TYPES`].
    #[error("the body's media type is not one that a document of level 1 may have")]
    MediaType,
    /// The body has no octets, or more than a document may have.
    #[error("the body is empty or too large")]
    Size,
    /// A value without which the document breaks the rules is empty.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// The writer failed.
    #[error("the document cannot be written")]
    Output,
}

/// A document of level 1, to be written.
#[derive(Clone)]
pub struct Level1 {
    /// The document's id.
    pub id: Id,
    /// What all its versions share.
    pub set_id: Id,
    /// Its version, from 1.
    pub version: u32,
    /// Its type (*JDV_J07*).
    pub code: Code,
    /// Its title.
    pub title: String,
    /// When it was made.
    pub time: Zoned,
    /// Its confidentiality.
    pub confidentiality: Confidentiality,
    /// Its language (`fr-FR`).
    pub language: String,
    /// The patient's INS.
    pub ins: InsReading,
    /// The patient's identity traits.
    pub traits: IdentityTraits,
    /// Numbers of the patient beside the INS.
    pub local_ids: Vec<Id>,
    /// The author, a person or a device, with organisation. Its time is the document's where it has none.
    pub author: Participant,
    /// Who keeps the original.
    pub custodian: Organisation,
    /// Who answers for it; none: the author.
    pub legal_authenticator: Option<Participant>,
    /// What it documents.
    pub act: Code,
    /// When that happened; without a beginning, the document's time.
    pub act_time: Interval,
    /// The kind of facility (*JDV_J02*).
    pub facility: Code,
    /// The document that it replaces.
    pub replaces: Option<Related>,
    /// The media type of the body.
    pub media_type: String,
    /// The body.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Level1 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Level1").field("octets", &self.body.len()).finish_non_exhaustive()
    }
}

impl Level1 {
    /// The document, in UTF-8.
    ///
    /// # Errors
    /// [`WriteError`].
    // MSS #53
    // MSS #62
    // MSS #63
    pub fn to_xml(&self) -> Result<Vec<u8>, WriteError> {
        if !MEDIA_TYPES.contains(&self.media_type.as_str()) {
            return Err(WriteError::MediaType);
        }
        // Base64 makes four octets of three; the header is small beside the rest.
        if self.body.is_empty() || self.body.len() > super::MAX_DOCUMENT / 2 {
            return Err(WriteError::Size);
        }
        for (value, name) in [
            (&self.id.root, "id"),
            (&self.set_id.root, "setId"),
            (&self.code.code, "code"),
            (&self.title, "title"),
            (&self.language, "languageCode"),
            (&self.act.code, "serviceEvent/code"),
            (&self.facility.code, "healthCareFacility/code"),
        ] {
            if clean(value).trim().is_empty() {
                return Err(WriteError::Missing(name));
            }
        }
        if self.version == 0 {
            return Err(WriteError::Missing("versionNumber"));
        }
        if self.replaces.as_ref().is_some_and(|replaced| replaced.ids.is_empty()) {
            return Err(WriteError::Missing("parentDocument/id"));
        }
        let mut out = Out(Writer::new(Vec::with_capacity(self.body.len() / 3 * 4 + 16 * 1024)));
        self.document(&mut out).map_err(|_| WriteError::Output)?;
        Ok(out.0.into_inner())
    }

    fn document(&self, out: &mut Out) -> io::Result<()> {
        out.0.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        out.element("ClinicalDocument", &[("xmlns", Some(super::xml::NAMESPACE))], |out| {
            out.value("realmCode", "code", "FR")?;
            out.empty("typeId", &[("root", Some(TYPE_ID.0)), ("extension", Some(TYPE_ID.1))])?;
            for template in [HL7_FRANCE, CI_SIS, XDS_SD] {
                out.value("templateId", "root", template)?;
            }
            out.id("id", &self.id)?;
            out.code("code", &self.code)?;
            out.text("title", &self.title)?;
            out.value("effectiveTime", "value", &self.stamp())?;
            let level = self.confidentiality;
            let label = level.label().fr;
            out.code("confidentialityCode", &Code::new(level.code(), level.system(), label))?;
            out.value("languageCode", "code", &self.language)?;
            out.id("setId", &self.set_id)?;
            out.value("versionNumber", "value", &self.version.to_string())?;
            self.patient(out)?;
            self.author(out)?;
            self.custodian(out)?;
            self.legal_authenticator(out)?;
            self.event(out)?;
            self.replaced(out)?;
            self.encounter(out)?;
            self.component(out)
        })
    }

    /// The document's time as HL7 writes it.
    fn stamp(&self) -> String {
        self.time.strftime("%Y%m%d%H%M%S%z").to_string()
    }

    fn patient(&self, out: &mut Out) -> io::Result<()> {
        let traits = &self.traits;
        out.nested(&["recordTarget", "patientRole"], |out| {
            let oid = self.ins.oid();
            let ins = Id { root: oid.to_string(), extension: Some(self.ins.as_str().to_owned()) };
            out.id("id", &ins)?;
            out.ids(&self.local_ids)?;
            out.empty("addr", NOT_KNOWN)?;
            out.empty("telecom", NOT_KNOWN)?;
            out.element("patient", &[("classCode", Some("PSN"))], |out| {
                out.nested(&["name"], |out| {
                    let birth = &[("qualifier", Some("BR"))];
                    out.text_with("family", birth, traits.birth_name().as_str())?;
                    out.text("given", traits.given_names().as_str())?;
                    out.text_with("given", birth, traits.first_given_name().as_str())
                })?;
                let sex = [
                    ("code", Some(traits.sex().code())),
                    ("codeSystem", Some("2.16.840.1.113883.5.1")),
                ];
                out.empty("administrativeGenderCode", &sex)?;
                let day = traits.birth_date().strftime("%Y%m%d").to_string();
                out.value("birthTime", "value", &day)?;
                out.nested(&["birthplace", "place", "addr"], |out| {
                    out.text("county", traits.birth_place().as_str())
                })
            })
        })
    }

    fn author(&self, out: &mut Out) -> io::Result<()> {
        out.nested(&["author"], |out| {
            if let Some(function) = &self.author.function {
                out.code("functionCode", function)?;
            }
            self.time_of(&self.author, out)?;
            out.nested(&["assignedAuthor"], |out| out.role(&self.author))
        })
    }

    fn time_of(&self, participant: &Participant, out: &mut Out) -> io::Result<()> {
        let stamp = self.stamp();
        out.value("time", "value", participant.time.as_ref().map_or(&stamp, Time::as_str))
    }

    fn custodian(&self, out: &mut Out) -> io::Result<()> {
        let path = ["custodian", "assignedCustodian", "representedCustodianOrganization"];
        out.nested(&path, |out| {
            out.ids(&self.custodian.ids)?;
            out.text("name", self.custodian.name.as_deref().unwrap_or_default())?;
            out.empty("telecom", NOT_KNOWN)?;
            out.empty("addr", NOT_KNOWN)
        })
    }

    /// Who answers for the document: the author, where nobody else does.
    fn authenticator(&self) -> Cow<'_, Participant> {
        match &self.legal_authenticator {
            Some(other) => Cow::Borrowed(other),
            None => {
                let mut author = self.author.clone();
                // A device signs nothing: its organisation does.
                if matches!(author.agent, Some(Agent::Device { .. })) {
                    author.agent = None;
                }
                Cow::Owned(author)
            }
        }
    }

    fn legal_authenticator(&self, out: &mut Out) -> io::Result<()> {
        let who = self.authenticator();
        out.nested(&["legalAuthenticator"], |out| {
            self.time_of(&who, out)?;
            out.value("signatureCode", "code", "S")?;
            out.nested(&["assignedEntity"], |out| out.role(&who))
        })
    }

    fn event(&self, out: &mut Out) -> io::Result<()> {
        let who = self.authenticator();
        out.nested(&["documentationOf", "serviceEvent"], |out| {
            out.code("code", &self.act)?;
            self.act_time(out)?;
            out.element("performer", &[("typeCode", Some("PRF"))], |out| {
                out.nested(&["assignedEntity"], |out| out.role(&who))
            })
        })
    }

    fn act_time(&self, out: &mut Out) -> io::Result<()> {
        let stamp = self.stamp();
        out.nested(&["effectiveTime"], |out| {
            let low = self.act_time.low.as_ref().map_or(&*stamp, Time::as_str);
            out.value("low", "value", low)?;
            match &self.act_time.high {
                Some(high) => out.value("high", "value", high.as_str()),
                None => Ok(()),
            }
        })
    }

    // MSS #65
    fn replaced(&self, out: &mut Out) -> io::Result<()> {
        let Some(replaced) = &self.replaces else { return Ok(()) };
        out.element("relatedDocument", &[("typeCode", Some("RPLC"))], |out| {
            out.nested(&["parentDocument"], |out| {
                out.ids(&replaced.ids)?;
                if let Some(set_id) = &replaced.set_id {
                    out.id("setId", set_id)?;
                }
                match replaced.version {
                    Some(version) => out.value("versionNumber", "value", &version.to_string()),
                    None => Ok(()),
                }
            })
        })
    }

    fn encounter(&self, out: &mut Out) -> io::Result<()> {
        out.nested(&["componentOf", "encompassingEncounter"], |out| {
            self.act_time(out)?;
            out.nested(&["location", "healthCareFacility"], |out| {
                out.ids(&self.custodian.ids)?;
                out.code("code", &self.facility)
            })
        })
    }

    fn component(&self, out: &mut Out) -> io::Result<()> {
        out.nested(&["component", "nonXMLBody"], |out| {
            let attributes =
                [("mediaType", Some(self.media_type.as_str())), ("representation", Some("B64"))];
            out.text_with("text", &attributes, &STANDARD.encode(&self.body))
        })
    }
}

type Attributes<'a> = [(&'a str, Option<&'a str>)];

/// An address that nobody asked for.
const NOT_KNOWN: &Attributes<'static> = &[("nullFlavor", Some("NASK"))];

/// Text without the characters that XML 1.0 cannot carry.
fn clean(text: &str) -> Cow<'_, str> {
    let unfit = |c: char| {
        (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{FFFE}' | '\u{FFFF}')
    };
    if text.contains(unfit) { text.replace(unfit, "").into() } else { text.into() }
}

struct Out(Writer<Vec<u8>>);

impl Out {
    fn element(
        &mut self,
        name: &str,
        attributes: &Attributes<'_>,
        inner: impl FnOnce(&mut Self) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut start = quick_xml::events::BytesStart::new(name);
        push(&mut start, attributes);
        self.0.write_event(Event::Start(start))?;
        inner(self)?;
        self.0.write_event(Event::End(quick_xml::events::BytesEnd::new(name)))
    }

    /// Elements inside each other, and what is in the innermost.
    fn nested(
        &mut self,
        path: &[&str],
        inner: impl FnOnce(&mut Self) -> io::Result<()>,
    ) -> io::Result<()> {
        for name in path {
            self.0.write_event(Event::Start(quick_xml::events::BytesStart::new(*name)))?;
        }
        inner(self)?;
        for name in path.iter().rev() {
            self.0.write_event(Event::End(quick_xml::events::BytesEnd::new(*name)))?;
        }
        Ok(())
    }

    fn empty(&mut self, name: &str, attributes: &Attributes<'_>) -> io::Result<()> {
        let mut start = quick_xml::events::BytesStart::new(name);
        push(&mut start, attributes);
        self.0.write_event(Event::Empty(start))
    }

    fn value(&mut self, name: &str, attribute: &str, value: &str) -> io::Result<()> {
        self.empty(name, &[(attribute, Some(value))])
    }

    fn text(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.text_with(name, &[], text)
    }

    fn text_with(&mut self, name: &str, attributes: &Attributes<'_>, text: &str) -> io::Result<()> {
        self.element(name, attributes, |out| {
            out.0.write_event(Event::Text(BytesText::new(&clean(text))))
        })
    }

    fn id(&mut self, name: &str, id: &Id) -> io::Result<()> {
        self.empty(name, &[("root", Some(&id.root)), ("extension", id.extension.as_deref())])
    }

    fn ids(&mut self, ids: &[Id]) -> io::Result<()> {
        ids.iter().try_for_each(|id| self.id("id", id))
    }

    fn code(&mut self, name: &str, code: &Code) -> io::Result<()> {
        let attributes = [
            ("code", Some(code.code.as_str())),
            ("displayName", code.label.as_deref()),
            ("codeSystem", code.system.as_deref()),
        ];
        self.empty(name, &attributes)
    }

    /// What stands inside `assignedAuthor` and `assignedEntity`.
    fn role(&mut self, who: &Participant) -> io::Result<()> {
        if who.ids.is_empty() {
            self.empty("id", &[("nullFlavor", Some("UNK"))])?;
        }
        self.ids(&who.ids)?;
        if let Some(code) = &who.code {
            self.code("code", code)?;
        }
        self.empty("addr", NOT_KNOWN)?;
        self.empty("telecom", NOT_KNOWN)?;
        match &who.agent {
            Some(Agent::Person(person)) => {
                self.nested(&["assignedPerson"], |out| out.name(person))?
            }
            Some(Agent::Device { model, software }) => {
                self.nested(&["assignedAuthoringDevice"], |out| {
                    out.optional("manufacturerModelName", model.as_deref())?;
                    out.optional("softwareName", software.as_deref())
                })?;
            }
            None => {}
        }
        let Some(organisation) = &who.organisation else { return Ok(()) };
        self.nested(&["representedOrganization"], |out| {
            out.ids(&organisation.ids)?;
            out.optional("name", organisation.name.as_deref())?;
            match &organisation.setting {
                Some(setting) => out.code("standardIndustryClassCode", setting),
                None => Ok(()),
            }
        })
    }

    fn name(&mut self, person: &Person) -> io::Result<()> {
        self.nested(&["name"], |out| {
            out.optional("prefix", person.prefix.as_deref())?;
            out.optional("given", person.given.as_deref())?;
            out.optional("family", person.family.as_deref())?;
            out.optional("suffix", person.suffix.as_deref())
        })
    }

    fn optional(&mut self, name: &str, text: Option<&str>) -> io::Result<()> {
        text.map_or(Ok(()), |text| self.text(name, text))
    }
}

fn push(start: &mut quick_xml::events::BytesStart<'_>, attributes: &Attributes<'_>) {
    for (name, value) in attributes {
        if let Some(value) = value {
            start.push_attribute((*name, &*clean(value)));
        }
    }
}
