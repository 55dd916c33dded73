//! imapflow: IDLE sees a message as it comes.

use super::{ADDRESS, Operator, PASSWORD, PATIENCE, is_installed, message, script, tool};
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
