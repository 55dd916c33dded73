//! Every stored form, as octets: a change of one without a new version fails here (STYLE, rule 22).
//!
//! When a test fails, a format has changed. Do not change the line: give the record a new version,
//! read this form in its [`Record::upgrade`], and add a line for the new one.

use super::Record;
use super::account::*;
use super::body_reference::{BodyReference, Holder};
use super::change::{Change, ChangeKind, Places, Removed};
use super::consumer::Cursor;
use super::fingerprint::Fingerprint;
use super::flags::{FlagPage, Flags};
use super::keyword::{GivenBit, Keyword};
use super::mailbox::{Mailbox, MailboxName, MailboxState, SpecialUse};
use super::message::{Message, Structure};
use super::placement::Placement;
use super::principal::{Grant, Principal, PrincipalKind, Rights};
use super::service::ServiceRecord;
use super::thread::Named;
use crate::actor::{Actor, Through};
use crate::id::*;
use crate::message::{Address, Disposition, Encoding, Envelope, Param, Part, PartKind, Raw};
use domain::{InsReading, MailboxKind, Mode};
use serde::Serialize;
use serde::de::DeserializeOwned;

const fn octets<const N: u8>() -> [u8; 16] {
    [N; 16]
}

/// A record is stored as these octets, and they read as the record.
#[track_caller]
fn record<R: Record>(record: &R, stored: &str) {
    assert_eq!(hex::encode(record.encode().unwrap()), stored);
    let read = R::decode(&hex::decode(stored).unwrap()).unwrap();
    assert_eq!(hex::encode(read.encode().unwrap()), stored);
}

/// So for a value inside records.
#[track_caller]
fn value<T: Serialize + DeserializeOwned>(value: &T, stored: &str) {
    assert_eq!(hex::encode(postcard::to_stdvec(value).unwrap()), stored);
    let read: T = postcard::from_bytes(&hex::decode(stored).unwrap()).unwrap();
    assert_eq!(hex::encode(postcard::to_stdvec(&read).unwrap()), stored);
}

#[test]
fn variants_keep_their_numbers() {
    use ChangeKind::*;
    value(
        &[
            Arrived,
            Copied,
            Moved,
            Flags,
            Expunged,
            MailboxCreated,
            MailboxChanged,
            MailboxDeleted,
            RecordChanged,
        ],
        "000102030405060708",
    );
    value(&[LifeCycle::Live, LifeCycle::Erasing, LifeCycle::Erased], "000102");
    use AccountState::*;
    value(&[Invited, Created, Active, Objected, Closed], "0001020304");
    use SpecialUse::*;
    value(&[Archive, Drafts, Junk, Sent, Trash], "0001020304");
    use PrincipalKind::*;
    value(&[Person, Application, Administrator], "000102");
    use Through as T;
    value(
        &[T::System, T::Administration, T::Reception, T::Submission, T::Imap, T::Web, T::Api],
        "00010203040506",
    );
    let [message, document] =
        [Holder::Message(MessageId::from_bytes(octets::<1>())), Holder::Record(octets::<2>())];
    value(&message, "0001010101010101010101010101010101");
    value(&document, "0102020202020202020202020202020202");
    value(&Encoding::SevenBit, "00");
    value(&Encoding::EightBit, "01");
    value(&Encoding::Binary, "02");
    value(&Encoding::QuotedPrintable, "03");
    value(&Encoding::Base64, "04");
    value(&Encoding::Other("x-uue".into()), "0505782d757565");
    value(&Address::GroupStart("g".into()), "010167");
    value(&Address::GroupEnd, "02");
    value(&MailboxKind::ALL.to_vec(), "0503504552034f5247034150500343414207434954495a454e");
}

fn envelope() -> Envelope {
    let raw = |text: &str| Some(Raw::from(text));
    let somebody = |name: &str| {
        let (mailbox, host) = (name.into(), "h".into());
        vec![Address::Mailbox { name: raw(name), route: None, mailbox, host }]
    };
    Envelope {
        date: raw("d"),
        subject: raw("s"),
        from: somebody("f"),
        sender: somebody("e"),
        reply_to: somebody("r"),
        to: somebody("t"),
        cc: somebody("c"),
        bcc: somebody("b"),
        in_reply_to: raw("<i>"),
        message_id: raw("<m>"),
        references: vec!["r@h".into()],
    }
}

fn leaf() -> Part {
    let params = vec![Param { name: "p".into(), value: "v".into() }];
    let raw = |text: &str| Some(Raw::from(text));
    Part {
        media_type: "text".into(),
        media_subtype: "plain".into(),
        params: params.clone(),
        encoding: Encoding::Base64,
        id: raw("<i>"),
        description: raw("d"),
        md5: raw("5"),
        disposition: Some(Box::new(Disposition { kind: "inline".into(), params })),
        languages: vec!["fr".into()],
        location: raw("l"),
        header_start: 1,
        body_start: 2,
        body_end: 300,
        lines: 3,
        kind: PartKind::Leaf,
    }
}

#[test]
fn messages() {
    let structure = |kind: PartKind| {
        let part = Part { kind, ..leaf() };
        Structure { part, header: b"A: b\r\n".to_vec(), header_cut: true }
    };
    record(
        &structure(PartKind::Leaf),
        "01047465787405706c61696e01017001760401033c693e0101640101350106696e6c696e65010170\
         01760102667201016c0102ac02030006413a20620d0a01",
    );
    record(
        &structure(PartKind::Multipart { children: vec![Part::default()] }),
        "01047465787405706c61696e01017001760401033c693e0101640101350106696e6c696e65010170\
         01760102667201016c0102ac0203010100000000000000000000000000000006413a20620d0a01",
    );
    let (envelope, child) = (Box::new(envelope()), Box::<Part>::default());
    record(
        &structure(PartKind::Message { envelope: envelope.clone(), child }),
        "01047465787405706c61696e01017001760401033c693e0101640101350106696e6c696e65010170\
         01760102667201016c0102ac02030201016401017301000101660001660168010001016500016501\
         68010001017200017201680100010174000174016801000101630001630168010001016200016201\
         6801033c693e01033c6d3e010372406800000000000000000000000000000006413a20620d0a01",
    );
    let message = Message {
        body: BodyId::from_bytes(octets::<1>()),
        size: 1000,
        received: 1_800_000_000_000,
        sent: Some(-1),
        thread: ThreadId::from_bytes(octets::<2>()),
        attachments: 2,
        envelope: *envelope,
        preview: "p".into(),
    };
    record(
        &message,
        "0101010101010101010101010101010101e80780c0e285e368010102020202020202020202020202\
         02020202010164010173010001016600016601680100010165000165016801000101720001720168\
         01000101740001740168010001016300016301680100010162000162016801033c693e01033c6d3e\
         01037240680170",
    );
    let holders = vec![Holder::Record(octets::<3>())];
    record(
        &BodyReference { key: [9; 32], len: 1000, holders },
        "010909090909090909090909090909090909090909090909090909090909090909e8070101030303\
         03030303030303030303030303",
    );
    let message = MessageId::from_bytes(octets::<4>());
    record(
        &Placement { message, size: 1000, internal_date: -1, saved: 1_800_000_000 },
        "0104040404040404040404040404040404e8070180c8ceb40d",
    );
    record(
        &Named { thread: ThreadId::from_bytes(octets::<2>()), holders: 3 },
        "010202020202020202020202020202020203",
    );
    let queue_id = QueueId::from_bytes(octets::<5>());
    record(
        &Fingerprint { queue_id, expires: 1_800_000_000 },
        "010505050505050505050505050505050580c8ceb40d",
    );
}

#[test]
fn mailboxes() {
    let keyword = Keyword::new("$Forwarded").unwrap();
    let name = MailboxName::new("A/B").unwrap();
    let mailbox = Mailbox {
        name: name.clone(),
        uid_validity: 7,
        special_use: Some(SpecialUse::Trash),
        bits: vec![GivenBit { keyword, asked: 1_800_000_000 }],
    };
    record(&mailbox, "0103412f42070104010a24466f7277617264656480c8ceb40d");
    record(&name, "0103412f42");
    record(&MailboxId::from_bytes(octets::<1>()), "0101010101010101010101010101010101");
    let state = MailboxState {
        uid_next: 1,
        exists: 2,
        unseen: 3,
        deleted: 4,
        octets: 5,
        highest_mod_seq: 6,
        recent_from: 7,
    };
    record(&state, "0101020304050607");
    let mut page = FlagPage::default();
    page.set(257, Flags::SEEN.and(Flags::keyword(0).unwrap()), 1000);
    record(&page, "0101018102e807");
    let system = [Flags::SEEN, Flags::ANSWERED, Flags::FLAGGED, Flags::DELETED, Flags::DRAFT];
    value(&system, "0102040810");
}

#[test]
fn accounts() {
    let account = AccountId::from_bytes(octets::<1>());
    let principal = PrincipalId::from_bytes(octets::<2>());
    let found_by = vec![vec![0, 3], vec![0, 4]];
    record(
        &Registration { slot: 300, life_cycle: LifeCycle::Erasing, found_by },
        "01ac020102020003020004",
    );
    let ins = InsReading::read("246037433000253", "1.2.250.1.213.1.4.10", Mode::Test).unwrap();
    let citizen = Account {
        address: "marie@patient.example".parse().unwrap(),
        kind: MailboxKind::Citizen,
        state: AccountState::Active,
        ins: Some(ins),
        traits: None,
        created: 1_800_000_000,
    };
    record(
        &citizen,
        "01156d617269654070617469656e742e6578616d706c6507434954495a454e0201000f3234363033\
         3734333330303032353314312e322e3235302e312e3231332e312e342e31300080c8ceb40d",
    );
    let counters = Counters {
        mod_seq: 1,
        floor: 2,
        uid_validity: 3,
        mailboxes: 4,
        subscriptions: 5,
        messages: 6,
        octets: 7,
        quota: u64::MAX,
    };
    record(&counters, "0101020304050607ffffffffffffffffff01");
    record(
        &Found { account, principal: Some(principal) },
        "01010101010101010101010101010101010102020202020202020202020202020202",
    );
    let kind = PrincipalKind::Application;
    record(&Principal { kind, name: "n".into(), login: Some("l".into()) }, "0101016e01016c");
    record(&Grant { rights: Rights::ALL, owner: true, from: 1, until: Some(2) }, "010f01020104");
    record(&Cursor { mod_seq: 300 }, "01ac02");
    record(&ServiceRecord(b"abc".to_vec()), "0103616263");
}

#[test]
fn changes() {
    let mailbox = MailboxId::from_bytes(octets::<1>());
    let message = MessageId::from_bytes(octets::<2>());
    let principal = PrincipalId::from_bytes(octets::<3>());
    let actor = Actor {
        principal: Some(principal),
        account: Some(AccountId::from_bytes(octets::<4>())),
        on_behalf_of: None,
        through: Through::Imap,
    };
    let uids = || [1, 2, 5].into_iter().collect();
    let change = Change {
        at: 1_800_000_000,
        actor,
        kind: ChangeKind::Moved,
        messages: vec![message],
        placed: vec![Places { mailbox, uids: uids() }],
        removed: vec![Removed { mailbox, uids: uids(), messages: vec![message] }],
        gone: vec![message],
        mailboxes: vec![mailbox],
    };
    record(
        &change,
        "0180c8ceb40d01030303030303030303030303030303030104040404040404040404040404040404\
         00040201020202020202020202020202020202020101010101010101010101010101010101020102\
         05050101010101010101010101010101010101020102050501020202020202020202020202020202\
         0201020202020202020202020202020202020101010101010101010101010101010101",
    );
}

#[test]
fn another_version_is_refused_unless_it_can_be_upgraded() {
    let mut stored = Cursor { mod_seq: 1 }.encode().unwrap();
    stored[0] = 200;
    assert!(matches!(Cursor::decode(&stored), Err(crate::StoreError::Format)));
    assert!(matches!(Cursor::decode(&[]), Err(crate::StoreError::Format)));
}
