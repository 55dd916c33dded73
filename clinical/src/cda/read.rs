//! From the tree to a [`Header`].

use super::header::{
    Agent, Body, Encounter, Event, Header, Id, Interval, Organisation, Participant, Patient,
    Person, Related,
};
use super::time::Time;
use super::xml::{at, attribute, child, children, is, text};
use super::{Code, MAX_VALUES};
use roxmltree::Node;

pub(super) fn header(root: Node<'_, '_>) -> Header {
    Header {
        id: child(root, "id").and_then(id),
        set_id: child(root, "setId").and_then(id),
        version: version(root),
        code: child(root, "code").and_then(code),
        title: child(root, "title").and_then(text),
        effective_time: child(root, "effectiveTime").and_then(time),
        confidentiality: child(root, "confidentialityCode").and_then(code),
        language: child(root, "languageCode")
            .and_then(|node| attribute(node, "code"))
            .map(str::to_owned),
        template_ids: ids(root, "templateId"),
        patient: at(root, &["recordTarget", "patientRole"]).map(patient).unwrap_or_default(),
        record_targets: children(root, "recordTarget").count(),
        authors: children(root, "author").map(author).collect(),
        custodian: at(
            root,
            &["custodian", "assignedCustodian", "representedCustodianOrganization"],
        )
        .map(organisation),
        legal_authenticator: child(root, "legalAuthenticator").map(entity),
        related: children(root, "relatedDocument").map(related).collect(),
        events: children(root, "documentationOf")
            .filter_map(|node| child(node, "serviceEvent"))
            .map(event)
            .collect(),
        encounter: at(root, &["componentOf", "encompassingEncounter"]).map(encounter),
        body: body(root),
    }
}

fn id(node: Node<'_, '_>) -> Option<Id> {
    let root = attribute(node, "root")?.to_owned();
    Some(Id { root, extension: attribute(node, "extension").map(str::to_owned) })
}

fn ids(node: Node<'_, '_>, name: &str) -> Vec<Id> {
    children(node, name).filter_map(id).collect()
}

fn version(node: Node<'_, '_>) -> Option<u32> {
    attribute(child(node, "versionNumber")?, "value")?.parse().ok()
}

fn code(node: Node<'_, '_>) -> Option<Code> {
    let own = |name| attribute(node, name).map(str::to_owned);
    Some(Code { code: own("code")?, system: own("codeSystem"), label: own("displayName") })
}

fn time(node: Node<'_, '_>) -> Option<Time> {
    attribute(node, "value").map(Time::read)
}

fn interval(node: Node<'_, '_>) -> Interval {
    let Some(node) = child(node, "effectiveTime") else { return Interval::default() };
    let end = |name| child(node, name).and_then(time);
    Interval { low: end("low").or_else(|| time(node)), high: end("high") }
}

fn patient(role: Node<'_, '_>) -> Patient {
    let ids = ids(role, "id");
    let Some(person) = child(role, "patient") else {
        return Patient { ids, ..Patient::default() };
    };
    // A qualifier is a set of codes (`BR CL`); a name may be parted into several elements.
    let part = |element: &str, qualifier: Option<&str>| {
        let parts: Vec<String> = children(person, "name")
            .flat_map(|name| name.children())
            .take(MAX_VALUES)
            .filter(|node| is(*node, element))
            .filter(|node| match (attribute(*node, "qualifier"), qualifier) {
                (Some(own), Some(wanted)) => own.split_whitespace().any(|code| code == wanted),
                (own, wanted) => own.is_none() && wanted.is_none(),
            })
            .filter_map(text)
            .collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    };
    Patient {
        ids,
        birth_name: part("family", Some("BR")),
        given_names: part("given", None),
        first_given_name: part("given", Some("BR")),
        used_name: part("family", Some("CL")).or_else(|| part("family", None)),
        used_given_name: part("given", Some("CL")),
        birth_time: child(person, "birthTime").and_then(time),
        sex: child(person, "administrativeGenderCode")
            .and_then(|node| attribute(node, "code"))
            .map(str::to_owned),
        birth_place: at(person, &["birthplace", "place", "addr", "county"]).and_then(text),
    }
}

fn person(node: Node<'_, '_>) -> Person {
    let Some(name) = child(node, "name") else { return Person::default() };
    let part = |element| {
        let parts: Vec<String> = children(name, element).filter_map(text).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    };
    // A name without parts is one text.
    let family = part("family").or_else(|| {
        let parted = name.children().any(|node| node.is_element());
        (!parted).then(|| text(name)).flatten()
    });
    Person { prefix: part("prefix"), given: part("given"), family, suffix: part("suffix") }
}

fn organisation(node: Node<'_, '_>) -> Organisation {
    Organisation {
        ids: ids(node, "id"),
        name: child(node, "name").and_then(text),
        setting: child(node, "standardIndustryClassCode").and_then(code),
    }
}

/// What the roles of authors and entities have in common.
fn participant(outer: Node<'_, '_>, role: Option<Node<'_, '_>>) -> Participant {
    let when = child(outer, "time");
    let mut found = Participant {
        time: when.and_then(|node| time(node).or_else(|| child(node, "high").and_then(time))),
        function: child(outer, "functionCode").and_then(code),
        signature: child(outer, "signatureCode")
            .and_then(|node| attribute(node, "code"))
            .map(str::to_owned),
        ..Participant::default()
    };
    if let Some(role) = role {
        found.ids = ids(role, "id");
        found.code = child(role, "code").and_then(code);
        found.agent = child(role, "assignedPerson").map(|node| Agent::Person(person(node)));
        found.organisation = child(role, "representedOrganization").map(organisation);
        if let Some(device) = child(role, "assignedAuthoringDevice") {
            let part = |name| child(device, name).and_then(text);
            found.agent = Some(Agent::Device {
                model: part("manufacturerModelName"),
                software: part("softwareName"),
            });
        }
    }
    found
}

fn author(node: Node<'_, '_>) -> Participant {
    participant(node, child(node, "assignedAuthor"))
}

fn entity(node: Node<'_, '_>) -> Participant {
    participant(node, child(node, "assignedEntity"))
}

fn related(node: Node<'_, '_>) -> Related {
    let kind = attribute(node, "typeCode").unwrap_or_default().to_owned();
    match child(node, "parentDocument") {
        Some(parent) => Related {
            kind,
            ids: ids(parent, "id"),
            set_id: child(parent, "setId").and_then(id),
            version: version(parent),
        },
        None => Related { kind, ids: Vec::new(), set_id: None, version: None },
    }
}

fn event(node: Node<'_, '_>) -> Event {
    Event {
        code: child(node, "code").and_then(code),
        time: interval(node),
        performers: children(node, "performer").map(entity).collect(),
    }
}

fn encounter(node: Node<'_, '_>) -> Encounter {
    let facility = at(node, &["location", "healthCareFacility"]);
    let provider = facility.map(|node| {
        let named = |name| child(node, name).and_then(|node| child(node, "name")).and_then(text);
        let name = named("serviceProviderOrganization").or_else(|| named("location"));
        Organisation { ids: ids(node, "id"), name, setting: None }
    });
    Encounter {
        ids: ids(node, "id"),
        code: child(node, "code").and_then(code),
        time: interval(node),
        facility: facility.and_then(|node| child(node, "code")).and_then(code),
        place: provider,
    }
}

fn body(root: Node<'_, '_>) -> Body {
    let Some(component) = child(root, "component") else { return Body::Absent };
    if child(component, "structuredBody").is_some() {
        return Body::Structured;
    }
    match child(component, "nonXMLBody") {
        Some(body) => Body::NonXml(
            child(body, "text").and_then(|text| attribute(text, "mediaType")).map(str::to_owned),
        ),
        None => Body::Absent,
    }
}
