//! `pli demo --once`: one letter from the hospital to the citizen's record and back.
//!
//! The letter goes by the hospital's submission service, as an application sends it; the answer goes
//! through the citizens' site, as a person writes it. What is waited for is seen in the stores.
//! Failure: the step that did not come, and why; exit code 1.

use super::people::{CITIZEN_PASSWORD, CITIZENS_TABLE, DESKS, LETTERS, PLACES, SERVICE};
use super::visitor::Visitor;
use super::{Demo, OUTBOX, Outcome};
use crate::letter::{self, Service};
use crate::operator::Operator;
use domain::{Lang, MailAddress};
use mailstore::{AccountId, View};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the whole may take.
const LIMIT: Duration = Duration::from_secs(60);
/// The fictitious letter.
const LETTER: &str = include_str!("letter.xml");
/// What the letter's message says.
const WORDS: &str = "Bonjour,\n\nVeuillez trouver ci-joint la lettre de sortie de votre séjour dans le \
                     service de cardiologie.\nVous pouvez répondre à ce message pour toute question.\n\n\
                     Le service de cardiologie\n";
/// What the citizen answers.
const ANSWER: &str = "Merci pour la lettre. Puis-je reprendre la marche dès cette semaine ?";
/// Seconds after which what is written on the site leaves.
const UNDO_FOR: u64 = 11;
/// How often a mailbox of files is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Sends, waits, answers, and prints the chain.
pub(super) async fn once(demo: &Demo, say: &(impl Fn(&str) + Sync)) -> ExitCode {
    let chain = tokio::time::timeout(LIMIT, chain(demo, say)).await;
    match chain {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => {
            tracing::error!(error = &*error as &dyn std::error::Error, "the chain broke");
            ExitCode::FAILURE
        }
        Err(_) => {
            tracing::error!(seconds = LIMIT.as_secs(), "the chain took too long");
            ExitCode::FAILURE
        }
    }
}

async fn chain(demo: &Demo, say: &(impl Fn(&str) + Sync)) -> Outcome<()> {
    let began = Instant::now();
    let told = |french: &str, english: &str, more: &str| {
        let what = demo.lang.pick(french, english);
        let at = began.elapsed().as_secs_f64();
        let more = if more.is_empty() { String::new() } else { format!("  {more}") };
        say(&format!("  {what:<10} {at:>6.2} s{more}"));
    };
    let [hospital, _, citizens] = &demo.operators;
    let [citizen, ..] = &CITIZENS_TABLE;
    let to: MailAddress = citizen.address().parse()?;
    let space = account(citizens, &to)?;
    let service = account(hospital, &SERVICE.parse()?)?;
    let (in_space, in_service) = (messages(citizens, space)?, messages(hospital, service)?);
    let in_record = entries(citizens, space)?;

    let octets = compose(demo, &to)?;
    let reply = submission(demo).await?.submit(&octets, &to).await?;
    told("acceptée", "accepted", &reply);
    until(citizens, space, |view| Ok(messages_of(view)? > in_space)).await?;
    told("remise", "delivered", "");
    until(citizens, space, |view| Ok(record::entries_by_date(view)?.len() > in_record)).await?;
    let view = citizens.store.view(space)?;
    let newest = record::entries_by_date(&view)?.into_iter().next();
    let title = newest.map(|entry| entry.title).unwrap_or_default();
    drop(view);
    told("classée", "filed", &title);
    answer(demo, citizen.ins).await?;
    // An answer can be taken back for ten seconds; the demo's clock need not wait for them.
    demo.advance(UNDO_FOR).await?;
    until(hospital, service, |view| Ok(messages_of(view)? > in_service)).await?;
    told("répondue", "answered", SERVICE);
    Ok(())
}

/// The letter with its own identity and time, packed and addressed.
pub(super) fn compose(demo: &Demo, to: &MailAddress) -> Outcome<Vec<u8>> {
    let now = demo.now();
    let document = LETTER
        .replace("{{ID}}", &letter::new_oid()?)
        .replace("{{TIME}}", &now.strftime("%Y%m%d%H%M%S+0000").to_string());
    let (from, reply_to): (MailAddress, MailAddress) = (LETTERS.parse()?, SERVICE.parse()?);
    letter::compose(&letter::Sending {
        documents: vec![document.into_bytes()],
        from: &from,
        from_label: "CHU de la Démonstration",
        to,
        reply_to: Some(&reply_to),
        text: WORDS,
        product: super::PRODUCT,
        last: false,
        mode: domain::Mode::Test,
        now,
    })
}

/// The hospital's submission service, with the letters application's certificate.
async fn submission(demo: &Demo) -> Outcome<Service> {
    let [hospital, ..] = &demo.operators;
    let [at, ..] = &demo.addresses;
    let at = at.submission.ok_or("the hospital has no submission service")?;
    let desk = DESKS.iter().find(|desk| desk.address() == LETTERS).ok_or("no such mailbox")?;
    let [place, ..] = &PLACES;
    Ok(Service {
        host: at.ip().to_string(),
        port: at.port(),
        server_name: place.hostname(),
        trust: Arc::clone(hospital.published.trust()),
        identity: demo.land.lock().await.desk(desk)?,
        clock: Arc::clone(&demo.clock) as _,
        from: LETTERS.parse()?,
    })
}

fn account(operator: &Operator, address: &MailAddress) -> Outcome<AccountId> {
    let found = operator.store.operator_view()?.account_of(address)?;
    found.ok_or_else(|| "a mailbox of the demo is missing".into())
}

fn messages_of(view: &View<'_>) -> Outcome<u64> {
    Ok(view.counters()?.messages)
}

fn messages(operator: &Operator, account: AccountId) -> Outcome<u64> {
    messages_of(&operator.store.view(account)?)
}

fn entries(operator: &Operator, account: AccountId) -> Outcome<usize> {
    Ok(record::entries_by_date(&operator.store.view(account)?)?.len())
}

/// Waits until something holds of an account.
async fn until(
    operator: &Operator,
    account: AccountId,
    holds: impl Fn(&View<'_>) -> Outcome<bool>,
) -> Outcome<()> {
    let mut changes = operator.store.subscribe(account)?;
    loop {
        if holds(&operator.store.view(account)?)? {
            return Ok(());
        }
        // A record that a service keeps is no change of the mail: it rings nobody.
        let _ = tokio::time::timeout(LOOK, changes.changed()).await;
    }
}

/// Logs in as the citizen and answers the newest conversation, on the public pages.
async fn answer(demo: &Demo, ins: &str) -> Outcome<()> {
    let [_, _, citizens] = &demo.addresses;
    let at = citizens.https.ok_or("the citizens have no site")?;
    let root = std::fs::read(demo.dir.join("pki/root.pem"))?;
    let mut visitor = Visitor::new(at, &root)?;
    let outbox = demo.dir.join(OUTBOX).join("new");
    let before = notices(&outbox)?;
    let page = visitor.open("/login").await?;
    let form = page.form_with("password")?;
    let page =
        visitor.send(&form.fill("identifier", ins).fill("password", CITIZEN_PASSWORD)).await?;
    let code = code(&outbox, &before).await?;
    visitor.send(&page.form_with("code")?.fill("code", &code)).await?;
    let page = visitor.open("/conversations").await?;
    let conversations = page.links("/conversations/");
    let newest = conversations.into_iter().find(|link| !link.ends_with("/new"));
    let newest = newest.ok_or("the site shows no conversation")?;
    let page = visitor.open(&newest).await?;
    visitor.send(&page.form_with("text")?.fill("text", ANSWER)).await?;
    Ok(())
}

fn notices(outbox: &Path) -> Outcome<BTreeSet<std::ffi::OsString>> {
    Ok(std::fs::read_dir(outbox)?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<Result<_, _>>()?)
}

/// The code in the notice that came since.
async fn code(outbox: &Path, before: &BTreeSet<std::ffi::OsString>) -> Outcome<String> {
    loop {
        let now = notices(outbox)?;
        if let Some(name) = now.difference(before).next() {
            let notice = std::fs::read(outbox.join(name))?;
            let digest = mailstore::message::digest_of(&notice);
            let start = usize::try_from(digest.structure.body_range().start)?;
            let body = String::from_utf8_lossy(notice.get(start..).unwrap_or_default());
            let words = body.split(|c: char| !c.is_ascii_digit());
            let code = words.into_iter().find(|word| word.len() == 6);
            return code.map(str::to_owned).ok_or_else(|| "a notice without a code".into());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// A letter in the citizen's space from the start, so that there is something to look at.
pub(super) async fn first_letter(demo: &Demo) -> Outcome<()> {
    let [citizen, ..] = &CITIZENS_TABLE;
    let to: MailAddress = citizen.address().parse()?;
    let [_, _, citizens] = &demo.operators;
    if messages(citizens, account(citizens, &to)?)? > 0 {
        return Ok(());
    }
    let octets = compose(demo, &to)?;
    submission(demo).await?.submit(&octets, &to).await?;
    Ok(())
}

/// The words of the chain's heading.
pub(super) fn heading(lang: Lang) -> &'static str {
    lang.pick("Une lettre de sortie :", "A discharge letter:")
}
