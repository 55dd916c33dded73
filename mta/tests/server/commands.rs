//! Every command: what it answers where it is right, and where its form is wrong.

use domain::Lang;
use mta::server::Role;
use mta::wire::params::{Notify, Ret};

use crate::transcript::{Line, config, peer, tls};

#[test]
fn a_message_from_peer_to_mailbox() {
    let mut line = Line::of_peer();
    line.hold(
        "S: 220 mx.b.fr ESMTP
         C: EHLO mx.a.fr
         S: 250-mx.b.fr
         S: 250-PIPELINING
         S: 250-SIZE 26214400
         S: 250-8BITMIME
         S: 250-SMTPUTF8
         S: 250-CHUNKING
         S: 250-ENHANCEDSTATUSCODES
         S: 250-DSN
         S: 250-LIMITS MAILMAX=10000 RCPTMAX=100
         S: 250 HELP
         C: MAIL FROM:<jean@a.fr> SIZE=100 BODY=8BITMIME
         S: 250 2.1.0 Expediteur accepte.
         C: RCPT TO:<marie@b.fr>
         S: 250 2.1.5 Destinataire accepte.
         C: RCPT TO:<paul@b.fr>
         S: 250 2.1.5 …
         C: DATA
         S: 354 Envoyez …
         C: From: jean@a.fr
         C: 
         C: ..bonjour
         C: .
         S: 250 2.0.0 Message accepte : Q1
         C: QUIT
         S: 221 2.0.0 Au revoir.
         END",
    );
    let kept = line.books.kept();
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].from.as_str(), kept[0].to.len()), ("<jean@a.fr>", 2));
    assert_eq!(kept[0].body, b"From: jean@a.fr\r\n\r\n.bonjour\r\n");
    assert_eq!((kept[0].mail.size, kept[0].mail.eight_bit), (Some(100), true));
    assert_eq!(line.books.open(), 0);
}

#[test]
fn helo_offers_nothing() {
    let mut line = Line::of_peer();
    line.hold(
        "S: 220 mx.b.fr ESMTP
         C: HELO mx.a.fr
         S: 250 mx.b.fr
         C: MAIL FROM:<jean@a.fr> SIZE=100
         S: 555 5.5.4 …
         C: MAIL FROM:<jean@a.fr>
         S: 250 2.1.0 …
         C: RCPT TO:<marie@b.fr> NOTIFY=NEVER
         S: 555 5.5.4 …",
    );
    assert_eq!(line.session().peer().helo.as_deref(), Some("mx.a.fr"));
}

#[test]
fn small_commands() {
    peer(
        "C: NOOP
         S: 250 2.0.0 …
         C: NOOP something
         S: 250 2.0.0 …
         C: noop
         S: 250 2.0.0 …
         C: HELP
         S: 214 2.0.0 …
         C: VRFY marie
         S: 252 2.0.0 …
         C: VRFY
         S: 501 5.5.4 …
         C: EXPN all
         S: 502 5.5.1 …
         C: RSET
         S: 250 2.0.0 …
         C: RSET now
         S: 501 5.5.4 …
         C: TURN
         S: 500 5.5.1 …
         C: EHLO
         S: 501 5.5.4 Syntaxe : EHLO domain
         C: HELO a b
         S: 501 5.5.4 …
         C: MAIL TO:<a@b.fr>
         S: 501 5.5.4 Syntaxe : MAIL FROM:<address> [parameters]
         C: RCPT <a@b.fr>
         S: 501 5.5.4 …
         C: DATA now
         S: 501 5.5.4 …
         C: AUTH PLAIN
         S: 502 5.5.1 …
         C: QUIT now
         S: 501 5.5.4 …
         C: quit
         S: 221 2.0.0 …
         END",
    );
}

#[test]
fn lines_end_at_crlf_only() {
    peer(
        "C: NOOP\\nMAIL FROM:<jean@a.fr>
         S: 500 5.5.2 …
         C: NOOP\\rNOOP
         S: 500 5.5.2 …
         C: NO\\0OP
         S: 500 5.5.2 …
         C: MAIL\\tFROM:<jean@a.fr>
         S: 500 5.5.2 …
         C| NOOP\\n
         C| QUIT\\n
         C| \\r\\n
         S: 500 5.5.2 …
         C| NO
         C| OP\\r
         C| \\nNOOP\\r\\n
         S: 250 2.0.0 …
         S: 250 2.0.0 …",
    );
    let mut line = peer("");
    assert_eq!(line.send(b"NOOP \xff\r\n").split(' ').nth(1), Some("5.5.2"));
}

#[test]
fn replies_are_in_the_operators_language() {
    let mut english = config(Role::Reception);
    english.lang = Lang::En;
    let mut line = Line::new(english, Some(tls(Some(b"peer"))));
    line.hold(
        "S: 220 …
         C: HELO a
         S: 250 …
         C: MAIL FROM:<jean@a.fr>
         S: 250 2.1.0 Sender accepted.
         C: RCPT TO:<unknown@b.fr>
         S: 550 5.1.1 Message not delivered: …",
    );
}

#[test]
fn accents_are_for_those_who_said_smtputf8() {
    peer(
        "C: MAIL FROM:<jean@a.fr> SMTPUTF8
         S: 250 2.1.0 Expéditeur accepté.
         C: RCPT TO:<unknown@b.fr>
         S: 550 5.1.1 Message non distribué …
         C: RSET
         S: 250 2.0.0 …
         C: MAIL FROM:<jean@a.fr>
         S: 250 2.1.0 Expediteur accepte.",
    );
}

#[test]
fn addresses_beyond_ascii_need_smtputf8() {
    let line = peer(
        "C: MAIL FROM:<hélène@a.fr>
         S: 553 5.6.7 …
         C: MAIL FROM:<jean@a.fr>
         S: 250 …
         C: RCPT TO:<hélène@b.fr>
         S: 553 5.6.7 …
         C: RSET
         S: 250 …
         C: MAIL FROM:<hélène@a.fr> SMTPUTF8
         S: 250 …
         C: RCPT TO:<zoé@b.fr>
         S: 250 …
         C: DATA
         S: 354 …
         C: .
         S: 250 2.0.0 Message accepté : Q1",
    );
    assert_eq!(line.books.kept()[0].to, ["zoé@b.fr"]);
}

#[test]
fn addresses_that_are_none() {
    peer(
        "C: MAIL FROM:<jean>
         S: 553 5.1.7 …
         C: MAIL FROM:<postmaster>
         S: 553 5.1.7 …
         C: MAIL FROM:<a@\"x@victim.fr\">
         S: 553 5.1.7 …
         C: MAIL FROM:<>
         S: 250 …
         C: RCPT TO:<>
         S: 550 5.1.3 …
         C: RCPT TO:<marie>
         S: 550 5.1.3 …
         C: RCPT TO:<marie@[192.0.2.1]>
         S: 550 5.1.3 …",
    );
}

#[test]
fn postmaster_quotes_and_source_routes() {
    let line = peer(
        "C: MAIL FROM:<\"jean martin\"@a.fr>
         S: 250 …
         C: RCPT TO:<Postmaster>
         S: 250 …
         C: RCPT TO:<@x.fr,@y.fr:marie@b.fr>
         S: 250 …
         C: DATA
         S: 354 …
         C: .
         S: 250 …",
    );
    let kept = line.books.kept();
    assert_eq!(kept[0].from, "<\"jean martin\"@a.fr>");
    assert_eq!(kept[0].to, ["chief@b.fr", "marie@b.fr"]);
}

#[test]
fn parameters_reach_the_handler() {
    let line = peer(
        "C: MAIL FROM:<jean@a.fr> RET=HDRS ENVID=QQ+20314 SIZE=9
         S: 250 …
         C: RCPT TO:<marie@b.fr> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;m+2Ba@x.fr
         S: 250 …
         C: RCPT TO:<paul@b.fr>
         S: 250 …
         C: DATA
         S: 354 …
         C: .
         S: 250 …",
    );
    let kept = line.books.kept();
    assert_eq!(kept[0].mail.ret, Some(Ret::Headers));
    assert_eq!(kept[0].mail.envid.as_ref().unwrap().as_str(), "QQ 314");
    let notify = Some(Notify { success: true, failure: false, delay: true });
    assert_eq!(kept[0].rcpt[0].notify, notify);
    assert_eq!(kept[0].rcpt[0].orcpt.as_ref().unwrap().address(), "m+a@x.fr");
    assert_eq!(kept[0].rcpt[1].notify, None);
}

#[test]
fn parameters_that_are_wrong_or_not_offered() {
    peer(
        "C: MAIL FROM:<jean@a.fr> SIZE=x
         S: 501 5.5.4 …
         C: MAIL FROM:<jean@a.fr> RET=FULL RET=HDRS
         S: 501 5.5.4 …
         C: MAIL FROM:<jean@a.fr> BODY=BINARYMIME
         S: 501 5.5.4 …
         C: MAIL FROM:<jean@a.fr> REQUIRETLS
         S: 555 5.5.4 …
         C: MAIL FROM:<jean@a.fr> AUTH=<>
         S: 555 5.5.4 …
         C: MAIL FROM:<jean@a.fr>
         S: 250 …
         C: RCPT TO:<marie@b.fr> NOTIFY=NEVER,FAILURE
         S: 501 5.5.4 …
         C: RCPT TO:<marie@b.fr> SIZE=1
         S: 555 5.5.4 …",
    );
}

#[test]
fn pipelined_groups_are_answered_in_one_batch() {
    let line = peer(
        "C: MAIL FROM:<jean@a.fr>
         C: RCPT TO:<marie@b.fr>
         C: RCPT TO:<unknown@b.fr>
         C: RCPT TO:<paul@b.fr>
         C: DATA
         S: 250 2.1.0 …
         S: 250 2.1.5 …
         S: 550 5.1.1 …
         S: 250 2.1.5 …
         S: 354 …
         C: bonjour
         C: .
         C: MAIL FROM:<jean@a.fr>
         C: RCPT TO:<paul@b.fr>
         C: DATA
         S: 250 2.0.0 …
         S: 250 2.1.0 …
         S: 250 2.1.5 …
         S: 354 …
         C: encore
         C: .
         C: QUIT
         S: 250 2.0.0 …
         S: 221 2.0.0 …
         END",
    );
    assert_eq!(line.books.kept().len(), 2);
    assert_eq!(line.books.kept()[1].body, b"encore\r\n");
}
