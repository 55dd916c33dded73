//! `verify` of a store that is open: every account's records and every body, while work goes on.
//!
//! Each account is read as it is committed at that moment, so a long check holds nothing back. What
//! lies on the disk beside (frames of the log that no record needs any more, the index file, free
//! slots of the keystore) is read by [`super::verify`] only, when the store is closed.

use super::account::Check;
use super::{Finding, Progress, Report};
use crate::error::{Fault, StoreError};
use crate::id::AccountId;
use crate::key::Key;
use crate::model::Record;
use crate::model::account::{LifeCycle, Registration};
use crate::seal::Secret;
use crate::store::Store;

/// Checks the accounts of an open store. [`Report::frames`] stays 0: the log is not walked.
pub fn verify_running(
    store: &Store,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, StoreError> {
    let mut report = Report::default();
    for (key, value) in store.operator_view()?.all(&Key::registry_all())? {
        let account = key.last_id().map(AccountId::from_bytes).ok_or(StoreError::Format)?;
        let Ok(registration) = Registration::decode(&value) else {
            let what = "its registration does not read".to_owned();
            report.findings.push(Finding::Account { account, what });
            continue;
        };
        if registration.life_cycle != LifeCycle::Live {
            continue;
        }
        match check(store, account, &mut report) {
            Ok(()) => {}
            // Its erasure began meanwhile.
            Err(StoreError::NoSuchAccount) => continue,
            Err(error) if error.fault() == Fault::Temporary => return Err(error),
            Err(error) => {
                let what = error.to_string();
                report.findings.push(Finding::Account { account, what });
            }
        }
        report.accounts += 1;
        progress(Progress::Accounts(report.accounts));
    }
    Ok(report)
}

fn check(store: &Store, account: AccountId, report: &mut Report) -> Result<(), StoreError> {
    let view = store.view(account)?;
    let open_body =
        |id, secret: &Secret, len, location| store.engine().body_reader(id, secret, len, location);
    Check { open_body: &open_body }.check_account(&view, report)
}
