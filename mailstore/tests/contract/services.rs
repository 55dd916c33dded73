//! What other crates keep in an account: records under keys of their own, and what is due when.

use crate::bench::{Bench, Facts};
use mailstore::{Actor, MailboxId, ServiceKey, StoreError, TableName};

contract! {
    a_record_is_found_by_its_key_and_in_order,
    a_record_is_bounded,
    what_is_due_is_found_across_accounts_by_instant,
    an_erased_account_has_nothing_due,
}

const QUEUE: TableName = TableName::new("queue").unwrap();
const OTHER: TableName = TableName::new("queues").unwrap();

fn a_record_is_found_by_its_key_and_in_order(store: &Bench) -> Facts {
    let account = store.account("marie");
    store.change(account, |tx| {
        for number in [300, 2, 1] {
            tx.put_service_record(&ServiceKey::new(QUEUE).number(number), b"of the queue")?;
        }
        tx.put_service_record(&ServiceKey::new(QUEUE).number(7), b"")?;
        tx.delete_service_record(&ServiceKey::new(QUEUE).number(2));
        tx.put_service_record(&ServiceKey::new(OTHER).id([1; 16]).instant(5), b"another's")?;
        let by_name = ServiceKey::new(OTHER).lookup(tx, "a name");
        tx.put_service_record(&by_name, b"named")
    });
    Facts::new(move |store| {
        let view = store.view(account).unwrap();
        let queue = ServiceKey::new(QUEUE);
        let numbers = |after: Option<u64>, limit| {
            let after = after.map(|number| ServiceKey::new(QUEUE).number(number));
            let records = view.service_records(&queue, after.as_ref(), limit).unwrap();
            records.iter().map(|(key, _)| key.last_number().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(numbers(None, 10), [1, 7, 300]);
        assert_eq!(numbers(Some(1), 1), [7]);
        assert_eq!(numbers(Some(300), 10), [0; 0]);
        let read = |key: ServiceKey| view.service_record(&key).unwrap();
        assert_eq!(read(ServiceKey::new(QUEUE).number(7)), Some(Vec::new()));
        assert_eq!(read(ServiceKey::new(QUEUE).number(2)), None);
        let by_name = ServiceKey::new(OTHER).lookup(&view, "a name");
        assert_eq!(read(by_name), Some(b"named".to_vec()));
        assert_eq!(read(ServiceKey::new(QUEUE).lookup(&view, "a name")), None);
    })
}

fn a_record_is_bounded(store: &Bench) {
    let account = store.account("marie");
    let long = vec![0; mailstore::model::service::MAX_SERVICE_RECORD + 1];
    let key = ServiceKey::new(QUEUE);
    let error = store.refuse(account, move |tx| tx.put_service_record(&key, &long));
    assert_error!(error, StoreError::Limit(_));
}

fn what_is_due_is_found_across_accounts_by_instant(store: &Bench) -> Facts {
    let (marie, paul) = (store.account("marie"), store.account("paul"));
    store.change(marie, |tx| {
        tx.set_due(QUEUE, 200, [1; 16]);
        tx.set_due(QUEUE, 300, [2; 16]);
        tx.set_due(OTHER, 100, [3; 16]);
        Ok(())
    });
    store.change(paul, |tx| {
        tx.set_due(QUEUE, 100, [4; 16]);
        tx.set_due(QUEUE, 150, [5; 16]);
        tx.clear_due(QUEUE, 150, [5; 16]);
        Ok(())
    });
    Facts::new(move |store| {
        let early = [(100, paul, [4; 16]), (200, marie, [1; 16])];
        assert_eq!(store.due(QUEUE, 200, 10).unwrap(), early);
        assert_eq!(store.due(QUEUE, 200, 1).unwrap(), early[..1]);
        assert_eq!(store.due(QUEUE, 99, 10).unwrap(), []);
        assert_eq!(store.due(QUEUE, 1000, 10).unwrap().len(), 3);
    })
}

fn an_erased_account_has_nothing_due(store: &Bench) -> Facts {
    let (marie, paul) = (store.account("marie"), store.account("paul"));
    for account in [marie, paul] {
        store.change(account, |tx| {
            tx.set_due(QUEUE, 100, [1; 16]);
            Ok(())
        });
    }
    store.erase_account(Actor::SYSTEM, marie).unwrap();
    let nobody = MailboxId::from_bytes([1; 16]);
    let refused = store.delete_mailbox_blocking(Actor::SYSTEM, marie, nobody);
    assert_error!(refused.unwrap_err(), StoreError::NoSuchAccount);
    Facts::new(move |store| {
        assert_eq!(store.due(QUEUE, 1000, 10).unwrap(), [(100, paul, [1; 16])]);
    })
}
