//! The binary: command line, and nothing else.
//!
//! A command either does what it was asked and exits 0, or says in one sentence on standard error
//! what is in the way and what to do, with the chain of causes below it, and exits 1. What the
//! command line itself does not understand exits 2.

mod account;
mod accounts;
mod administration;
mod args;
mod authority;
mod completions;
mod config;
mod demo;
mod init;
mod letter;
mod logging;
mod operator;
mod operator_key;
mod outbox;
mod queue;
#[cfg(test)]
mod reference;
mod reload;
mod serve;
mod services;
mod store;
mod trust;

use administration::{Request, ask};
use clap::Parser;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        // What a panic says may hold what was being read: where it was is enough to find the defect.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a defect: a task of this program has broken off");
    }));
    let outcome = run(args::Args::parse().command);
    match outcome {
        Ok(code) => code,
        Err(error) => {
            // With standard error gone there is nobody left to tell.
            let _ = writeln!(io::stderr(), "{}", chain(&*error));
            ExitCode::FAILURE
        }
    }
}

fn read_pdf() -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    search::extract::pdf::read_as_child(io::stdin().lock(), io::stdout().lock())?;
    Ok(ExitCode::SUCCESS)
}

fn run(command: args::Command) -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    use args::Command;
    // An operator's log is as its configuration says; that of every other command is plain.
    if !matches!(&command, Command::Serve(_)) {
        logging::begin(logging::DEFAULT_LEVEL, logging::Format::Text)?;
    }
    match command {
        Command::Demo(asked) => demo::run(&asked),
        Command::Init(asked) => init::run(&asked),
        Command::Serve(asked) => serve::run(&asked),
        Command::Reload(asked) => ask(&asked.of, Request::Reload),
        Command::Account(command) => account::run(&command),
        Command::Queue(command) => queue::run(&command),
        Command::Letter(args::LetterCommand::Send(asked)) => letter::send(&asked),
        Command::Store(args::StoreCommand::Verify(asked)) => store::verify(&asked),
        Command::Services(command) => services::run(command),
        Command::Authority(command) => authority::run(command),
        Command::Trust(args::TrustCommand::Verify(asked)) => trust::verify(&asked),
        Command::ReadPdf => read_pdf(),
        Command::Completions(asked) => completions::print(asked.shell),
    }
}

/// An error and its causes, a line each.
fn chain(error: &dyn Error) -> String {
    let mut text = format!("pli: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!("\n  because {cause}"));
        source = cause.source();
    }
    text
}
