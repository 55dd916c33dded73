//! The targets by subject. Each reads the same octets in each run: what it needs of the world is made
//! from constants.

mod delivery;
mod documents;
mod imap;
mod message;
mod publication;
mod smtp;
mod store;
mod trust;
mod values;

use crate::Target;

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "address", run: values::address, words: values::ADDRESS_WORDS },
    Target { name: "dn", run: values::dn, words: values::DN_WORDS },
    Target { name: "identity", run: values::identity, words: values::IDENTITY_WORDS },
    Target { name: "smtp_command", run: smtp::command, words: smtp::WORDS },
    Target { name: "smtp_framing", run: smtp::framing, words: smtp::WORDS },
    Target { name: "smtp_server", run: smtp::server, words: smtp::WORDS },
    Target { name: "smtp_client", run: smtp::client, words: smtp::REPLY_WORDS },
    Target { name: "imap_framing", run: imap::framing, words: imap::WORDS },
    Target { name: "imap_grammar", run: imap::grammar, words: imap::WORDS },
    Target { name: "imap_session", run: imap::session, words: imap::WORDS },
    Target { name: "imap_message", run: imap::message, words: message::WORDS },
    Target { name: "message", run: message::scan, words: message::WORDS },
    Target { name: "header", run: message::header, words: message::WORDS },
    Target { name: "text", run: message::text, words: message::WORDS },
    Target { name: "html", run: message::html, words: message::HTML_WORDS },
    Target { name: "cda", run: documents::cda, words: documents::CDA_WORDS },
    Target { name: "xdm", run: documents::xdm, words: documents::XDM_WORDS },
    Target { name: "xds", run: documents::xds, words: documents::XDS_WORDS },
    Target { name: "certificate", run: trust::certificate, words: &[] },
    Target { name: "crl", run: trust::crl, words: &[] },
    Target { name: "pem", run: trust::pem, words: trust::PEM_WORDS },
    Target { name: "pkcs12", run: trust::pkcs12, words: &[] },
    Target { name: "domain_list", run: trust::domain_list, words: trust::LIST_WORDS },
    Target { name: "extraction", run: publication::extraction, words: publication::LINE_WORDS },
    Target { name: "exchange", run: publication::exchange, words: publication::JSON_WORDS },
    Target { name: "store", run: store::damaged, words: &[] },
    Target { name: "delivery", run: delivery::deliver, words: message::WORDS },
];
