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
mod config;
mod demo;
mod letter;
mod operator;
mod operator_key;
mod outbox;
mod serve;
mod services;
mod store;
mod trust;

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
    tracing_subscriber::fmt().with_writer(io::stderr).with_env_filter(log_filter()).init();
    let outcome = match args::Args::parse().command {
        args::Command::Demo(asked) => demo::run(&asked),
        args::Command::Serve(asked) => serve::run(&asked),
        args::Command::Account(command) => account::run(&command),
        args::Command::Letter(args::LetterCommand::Send(asked)) => letter::send(&asked),
        args::Command::Store(args::StoreCommand::Verify(asked)) => store::verify(&asked),
        args::Command::Services(command) => services::run(command),
        args::Command::Authority(command) => authority::run(command),
        args::Command::Trust(args::TrustCommand::Verify(asked)) => trust::verify(&asked),
        args::Command::ReadPdf => read_pdf(),
    };
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

fn log_filter() -> tracing_subscriber::EnvFilter {
    tracing_subscriber::EnvFilter::try_from_env("PLI_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"))
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
