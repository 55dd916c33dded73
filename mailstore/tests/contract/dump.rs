//! Everything that the View API shows of a store, as lines that can be compared.

use mailstore::{AccountId, Store, StoreError, View};
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

/// Accounts asked for at a time: few, so that paging is at work.
const PAGE: usize = 3;

/// One line for each record, in a fixed order.
pub(crate) fn everything(store: &Store) -> Vec<String> {
    try_everything(store).unwrap()
}

/// The same, or the first error met.
pub(crate) fn try_everything(store: &Store) -> Result<Vec<String>, StoreError> {
    let operator = store.operator_view()?;
    let mut lines = vec![format!("operator {}", json(&operator.counters()?))];
    for consumer in store.consumers() {
        let mut after = None;
        loop {
            let pending = store.pending(*consumer, after, PAGE)?;
            lines.push(format!("pending {} {pending:?}", consumer.name()));
            after = pending.last().copied();
            if pending.len() < PAGE {
                break;
            }
        }
    }
    for account in accounts(&operator)? {
        one_account(store, &operator, account, &mut lines)?;
    }
    Ok(lines)
}

/// All accounts, page by page.
pub(crate) fn accounts(operator: &View<'_>) -> Result<Vec<AccountId>, StoreError> {
    let mut all = Vec::new();
    loop {
        let page = operator.accounts(all.last().copied(), PAGE)?;
        let last = page.len() < PAGE;
        all.extend(page);
        if last {
            return Ok(all);
        }
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

fn one_account(
    store: &Store,
    operator: &View<'_>,
    account: AccountId,
    lines: &mut Vec<String>,
) -> Result<(), StoreError> {
    let view = store.view(account)?;
    let record = view.account_record()?;
    let usage = view.counters()?;
    assert_eq!(view.highest_mod_seq()?, usage.mod_seq);
    assert_eq!(operator.account_of(&record.address)?, Some(account));
    if let Some(ins) = &record.ins {
        assert_eq!(operator.account_of_ins(ins)?, Some(account));
    }
    let mut say = |what: &str, line: String| lines.push(format!("{account} {what} {line}"));
    say("account", json(&record));
    say("usage", json(&usage));
    for consumer in store.consumers() {
        say("cursor", format!("{} {}", consumer.name(), view.cursor(*consumer)?));
    }
    for (principal, grant) in view.grants()? {
        say("grant", format!("{principal} {} {:?}", json(&grant), view.grant_of(principal)?));
        say("accounts of", format!("{principal} {:?}", operator.accounts_of(principal, 100)?));
        if let Ok(record) = view.principal(principal) {
            say("principal", format!("{principal} {}", json(&record)));
            let found = record.login.as_deref().map(|login| operator.principal_of_login(login));
            assert!(
                found.is_none_or(|found| matches!(found, Ok(Some(f)) if f == (principal, account)))
            );
        }
    }
    for (mod_seq, change) in view.changes(usage.floor, usize::MAX)? {
        say("change", format!("{mod_seq} {}", json(&change)));
    }
    mailboxes(store, &view, lines)
}

fn mailboxes(store: &Store, view: &View<'_>, lines: &mut Vec<String>) -> Result<(), StoreError> {
    let account = view.account_id();
    let mut messages = std::collections::BTreeSet::new();
    for (id, mailbox) in view.mailboxes()? {
        assert_eq!(view.mailbox_named(&mailbox.name)?, Some(id));
        lines.push(format!("{account} mailbox {id} {}", json(&mailbox)));
        lines.push(format!("{account} state {id} {}", json(&view.mailbox_state(id)?)));
        for (uid, placement) in view.placements(id, 0, u32::MAX, usize::MAX)? {
            lines.push(format!("{account} placement {id} {uid} {}", json(&placement)));
            messages.insert(placement.message);
        }
        for flags in view.flags(id, 0, u32::MAX)? {
            lines.push(format!("{account} flags {id} {flags:?}"));
        }
    }
    for id in messages {
        let message = view.message(id)?;
        let body = store.body(view, message.body)?.read_all().map_err(StoreError::from)?;
        assert_eq!(body.len() as u64, message.size);
        lines.push(format!("{account} message {id} {}", json(&message)));
        lines.push(format!("{account} structure {id} {}", json(&view.structure(id)?)));
        lines.push(format!("{account} places {id} {:?}", view.places_of(id)?));
        lines.push(format!("{account} body {id} {:x}", xxh3_64(&body)));
    }
    Ok(())
}
