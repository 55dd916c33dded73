//! imapflow: IDLE sees a message as it comes.

use super::{ADDRESS, Operator, PASSWORD, PATIENCE, is_installed, message, run, script, tool};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

// RFC 2177 §3
#[tokio::test(flavor = "multi_thread")]
async fn imapflow_is_told_of_a_message_while_it_idles() {
    let Some(module) = tool("node/node_modules/imapflow/lib/imap-flow.js") else { return };
    if !is_installed("node") {
        return;
    }
    let operator = Operator::start("imapflow").await;
    operator.deliver("INBOX", &[message(1)]).await;
    let mut command = Command::new("node");
    command.arg(script("imapflow.mjs")).arg(module).arg(operator.port.to_string());
    command.arg(operator.authority()).args([ADDRESS, PASSWORD]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = async || timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap();
    assert_eq!(next().await.as_deref(), Some("idling with 1"));
    operator.deliver("INBOX", &[message(2)]).await;
    assert_eq!(next().await.as_deref(), Some("now 2"));
    assert_eq!(next().await.as_deref(), Some("Résultat 2"));
    assert_eq!(next().await, None);
    assert!(timeout(PATIENCE, child.wait()).await.unwrap().unwrap().success());
}

// RFC 7162 §3.2.6, §3.2.10
#[tokio::test(flavor = "multi_thread")]
async fn imapflow_learns_what_changed_and_what_vanished() {
    let Some(module) = tool("node/node_modules/imapflow/lib/imap-flow.js") else { return };
    if !is_installed("node") {
        return;
    }
    let operator = Operator::start("qresync").await;
    operator.deliver("INBOX", &[message(1), message(2), message(3)]).await;
    let mut command = Command::new("node");
    command.arg(script("qresync.mjs")).arg(module).arg(operator.port.to_string());
    command.arg(operator.authority()).args([ADDRESS, PASSWORD]);
    let said = run(&mut command).await;
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(
        lines,
        [
            "enabled CONDSTORE QRESYNC UTF8=ACCEPT",
            "condstore true mailbox 33",
            "changed 3 \\Flagged,\\Recent true 33",
            "vanished 1",
        ]
    );
}
