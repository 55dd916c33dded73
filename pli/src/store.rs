//! `pli store`: looking after a store.

use crate::administration::{Answer, Request, ask_running};
use crate::args::VerifyArgs;
use crate::operator_key;
use mailstore::Store;
use mailstore::disk::{Disk, RealDisk};
use mailstore::verify::{Progress, Report};
use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// `pli store verify`.
pub(crate) fn verify(asked: &VerifyArgs) -> Outcome<ExitCode> {
    let data = asked.dir.parent().unwrap_or(Path::new("."));
    if let Some(code) = ask_running(data, Request::VerifyStore { quiet: asked.quiet })? {
        return Ok(code);
    }
    let beside = || data.join("operator.key");
    let key = operator_key::read(&asked.key.clone().unwrap_or_else(beside))?;
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let mut meter = Meter::new(!asked.quiet);
    let report =
        mailstore::verify::verify(&disk, &asked.dir, &key, &mut |progress| meter.show(progress))?;
    meter.clear();
    let mut out = io::stdout().lock();
    for finding in &report.findings {
        writeln!(out, "{finding}")?;
    }
    if !asked.quiet {
        write!(out, "{}", summary(&report))?;
    }
    Ok(if report.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The same of a store that this process has open.
pub(crate) async fn verify_open(store: &Store, quiet: bool) -> Outcome<Answer> {
    let store = store.clone();
    let work = move || mailstore::verify::verify_running(&store, &mut |_| {});
    let report = tokio::task::spawn_blocking(work).await??;
    let mut text = String::new();
    for finding in &report.findings {
        text.push_str(&format!("{finding}\n"));
    }
    if !quiet {
        text.push_str(&format!(
            "The operator runs: records and bodies were read; log and index are checked when it is \
             stopped.\n{}",
            summary(&report)
        ));
    }
    Ok(if report.findings.is_empty() { Answer::Done(text) } else { Answer::Found(text) })
}

fn summary(report: &Report) -> String {
    let tail = match report.torn_tail {
        true => "\nThe log ends in octets that a crash left behind; the next opening cuts them.",
        false => "",
    };
    let verdict = match report.findings.len() {
        0 => "Nothing is wrong.".to_owned(),
        1 => "1 thing is wrong; it is named above.".to_owned(),
        many => format!("{many} things are wrong; they are named above."),
    };
    let frames = match report.frames {
        0 => String::new(),
        frames => format!("{frames} frames, "),
    };
    format!(
        "{frames}{} accounts, {} messages, {} bodies of {} octets.{tail}\n{verdict}\n",
        report.accounts, report.messages, report.bodies, report.octets
    )
}

/// Shows on a terminal how far a long command has come, once a second.
struct Meter {
    on: bool,
    last: Instant,
    shown: bool,
}

impl Meter {
    fn new(wanted: bool) -> Self {
        Self { on: wanted && io::stderr().is_terminal(), last: Instant::now(), shown: false }
    }

    fn show(&mut self, progress: Progress) {
        if !self.on || self.last.elapsed() < Duration::from_secs(1) {
            return;
        }
        self.last = Instant::now();
        self.shown = true;
        // Progress that cannot be shown is no reason to stop.
        let _ = match progress {
            Progress::Frames(frames) => write!(io::stderr(), "\r{frames} frames read "),
            Progress::Accounts(accounts) => write!(io::stderr(), "\r{accounts} accounts checked "),
        };
    }

    fn clear(&mut self) {
        if self.shown {
            let _ = writeln!(io::stderr());
        }
    }
}
