//! Python's IMAPClient: the script says what it expects.

use super::{ADDRESS, Operator, PASSWORD, message, run, script, tool};
use mailstore::model::flags::Flags;
use tokio::process::Command;

#[tokio::test(flavor = "multi_thread")]
async fn imapclient_works_through_a_mailbox() {
    let Some(python) = tool("python/bin/python") else { return };
    let operator = Operator::start("imapclient").await;
    operator.deliver("INBOX", &[message(1), message(2), message(3)]).await;
    let mut command = Command::new(python);
    command.arg(script("imapclient.py")).arg(operator.port.to_string());
    command.arg(operator.authority()).args([ADDRESS, PASSWORD]);
    assert_eq!(run(&mut command).await, "done\n");
    // What the script left behind.
    let inbox = operator.messages("INBOX");
    assert_eq!(inbox.keys().collect::<Vec<_>>(), [&message(2)]);
    assert!(inbox[&message(2)].contain(Flags::FLAGGED));
    assert!(operator.messages("Dossiers/Été").contains_key(&message(3)));
}

// RFC 7162 §3.1.3, §3.1.4.1, §3.1.5
#[tokio::test(flavor = "multi_thread")]
async fn imapclient_asks_for_what_changed() {
    let Some(python) = tool("python/bin/python") else { return };
    let operator = Operator::start("condstore").await;
    operator.deliver("INBOX", &[message(1), message(2), message(3)]).await;
    let mut command = Command::new(python);
    command.arg(script("condstore.py")).arg(operator.port.to_string());
    command.arg(operator.authority()).args([ADDRESS, PASSWORD]);
    assert_eq!(run(&mut command).await, "done\n");
}
