//! Drives every target from its corpus with seeded mutations, for a minute in all.
//!
//! `PLI_FUZZ_SECONDS` is the budget of all targets together, `PLI_FUZZ_SEED` repeats a run. A failure
//! prints target, seed and the input made short, and how to keep it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says where to begin"
)]

use fuzz::{MAX_INPUT, Mutator, TARGETS, Target};
use peak_alloc::PeakAlloc;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Seconds for all targets.
const SECONDS: f64 = 60.0;
/// The longest that one input of at most 64 KiB may take; the machine may be busy with others.
const MOST_TIME: Duration = Duration::from_secs(20);
/// Octets that one input may hold at once.
const MOST_MEMORY: usize = 256 << 20;
/// Tries to make a failing input shorter.
const SHORTENING: usize = 400;

fn number<T: std::str::FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

fn folder(target: &Target) -> PathBuf {
    PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("corpus").join(target.name)
}

fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let folder = folder(target);
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} has no corpus", target.name);
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

thread_local! {
    /// What the last panic of this thread said: most are caught, and nobody wants to read them.
    static PANICKED: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Why an input fails, if it does.
fn failure(target: &Target, input: &[u8]) -> Option<String> {
    let (begun, before) = (Instant::now(), MEMORY.current_usage());
    MEMORY.reset_peak_usage();
    let ran = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    let (took, held) = (begun.elapsed(), MEMORY.peak_usage().saturating_sub(before));
    if ran.is_err() {
        Some(PANICKED.with_borrow(Clone::clone))
    } else if took > MOST_TIME {
        Some(format!("it took {took:?}"))
    } else if held > MOST_MEMORY {
        Some(format!("it held {} MiB", held >> 20))
    } else {
        None
    }
}

/// A shorter input that fails as well.
fn shortened(target: &Target, input: &[u8]) -> Vec<u8> {
    let (mut found, mut piece, mut at) = (input.to_vec(), input.len() / 2, 0);
    for _ in 0..SHORTENING {
        if piece == 0 {
            break;
        }
        let mut shorter = found.clone();
        shorter.drain(at.min(found.len())..(at + piece).min(found.len()));
        if shorter.len() < found.len() && failure(target, &shorter).is_some() {
            found = shorter;
        } else {
            at += piece;
        }
        if at >= found.len() {
            (at, piece) = (0, piece / 2);
        }
    }
    found
}

fn report(target: &Target, seed: u64, input: &[u8], why: &str) -> String {
    let (name, hex) = (target.name, hex::encode(input));
    let file = folder(target).join(format!("found-{seed}"));
    format!(
        "target {name}, seed {seed}: {why}\ninput ({} octets): {hex}\nkeep it, once it is mended:\n\
         printf {hex} | xxd -r -p > {}\n",
        input.len(),
        file.display()
    )
}

/// Ends the process with a report when an input does not come to an end.
fn watch(target: &Target, seed: u64) -> mpsc::Sender<Vec<u8>> {
    let (sender, receiver) = mpsc::channel::<Vec<u8>>();
    let target = *target;
    std::thread::spawn(move || {
        let Ok(mut input) = receiver.recv() else { return };
        loop {
            match receiver.recv_timeout(2 * MOST_TIME) {
                Ok(next) => input = next,
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    eprintln!("{}", report(&target, seed, &input, "it does not come to an end"));
                    std::process::exit(101);
                }
            }
        }
    });
    sender
}

fn drive(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let seed = number("PLI_FUZZ_SEED").unwrap_or(now.as_secs());
    let seconds: f64 = number("PLI_FUZZ_SECONDS").unwrap_or(SECONDS);
    let budget = Duration::from_secs_f64(seconds / TARGETS.len() as f64);
    let corpus = corpus(target);
    std::panic::set_hook(Box::new(|panic| PANICKED.set(panic.to_string())));
    let (mut mutator, watched, begun) = (Mutator::new(seed), watch(target, seed), Instant::now());
    let (mut inputs, mut kept) = (0_u64, corpus.iter());
    while let Some(input) = kept.next().cloned().or_else(|| {
        let one = &corpus[mutator.place(corpus.len())];
        let other = &corpus[mutator.place(corpus.len())];
        let made = mutator.mutate(one, other, target.words);
        (begun.elapsed() < budget).then_some(made)
    }) {
        assert!(input.len() <= MAX_INPUT, "an input of the corpus is too long");
        watched.send(input.clone()).unwrap();
        if let Some(why) = failure(target, &input) {
            let input = shortened(target, &input);
            eprintln!("{}", report(target, seed, &input, &failure(target, &input).unwrap_or(why)));
            panic!("{name} fails");
        }
        inputs += 1;
    }
    println!("{name}: seed {seed}, {inputs} inputs in {:?}", begun.elapsed());
}

macro_rules! targets {
    ($($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            drive(stringify!($name));
        })*

        #[test]
        fn every_target_is_driven() {
            let driven = [$(stringify!($name)),*];
            let named: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(named, driven);
        }
    };
}

targets![
    address,
    dn,
    identity,
    smtp_command,
    smtp_framing,
    smtp_server,
    smtp_client,
    imap_framing,
    imap_grammar,
    imap_session,
    imap_message,
    message,
    header,
    text,
    html,
    cda,
    xdm,
    xds,
    certificate,
    crl,
    pem,
    pkcs12,
    domain_list,
    extraction,
    exchange,
    store,
    delivery,
];
