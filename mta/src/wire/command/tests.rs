//! Command lines and what they are read as, the grammar's quirks included.

use proptest::prelude::*;

use super::*;

const ALL: Offered = Offered { extensions: true, auth: true };

fn read(line: &str) -> Result<Command, CommandError> {
    Command::read(line.as_bytes(), ALL)
}

fn mail(line: &str) -> MailParams {
    match read(line) {
        Ok(Command::Mail(_, params)) => params,
        other => panic!("{line}: {other:?}"),
    }
}

fn rcpt(line: &str) -> RcptParams {
    match read(line) {
        Ok(Command::Rcpt(_, params)) => params,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn commands_without_paths() {
    let table = [
        ("EHLO mx.a.fr", Ok(Command::Ehlo("mx.a.fr".into()))),
        ("ehlo [IPv6:2001:db8::1]", Ok(Command::Ehlo("[IPv6:2001:db8::1]".into()))),
        ("HELO a_b ", Ok(Command::Helo("a_b".into()))),
        ("EHLO", Err(CommandError::Syntax(EHLO))),
        ("EHLO a b", Err(CommandError::Syntax(EHLO))),
        ("EHLO a;b", Err(CommandError::Syntax(EHLO))),
        ("EHLO hélène.fr", Err(CommandError::Syntax(EHLO))),
        ("HELO", Err(CommandError::Syntax(HELO))),
        ("DATA", Ok(Command::Data)),
        ("data ", Ok(Command::Data)),
        ("DATA x", Err(CommandError::Syntax("no argument"))),
        ("RSET", Ok(Command::Rset)),
        ("RSET x", Err(CommandError::Syntax("no argument"))),
        ("QUIT", Ok(Command::Quit)),
        ("QUIT now", Err(CommandError::Syntax("no argument"))),
        ("STARTTLS", Ok(Command::StartTls)),
        ("STARTTLS x", Err(CommandError::Syntax("no argument"))),
        ("NOOP", Ok(Command::Noop)),
        ("NOOP anything at all", Ok(Command::Noop)),
        ("HELP", Ok(Command::Help)),
        ("HELP MAIL", Ok(Command::Help)),
        ("VRFY jean", Ok(Command::Vrfy)),
        ("VRFY", Err(CommandError::Syntax(VRFY))),
        ("EXPN", Err(CommandError::NotImplemented)),
        ("EXPN list", Err(CommandError::NotImplemented)),
        ("LHLO a", Err(CommandError::NotImplemented)),
        ("ETRN a", Err(CommandError::NotImplemented)),
        ("BURL imap://a LAST", Err(CommandError::NotImplemented)),
        ("TURN", Err(CommandError::Unknown)),
        ("GET / HTTP/1.1", Err(CommandError::Unknown)),
        ("", Err(CommandError::Unknown)),
        (" MAIL FROM:<>", Err(CommandError::Unknown)),
        (" BDAT 5", Err(CommandError::Unknown)),
        ("MAILFROM:<>", Err(CommandError::Unknown)),
        ("AUTH", Err(CommandError::Syntax(AUTH))),
        ("AUTH plain", Ok(Command::Auth(Mechanism::Plain, None))),
        ("AUTH CRAM-MD5", Ok(Command::Auth(Mechanism::Other, None))),
        ("AUTH PLAIN a b", Err(CommandError::Syntax(AUTH))),
    ];
    for (line, expected) in table {
        assert_eq!(read(line), expected, "{line}");
    }
    assert_eq!(Command::read(b"NOOP \xff", ALL), Err(CommandError::Characters));
    let response = |text: &str| Some(InitialResponse(Zeroizing::new(text.to_owned())));
    let external = Command::Auth(Mechanism::External, response("="));
    assert_eq!(read("AUTH EXTERNAL ="), Ok(external));
    assert_eq!(read("AUTH PLAIN  AGE="), Ok(Command::Auth(Mechanism::Plain, response("AGE="))));
}

#[test]
fn a_count_of_bdat_is_exact_or_refused() {
    let bdat = |octets, last| Ok(Command::Bdat { octets, last });
    let table = [
        ("BDAT 0", bdat(0, false)),
        ("bdat 5 last", bdat(5, true)),
        ("BDAT  5  LAST ", bdat(5, true)),
        ("BDAT 18446744073709551615", bdat(u64::MAX, false)),
        // The grammar reads 5 here.
        ("BDAT 184467440737095516155", Err(CommandError::Count)),
        ("BDAT 99999999999999999999", bdat(u64::MAX, false)),
        ("BDAT", Err(CommandError::Count)),
        ("BDAT x", Err(CommandError::Count)),
        ("BDAT -1", Err(CommandError::Count)),
        ("BDAT +1", Err(CommandError::Count)),
        ("BDAT 5 FIRST", Err(CommandError::Count)),
        ("BDAT 5 !", Err(CommandError::Count)),
        ("BDAT 5 LAST x", Err(CommandError::Count)),
    ];
    for (line, expected) in table {
        assert_eq!(read(line), expected, "{line}");
    }
}

#[test]
fn paths_of_mail_and_rcpt() {
    let address = |text: &str| Path::Address(text.parse().unwrap());
    let from = |line: &str| match read(line) {
        Ok(Command::Mail(path, _)) => path,
        other => panic!("{line}: {other:?}"),
    };
    assert_eq!(from("MAIL FROM:<>"), Path::Null);
    assert_eq!(from("mail from: <jean@a.fr>"), address("jean@a.fr"));
    // The grammar drops these quotes, and what they guard.
    assert_eq!(from(r#"MAIL FROM:<"a@b"@c.fr>"#), address(r#""a@b"@c.fr"#));
    // The grammar reads this as the null path.
    assert_eq!(from("MAIL FROM:<postmaster>"), Path::Postmaster);
    for line in [
        "MAIL",
        "MAIL FROM",
        "MAIL FROM:",
        "MAIL FROM:a@b.fr",
        "MAIL TO:<a@b.fr>",
        "MAIL FROM:<a@b.fr",
    ] {
        assert_eq!(read(line), Err(CommandError::Syntax(MAIL)), "{line}");
    }
    for line in
        ["MAIL FROM:<a>", r#"MAIL FROM:<a@"x@victim.fr">"#, "MAIL FROM:<a@b..fr>", "MAIL FROM:< >"]
    {
        assert!(matches!(read(line), Err(CommandError::Sender(_))), "{line}");
    }
    assert_eq!(read("RCPT FROM:<a@b.fr>"), Err(CommandError::Syntax(RCPT)));
    assert!(matches!(read("RCPT TO:<a b@c.fr>"), Err(CommandError::Recipient(_))));
}

#[test]
fn parameters_of_mail() {
    let all = "MAIL FROM:<> size=1000 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=a+20b AUTH=<>";
    let expected = MailParams {
        size: Some(1000),
        eight_bit: true,
        smtputf8: true,
        ret: Some(Ret::Headers),
        envid: EnvelopeId::read("a+20b"),
    };
    assert_eq!(mail(all), expected);
    assert_eq!(mail("MAIL FROM:<> BODY=7BIT RET=FULL").ret, Some(Ret::Full));
    assert_eq!(mail("MAIL FROM:<> SIZE=99999999999999999999").size, Some(u64::MAX));
    let wrong = [
        "SIZE",
        "SIZE=",
        "SIZE=x",
        "SIZE=-1",
        "SIZE=123456789012345678901",
        "SIZE=1 SIZE=2",
        "BODY",
        "BODY=",
        "BODY=BINARYMIME",
        "BODY=9BIT",
        "SMTPUTF8=1",
        "RET",
        "RET=ALL",
        "RET=FULL ret=HDRS",
        "ENVID",
        "ENVID=",
        "ENVID=+",
        "AUTH=+",
        "ENVID=a=b",
    ];
    for params in wrong {
        let line = format!("MAIL FROM:<> {params}");
        assert_eq!(read(&line), Err(CommandError::ParameterValue), "{line}");
    }
    let unknown = [
        "X",
        "X=1",
        "BY=1;R",
        "HOLDFOR=1",
        "MTRK=a",
        "REQUIRETLS",
        "MT-PRIORITY=1",
        "=",
        "SIZE:1",
        "NOTIFY=NEVER",
        "TRANSID=<a>",
    ];
    for params in unknown {
        let line = format!("MAIL FROM:<> {params}");
        assert_eq!(read(&line), Err(CommandError::Parameter), "{line}");
    }
}

#[test]
fn parameters_that_are_not_offered() {
    let read = |line: &str, offered| Command::read(line.as_bytes(), offered);
    let helo = Offered { extensions: false, auth: true };
    let reception = Offered { extensions: true, auth: false };
    assert_eq!(read("MAIL FROM:<> SIZE=1", helo), Err(CommandError::Parameter));
    assert_eq!(read("RCPT TO:<a@b.fr> NOTIFY=NEVER", helo), Err(CommandError::Parameter));
    assert_eq!(read("MAIL FROM:<> AUTH=<>", reception), Err(CommandError::Parameter));
    assert!(read("MAIL FROM:<> SIZE=1", reception).is_ok());
}

#[test]
fn parameters_of_rcpt() {
    let when = |success, failure, delay| Some(Notify { success, failure, delay });
    assert_eq!(rcpt("RCPT TO:<a@b.fr> NOTIFY=NEVER").notify, Some(Notify::NEVER));
    assert_eq!(rcpt("RCPT TO:<a@b.fr> notify=success,DELAY").notify, when(true, false, true));
    assert_eq!(rcpt("RCPT TO:<a@b.fr> NOTIFY=FAILURE").notify, when(false, true, false));
    let both = rcpt("RCPT TO:<a@b.fr> ORCPT=rfc822;a+2Bb@b.fr NOTIFY=FAILURE");
    assert_eq!(both.orcpt.unwrap().address(), "a+b@b.fr");
    let wrong = [
        "NOTIFY",
        "NOTIFY=",
        "NOTIFY=NEVER,SUCCESS",
        "NOTIFY=SUCCESS,NEVER",
        "NOTIFY=X",
        "NOTIFY=SUCCESS,",
        "ORCPT",
        "ORCPT=a@b.fr",
        "ORCPT=rfc822;+0D",
        "NOTIFY=DELAY NOTIFY=DELAY",
    ];
    for params in wrong {
        let line = format!("RCPT TO:<a@b.fr> {params}");
        assert_eq!(read(&line), Err(CommandError::ParameterValue), "{line}");
    }
    assert_eq!(read("RCPT TO:<a@b.fr> RRVS=2014-04-03T23:01:00Z"), Err(CommandError::Parameter));
}

#[test]
fn secrets_do_not_show() {
    let shown = format!("{:?}", read("AUTH PLAIN AGplYW4AcGFzc3dvcmQ="));
    assert!(!shown.contains("AGpl"), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_line_panics(
        verb in prop_oneof![
            Just("MAIL FROM:<"), Just("RCPT TO:<"), Just("BDAT "), Just("AUTH "), Just("EHLO "),
            Just("VRFY "), Just("BURL "), Just("ATRN "), Just(""),
        ],
        rest in prop::collection::vec(any::<u8>(), 0..60),
        text in "[<>\"@\\\\ :;=+,a-z0-9é]{0,40}",
    ) {
        _ = Command::read(&[verb.as_bytes(), &rest].concat(), ALL);
        _ = Command::read(format!("{verb}{text}").as_bytes(), ALL);
        _ = Command::read(format!("MAIL FROM:<> {text}").as_bytes(), ALL);
        _ = Command::read(format!("RCPT TO:<a@b.fr> {text}").as_bytes(), ALL);
    }
}
