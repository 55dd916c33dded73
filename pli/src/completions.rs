//! `pli completions`: what a shell needs to complete our command line.

use crate::args::Args;
use clap::CommandFactory;
use clap_complete::Shell;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

/// Prints the script for a shell.
pub(crate) fn print(shell: Shell) -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "pli", &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}
