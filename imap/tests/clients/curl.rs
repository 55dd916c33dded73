//! curl: messages, a status, a search.

use super::{ADDRESS, Operator, PASSWORD, is_installed, message, run};
use tokio::process::Command;

fn curl(operator: &Operator, path: &str) -> Command {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--max-time", "20", "--cacert"]);
    command.arg(operator.authority()).args(["--user", &format!("{ADDRESS}:{PASSWORD}")]);
    command.arg(format!("imaps://localhost:{}/{path}", operator.port));
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_fetches_a_message_and_asks_for_the_status() {
    if !is_installed("curl") {
        return;
    }
    let operator = Operator::start("curl").await;
    operator.deliver("INBOX", &[message(1), message(2)]).await;
    assert_eq!(run(&mut curl(&operator, "INBOX;MAILINDEX=2")).await, message(2));
    let text = run(&mut curl(&operator, "INBOX;UID=1;SECTION=TEXT")).await;
    assert_eq!(text, "Bonjour,\r\nle compte rendu 1.\r\n");
    let status = run(curl(&operator, "").args(["-X", "STATUS INBOX (MESSAGES UIDNEXT)"])).await;
    assert_eq!(status.trim_end(), "* STATUS \"INBOX\" (MESSAGES 2 UIDNEXT 3)");
    let found = run(&mut curl(&operator, "INBOX?BODY%20%22rendu%202%22")).await;
    assert_eq!(found.trim_end(), "* SEARCH 2");
}
