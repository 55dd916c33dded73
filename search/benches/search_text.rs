//! SEARCH TEXT of a rare word on 50,000 messages: what the index does of it.
//!
//! ```text
//! cargo bench -p search --bench search_text [-- DIR]
//! ```
//! One account of 50,000 letters of about a kilobyte (French sentences of 3,000 words, with trace and
//! Message-ID fields of their own), beside nine others of 1,000, on the real disk. Printed: the time
//! and processor time to put them in, octets on the disk, and for each kind of question the median and
//! the worst of many, candidates confirmed on their texts as the IMAP session does it.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench prints, and fails by panicking"
)]

use domain::{MailboxKind, SystemClock};
use mailstore::disk::RealDisk;
use mailstore::message::{digest_of, fold};
use mailstore::model::account::{AccountState, NewAccount};
use mailstore::model::flags::Flags;
use mailstore::model::message::{NewMessage, Prepared};
use mailstore::{AccountId, Actor, Embedding, Secret, Store, StoreError, SystemRandom, Together};
use search::{CONSUMER, NoPdf, Search, SearchParts};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const MESSAGES: usize = 50_000;
const OTHERS: usize = 9;
const OF_OTHERS: usize = 1_000;
const GROUP: usize = 500;
const TURNS: usize = 50;

fn main() {
    let base = std::env::args().skip(1).find(|arg| !arg.starts_with("--"));
    let base = base.map_or_else(std::env::temp_dir, Into::into);
    let dir = base.join(format!("pli-search-text-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    measure(&dir);
    fs::remove_dir_all(&dir).unwrap();
}

fn measure(dir: &Path) {
    let store = open(&dir.join("store"));
    let search = Search::open(SearchParts {
        store: store.clone(),
        disk: Arc::new(RealDisk),
        dir: dir.join("search"),
        operator_key: Secret::from_bytes([7; 32]),
        random: Arc::new(SystemRandom),
        pdf: Arc::new(NoPdf),
    })
    .unwrap();
    let mut words = Words(1);
    for n in 0..OTHERS {
        let other = account(&store, &format!("other{n}"));
        fill(&store, other, OF_OTHERS, &mut words);
    }
    let account = account(&store, "marie");
    fill(&store, account, MESSAGES, &mut words);

    let (begun, used) = (Instant::now(), processor());
    search.catch_up().unwrap();
    let all = (MESSAGES + OTHERS * OF_OTHERS) as f64;
    let each = (processor() - used).as_secs_f64() * 1e6 / all;
    println!("put in: {:.1} s, {each:.0} us of processor a message", begun.elapsed().as_secs_f64());
    let files = fs::read_dir(dir.join("search")).unwrap().map(|it| it.unwrap().metadata().unwrap());
    let (count, octets) = files.fold((0, 0), |(n, sum), it| (n + 1, sum + it.len()));
    println!("on the disk: {count} files, {:.0} octets a message", octets as f64 / all);

    println!(
        "{:>34} {:>8} {:>10} {:>10} {:>10}",
        "question", "found", "first ms", "median ms", "worst ms"
    );
    for (name, text) in [
        ("a rare word", "xylophageux"),
        ("a part inside a rare word", "lophag"),
        ("a rare Message-ID", "<40001.pli@bench.example>"),
        ("three words in a row", "le xylophageux du"),
        ("nothing", "zzzyx"),
    ] {
        let mut times = Vec::new();
        let mut found = 0;
        for _ in 0..TURNS {
            let begun = Instant::now();
            found = holding(&store, &search, account, text);
            times.push(begun.elapsed());
        }
        let first = times[0];
        times.sort();
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        println!(
            "{name:>34} {found:>8} {:>10.2} {:>10.2} {:>10.2}",
            ms(first),
            ms(times[TURNS / 2]),
            ms(times[TURNS - 1])
        );
    }
    let begun = Instant::now();
    let view = store.view(account).unwrap();
    let found = search.find(&view, "xylophageux", 50, &|_| Ok(false)).unwrap().messages.len();
    println!(
        "{:>34} {found:>8} {:>10.2}",
        "a person's question",
        begun.elapsed().as_secs_f64() * 1e3
    );
}

/// How many messages hold a text: candidates, each confirmed.
fn holding(store: &Store, search: &Search, account: AccountId, text: &str) -> usize {
    let view = store.view(account).unwrap();
    let among = search.among(&view, text).unwrap().unwrap();
    let text = fold(text);
    let holds = |octets: &[u8]| {
        fold(&String::from_utf8_lossy(octets)).contains(&text)
            || search.text(octets).contains(&text)
    };
    let read = |id| {
        let places = view.places_of(id).unwrap();
        assert!(!places.is_empty());
        store.body(&view, view.message(id).unwrap().body).unwrap().read_all().unwrap()
    };
    among.into_iter().filter(|id| holds(&read(*id))).count()
}

/// Processor time of this process.
fn processor() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

fn open(dir: &Path) -> Store {
    let embedding = Embedding {
        disk: Arc::new(RealDisk),
        dir: dir.to_path_buf(),
        operator_key: Secret::from_bytes([7; 32]),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        consumers: vec![CONSUMER],
    };
    Store::create(&embedding).unwrap();
    Store::open(embedding).unwrap().0
}

fn account(store: &Store, name: &str) -> AccountId {
    let new = NewAccount {
        address: format!("{name}@bench.example").parse().unwrap(),
        kind: MailboxKind::Personal,
        state: AccountState::Active,
        ins: None,
        traits: None,
        quota: u64::MAX,
        mailboxes: Vec::new(),
        owner: None,
    };
    store.create_account_blocking(Actor::SYSTEM, new).unwrap().account
}

/// Delivers letters, many to a commit group.
fn fill(store: &Store, account: AccountId, count: usize, words: &mut Words) {
    let mailbox = store.view(account).unwrap().inbox().unwrap();
    for first in (0..count).step_by(GROUP) {
        let (mut jobs, mut waiting) = (Together::default(), Vec::new());
        for number in first..first + GROUP {
            let octets = letter(number, words);
            let mut writer = store.body_writer().unwrap();
            writer.write(octets.as_bytes()).unwrap();
            let new = NewMessage {
                mailbox,
                body: writer.finish().unwrap(),
                content: Arc::new(Prepared::new(digest_of(&octets)).unwrap()),
                flags: Flags::NONE,
                internal_date: jiff::Timestamp::UNIX_EPOCH,
            };
            waiting.push(jobs.add::<_, StoreError, _>(Actor::RECEPTION, account, move |tx| {
                tx.add_message(&new)
            }));
        }
        store.submit(jobs);
        for one in waiting {
            let _ = one.wait().unwrap();
        }
    }
}

fn letter(number: usize, words: &mut Words) -> String {
    let trace = words.next() ^ words.next() << 20;
    let mut text = String::new();
    for at in 0..110 {
        // Words of a text are not equally frequent.
        let (a, b) = (words.next() % 3_000, words.next() % 3_000);
        text.push_str(&word(a.min(b)));
        text.push_str(if at % 12 == 11 { ".\r\n" } else { " " });
    }
    if number == 31_337 {
        text.push_str("le xylophageux du bois.\r\n");
    }
    format!(
        "Received: from mail{}.bench.example by mx.bench.example with ESMTPS id {trace:012x};\r\n\
         \tMon, 5 Jan 2026 09:{:02}:{:02} +0100\r\nFrom: Dr {} <p{}@bench.example>\r\n\
         To: marie@bench.example\r\nSubject: {} {}\r\nDate: Mon, 5 Jan 2026 09:{:02}:{:02} +0100\r\n\
         Message-ID: <{number}.pli@bench.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}",
        number % 7,
        number / 60 % 60,
        number % 60,
        word(number as u64 % 400),
        number % 400,
        word(number as u64 % 900),
        number,
        number / 60 % 60,
        number % 60,
    )
}

/// A word that looks like one.
fn word(mut number: u64) -> String {
    const PARTS: [&str; 15] = [
        "ra", "con", "té", "mi", "lou", "pè", "sur", "di", "an", "vre", "chi", "bo", "gle", "né",
        "to",
    ];
    let mut word = PARTS[(number % 15) as usize].to_owned();
    while number >= 15 {
        number /= 15;
        word.push_str(PARTS[(number % 15) as usize]);
    }
    word + "s"
}

/// A repeatable sequence.
struct Words(u64);

impl Words {
    fn next(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 40
    }
}
