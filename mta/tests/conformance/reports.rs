//! DSN (RFC 3461): what a sender asks of reports.

use mta::wire::params::{Notify, Ret};

use crate::transcript::peer;

/// What a recipient's parameters are read as.
fn rcpt(params: &str) -> mta::wire::params::RcptParams {
    let line = peer(&format!(
        "C: MAIL FROM:<jean@a.fr>\nS: 250 …\nC: RCPT TO:<marie@b.fr> {params}\nS: 250 …\nC: DATA\nS: 354 …\nC: .\nS: 250 …"
    ));
    line.books.kept().remove(0).rcpt.remove(0)
}

fn is_refused(rcpt: &str) -> bool {
    let mut line = peer("C: MAIL FROM:<jean@a.fr>\nS: 250 …");
    line.send(format!("RCPT TO:<marie@b.fr> {rcpt}\r\n").as_bytes()).starts_with("501 ")
}

// RFC 3461 §4
#[test]
fn dsn_is_offered() {
    let mut line = peer("");
    assert!(line.send(b"EHLO a\r\n").contains("250-DSN\r\n"));
}

// RFC 3461 §4.1
#[test]
fn notify_names_events_or_never() {
    let all = Notify { success: true, failure: true, delay: true };
    assert_eq!(rcpt("NOTIFY=SUCCESS,FAILURE,DELAY").notify, Some(all));
    assert_eq!(rcpt("NOTIFY=never").notify, Some(Notify::NEVER));
    for wrong in ["NOTIFY=", "NOTIFY=NEVER,SUCCESS", "NOTIFY=LATER", "NOTIFY=DELAY NOTIFY=DELAY"] {
        assert!(is_refused(wrong), "{wrong}");
    }
}

// RFC 3461 §4.2
#[test]
fn orcpt_is_a_type_and_an_address_in_xtext_of_500_octets_at_most() {
    let original = rcpt("ORCPT=rfc822;marie+2Bx@b.fr").orcpt.unwrap();
    assert_eq!((original.kind(), original.address()), ("rfc822", "marie+x@b.fr"));
    for wrong in ["ORCPT=marie@b.fr", "ORCPT=rfc822;", "ORCPT=rfc822;a+zz"] {
        assert!(is_refused(wrong), "{wrong}");
    }
    assert!(is_refused(&format!("ORCPT=rfc822;{}", "a".repeat(500))));
}

// RFC 6533 §3
#[test]
fn orcpt_of_type_utf_8_is_read_in_its_escaped_form() {
    let original = rcpt(r"ORCPT=utf-8;h\x{E9}l\x{E8}ne@b.fr").orcpt.unwrap();
    assert_eq!((original.kind(), original.address()), ("utf-8", "hélène@b.fr"));
}

// RFC 3461 §4.3
#[test]
fn ret_is_full_or_hdrs_and_stands_once() {
    for (value, ret) in [("FULL", Ret::Full), ("hdrs", Ret::Headers)] {
        let line = peer(&format!(
            "C: MAIL FROM:<jean@a.fr> RET={value}\nS: 250 …\nC: RCPT TO:<marie@b.fr>\nS: 250 …\nC: DATA\nS: 354 …\nC: .\nS: 250 …"
        ));
        assert_eq!(line.books.kept()[0].mail.ret, Some(ret));
    }
    peer(
        "C: MAIL FROM:<jean@a.fr> RET=ALL\nS: 501 …\nC: MAIL FROM:<jean@a.fr> RET=FULL RET=FULL\nS: 501 …",
    );
}

// RFC 3461 §4.4
#[test]
fn envid_is_xtext_of_100_octets_at_most() {
    let line = peer(
        "C: MAIL FROM:<jean@a.fr> ENVID=QQ+20314\nS: 250 …\nC: RCPT TO:<marie@b.fr>\nS: 250 …\nC: DATA\nS: 354 …\nC: .\nS: 250 …",
    );
    assert_eq!(line.books.kept()[0].mail.envid.as_ref().unwrap().as_str(), "QQ 314");
    let long = "a".repeat(101);
    peer(&format!(
        "C: MAIL FROM:<jean@a.fr> ENVID={long}\nS: 501 …\nC: MAIL FROM:<jean@a.fr> ENVID=\nS: 501 …\nC: MAIL FROM:<jean@a.fr> ENVID=a=b\nS: 501 …"
    ));
}
