//! Reports read back by another parser, and their text in both languages word for word.

use domain::Verdict;
use mail_parser::{MessageParser, MimeHeaders, PartType};

use super::super::envelope::OriginalRecipient;
use super::super::outcome::Reason;
use super::super::reply::ReplyReader;
use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn reply(text: &str) -> Reply {
    let mut reader = ReplyReader::default();
    reader.push(format!("{text}\r\n").as_bytes()).unwrap();
    reader.next().unwrap().unwrap().reply()
}

fn recipient(address: &str, event: Event) -> RecipientReport {
    let original = OriginalRecipient::new("rfc822", "alias@b.fr").unwrap();
    RecipientReport {
        recipient: Recipient::new(address.parse().unwrap(), None, Some(original)),
        label: None,
        event,
        remote_mta: Some("mx.b.fr".to_owned()),
        last_attempt: Some(at("2026-07-26T08:20:00Z")),
    }
}

fn refused(address: &str, answer: &str) -> RecipientReport {
    recipient(address, Event::Failed(Problem::answered(reply(answer))))
}

fn dsn(recipients: Vec<RecipientReport>) -> Dsn {
    Dsn {
        token: 0xabc,
        reporting_mta: "mta.a.fr".parse().unwrap(),
        from: "postmaster@a.fr".parse().unwrap(),
        to: "marie@a.fr".parse().unwrap(),
        reader: Reader::Professional,
        zone: TimeZone::get("Europe/Paris").unwrap(),
        now: at("2026-07-26T08:21:00Z"),
        original: Original {
            message_id: Some("<1@a.fr>".to_owned()),
            size: 100,
            eight_bit: false,
            utf8_headers: false,
            ret: None,
            envelope_id: Some(EnvelopeId::new("Q=1").unwrap()),
            accepted_at: at("2026-07-26T08:15:00Z"),
        },
        recipients,
    }
}

fn whole(dsn: &Dsn, original: &str) -> Vec<u8> {
    let message = dsn.write();
    [message.head.as_slice(), original.as_bytes(), message.tail.as_slice()].concat()
}

fn text_of(dsn: &Dsn) -> String {
    let octets = whole(dsn, "Subject: x\r\n");
    let message = MessageParser::default().parse(&octets).unwrap();
    message.body_text(0).unwrap().replace("\r\n", "\n")
}

/// The second part, as it stands.
fn status_part(dsn: &Dsn) -> String {
    let text = String::from_utf8(whole(dsn, "Subject: x\r\n")).unwrap();
    let (_, part) = text.split_once("message/delivery-status\r\n\r\n").unwrap();
    part.split_once("\r\n\r\n--").unwrap().0.to_owned()
}

#[test]
fn a_failure_in_both_languages() {
    let text = text_of(&dsn(vec![refused("jean@b.fr", "550 5.1.1 No such user")]));
    assert_eq!(
        text,
        "Votre message du 26/07/2026 à 10:15 n'a pas été distribué à :\n\
         \n    jean@b.fr\
         \n    Message non distribué : aucune boîte ne reçoit de messages à cette adresse.\
         \n    Vérifiez l'adresse, ou joignez votre correspondant par un autre moyen.\
         \n    Réponse du serveur mx.b.fr : 550 5.1.1 No such user\n\
         \nCet avis est envoyé automatiquement ; il n'attend pas de réponse.\n\
         \n----- English -----\n\
         \nYour message of 26 July 2026 at 10:15 has not been delivered to:\n\
         \n    jean@b.fr\
         \n    Message not delivered: no mailbox receives messages at this address.\
         \n    Check the address, or reach the other person in another way.\
         \n    Answer of the server mx.b.fr: 550 5.1.1 No such user\n\
         \nThis notice is sent automatically; it expects no answer.\n"
    );
}

#[test]
fn a_delay_for_a_citizen_quotes_no_server_and_shows_the_label() {
    let problem = Problem::answered(reply("450 4.4.1 relay mx7 down"));
    let event = Event::Delayed { problem, retried_until: at("2026-07-31T08:15:00Z") };
    let late =
        RecipientReport { label: Some("Dr Martin".to_owned()), ..recipient("jean@b.fr", event) };
    let text = text_of(&Dsn { reader: Reader::Citizen, ..dsn(vec![late]) });
    let (french, english) = text.split_once("\n----- English -----\n\n").unwrap();
    assert_eq!(
        french,
        "Votre message du 26/07/2026 à 10:15 n'est pas encore remis à :\n\
         \n    Dr Martin\
         \n    Votre message attend encore, car la messagerie du destinataire ne répond pas en ce moment.\
         \n    Nous réessayons jusqu'au 31/07/2026 à 10:15. Vous n'avez rien à faire.\n\
         \nCet avis est envoyé automatiquement ; il n'attend pas de réponse.\n"
    );
    assert_eq!(
        english,
        "Your message of 26 July 2026 at 10:15 is not delivered yet to:\n\
         \n    Dr Martin\
         \n    Your message is still waiting, because the recipient's mail service does not answer just now.\
         \n    We keep trying until 31 July 2026 at 10:15. There is nothing for you to do.\n\
         \nThis notice is sent automatically; it expects no answer.\n"
    );
    assert!(!text.contains("jean@b.fr") && !text.contains("mx7"));
}

// MSS #46
#[test]
fn a_report_for_a_citizen_has_no_address_in_any_part() {
    for label in [Some("Hôpital, cardiologie"), None] {
        let refused = refused("jean@b.fr", "550 5.1.1 <jean@b.fr> unknown");
        let report = RecipientReport { label: label.map(str::to_owned), ..refused };
        let mut dsn = Dsn { reader: Reader::Citizen, ..dsn(vec![report]) };
        (dsn.original.ret, dsn.original.utf8_headers) = (Some(Ret::Full), true);
        assert_eq!(dsn.returned(), Returned::Nothing);
        let octets = whole(&dsn, "");
        let text = String::from_utf8(octets.clone()).unwrap();
        assert!(!text.contains("jean") && !text.contains("alias"), "{text}");
        let message = MessageParser::default().parse(&octets).unwrap();
        // The whole, the text, the fields.
        assert_eq!(message.parts.len(), 3);
        assert_eq!(message.in_reply_to().as_text(), Some("1@a.fr"), "it says which message");
        let written = if label.is_some() { r"H\x{F4}pital,\x{20}cardiologie" } else { "unknown" };
        let field = format!("Final-Recipient: x-pli-label;{written}\r\nAction: failed\r\n");
        assert!(text.contains(&field), "{text}");
        assert!(text.contains("Diagnostic-Code: smtp; 550 5.1.1\r\n"), "{text}");
    }
}

#[test]
fn an_expired_message_says_what_was_wrong_last() {
    let problem = Problem::new(Reason::Verdict(Verdict::CertificateRevoked)).expired();
    let expired = dsn(vec![recipient("jean@b.fr", Event::Failed(problem))]);
    let text = text_of(&expired);
    assert!(text.contains("Le message n'a pas pu être remis dans le délai prévu."), "{text}");
    assert!(text.contains("Au dernier essai : Le certificat de l'autre opérateur a été révoqué."));
    let fields = status_part(&expired);
    assert!(fields.contains("Status: 5.4.7\r\nRemote-MTA: dns; mx.b.fr\r\n"), "{fields}");
    assert!(fields.contains("Diagnostic-Code: x-pli; certificate-revoked\r\n"), "{fields}");
}

// MSS #35
#[test]
fn unknown_closed_and_malformed_are_three_texts_under_one_subject() {
    let mut texts = std::collections::BTreeSet::new();
    for (status, answer) in
        [("5.1.1", "550 5.1.1 no"), ("5.2.1", "550 5.2.1 no"), ("5.1.3", "553 5.1.3 no")]
    {
        let dsn = dsn(vec![refused("jean@b.fr", answer)]);
        let octets = whole(&dsn, "Subject: x\r\n");
        let message = MessageParser::default().parse(&octets).unwrap();
        assert_eq!(message.subject(), Some("Message non distribué"));
        assert!(status_part(&dsn).contains(&format!("Status: {status}\r\n")));
        let sentence = text_of(&dsn).lines().nth(3).unwrap().to_owned();
        assert!(sentence.contains("Message non distribué : "), "{sentence}");
        texts.insert(sentence);
    }
    assert_eq!(texts.len(), 3);
}

#[test]
fn the_whole_is_a_report_that_others_read() {
    let dsn = dsn(vec![
        refused("jean@b.fr", "550 5.1.1 No such user"),
        recipient("paul@b.fr", Event::Relayed { reply: reply("250 2.0.0 queued") }),
    ]);
    let octets = whole(&dsn, "Subject: secret\r\nFrom: marie@a.fr\r\n");
    assert!(octets.is_ascii());
    let message = MessageParser::default().parse(&octets).unwrap();
    let content = message.content_type().unwrap();
    assert_eq!((content.ctype(), content.subtype()), ("multipart", Some("report")));
    assert_eq!(content.attribute("report-type"), Some("delivery-status"));
    assert_eq!(message.header_raw("Auto-Submitted").map(str::trim), Some("auto-replied"));
    assert_eq!(message.from().unwrap().first().unwrap().address(), Some("postmaster@a.fr"));
    assert_eq!(message.to().unwrap().first().unwrap().address(), Some("marie@a.fr"));
    assert_eq!(message.in_reply_to().as_text(), Some("1@a.fr"));
    assert_eq!(message.date().unwrap().to_rfc3339(), "2026-07-26T08:21:00Z");
    assert_eq!(message.parts.len(), 4);
    assert_eq!(message.part(2).unwrap().content_type().unwrap().subtype(), Some("delivery-status"));
    let returned = message.part(3).unwrap();
    assert_eq!(returned.content_type().unwrap().subtype(), Some("rfc822-headers"));
    assert!(matches!(&returned.body, PartType::Text(text) if text.starts_with("Subject: secret")));
    assert_eq!(
        status_part(&dsn),
        "Original-Envelope-Id: Q=1\r\n\
         Reporting-MTA: dns; mta.a.fr\r\n\
         Arrival-Date: Sun, 26 Jul 2026 08:15:00 +0000\r\n\
         \r\n\
         Original-Recipient: rfc822;alias@b.fr\r\n\
         Final-Recipient: rfc822;jean@b.fr\r\n\
         Action: failed\r\n\
         Status: 5.1.1\r\n\
         Remote-MTA: dns; mx.b.fr\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 No such user\r\n\
         Last-Attempt-Date: Sun, 26 Jul 2026 08:20:00 +0000\r\n\
         \r\n\
         Original-Recipient: rfc822;alias@b.fr\r\n\
         Final-Recipient: rfc822;paul@b.fr\r\n\
         Action: relayed\r\n\
         Status: 2.0.0\r\n\
         Remote-MTA: dns; mx.b.fr\r\n\
         Diagnostic-Code: smtp; 250 2.0.0 queued\r\n\
         Last-Attempt-Date: Sun, 26 Jul 2026 08:20:00 +0000"
    );
}

#[test]
fn what_is_given_back() {
    let failed = || vec![refused("jean@b.fr", "550 5.1.1 no")];
    let with = |ret, size, recipients| {
        let mut dsn = dsn(recipients);
        (dsn.original.ret, dsn.original.size, dsn.original.eight_bit) = (ret, size, true);
        (dsn.returned(), dsn.write().facts(0).eight_bit)
    };
    let full = Some(Ret::Full);
    assert_eq!(with(full, MAX_RETURNED, failed()), (Returned::FullMessage, true));
    assert_eq!(with(full, MAX_RETURNED + 1, failed()), (Returned::HeaderSection, false));
    assert_eq!(with(Some(Ret::Headers), 1, failed()), (Returned::HeaderSection, false));
    assert_eq!(with(None, 1, failed()), (Returned::HeaderSection, false));
    let delivered = vec![recipient("jean@b.fr", Event::Delivered)];
    assert_eq!(with(full, 1, delivered), (Returned::HeaderSection, false));

    let mut dsn = dsn(failed());
    dsn.original.ret = full;
    let octets = whole(&dsn, "Subject: inner\r\n\r\nbody\r\n");
    let message = MessageParser::default().parse(&octets).unwrap();
    assert!(
        matches!(&message.part(3).unwrap().body, PartType::Message(inner) if inner.subject() == Some("inner"))
    );
}

#[test]
fn nothing_of_a_peer_or_a_sender_breaks_a_field() {
    let mut dsn = dsn(vec![refused("hélène@b.fr", "550 Bcc: x\u{b}\u{85}é \u{202e}evil")]);
    dsn.original.message_id = Some("<a>\r\nBcc: x".to_owned());
    dsn.recipients[0].remote_mta = Some("mx\r\nBcc: x".to_owned());
    let octets = whole(&dsn, "Subject: x\r\n");
    let text = String::from_utf8(octets).unwrap();
    assert!(
        text.is_ascii() && !text.contains("\r\nBcc") && !text.contains("In-Reply-To"),
        "{text}"
    );
    let fields = status_part(&dsn);
    assert!(fields.contains(r"Final-Recipient: utf-8;h\x{E9}l\x{E8}ne@b.fr"), "{fields}");
    assert!(fields.contains("Diagnostic-Code: smtp; 550 Bcc: x??? ?evil"), "{fields}");
    assert!(!fields.contains("Remote-MTA"));
}

#[test]
fn every_cause_has_words_without_jargon_for_citizens() {
    let reasons = [
        Reason::PeerRefused,
        Reason::PeerDeferred,
        Reason::NullMx,
        Reason::TlsFailed,
        Reason::OwnCertificateRefused,
        Reason::InjectedBeforeTls,
        Reason::ProtocolError,
        Reason::PeerWithout8BitMime,
    ];
    for reason in reasons {
        let event = Event::Failed(Problem::new(reason));
        let text =
            text_of(&Dsn { reader: Reader::Citizen, ..dsn(vec![recipient("j@b.fr", event)]) });
        for word in ["SMTP", "TLS", "serveur", "server", "certificat", "{"] {
            assert!(!text.contains(word), "{reason:?}: {text}");
        }
    }
}

#[test]
fn who_gets_a_report() {
    let success = Some(Notify { success: true, ..Notify::NEVER });
    for (notify, asked) in [
        (None, [true, true, false, false]),
        (Some(Notify::NEVER), [false; 4]),
        (success, [false, false, true, true]),
    ] {
        assert_eq!(Action::ALL.map(|action| is_asked(notify, action)), asked);
    }
}
