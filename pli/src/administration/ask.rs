//! The asking side: the operator that runs, or the store itself.

use super::desk::Desk;
use super::frame::{self, MAX_ANSWER, MAX_REQUEST};
use super::request::{Answer, Request};
use super::socket::{SOCKET, reachable};
use crate::config::{Config, Names};
use clap::Args as ClapArgs;
use std::error::Error;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Names the configuration where the command line does not.
const VARIABLE: &str = "PLI_CONFIG";
/// Where it is looked for then.
const PLACES: [&str; 2] = ["pli.toml", "/etc/pli/pli.toml"];

/// Which operator is meant.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Where {
    /// The operator's configuration. Default: $PLI_CONFIG, else ./pli.toml, else /etc/pli/pli.toml.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The data directory of an operator that runs, in place of its configuration.
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    pub(crate) data: Option<PathBuf>,
}

impl Where {
    /// The configuration meant.
    pub(crate) fn config(&self) -> Outcome<PathBuf> {
        let named = self.config.clone().or_else(|| std::env::var_os(VARIABLE).map(Into::into));
        let found = || PLACES.iter().map(PathBuf::from).find(|place| place.exists());
        named.or_else(found).ok_or_else(|| {
            "which operator? Give --config FILE (none of $PLI_CONFIG, ./pli.toml and \
             /etc/pli/pli.toml is there)"
                .into()
        })
    }

    fn read(&self) -> Outcome<(Config, Names)> {
        Ok(Config::read(&self.config()?)?)
    }
}

/// Asks the operator, running or not; prints the answer.
pub(crate) fn ask(of: &Where, request: Request) -> Outcome<ExitCode> {
    if let Some(data) = &of.data {
        let answer = call(data, &request)?;
        return answer.ok_or_else(|| not_running(data)).and_then(print);
    }
    let (config, names) = of.read()?;
    match call(&config.operator.data, &request)? {
        Some(answer) => print(answer),
        None => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            let desk = Desk::at_rest(&config, names)?;
            print(runtime.block_on(desk.answer(request)))
        }
    }
}

/// Asks the operator whose data directory this is, if it runs; prints the answer.
pub(crate) fn ask_running(data: &Path, request: Request) -> Outcome<Option<ExitCode>> {
    call(data, &request)?.map(print).transpose()
}

fn not_running(data: &Path) -> Box<dyn Error + Send + Sync> {
    format!("no operator runs in {}; give --config to work on its store", data.display()).into()
}

/// None where nobody listens.
fn call(data: &Path, request: &Request) -> Outcome<Option<Answer>> {
    let path = data.join(SOCKET);
    let connected = reachable(&path).and_then(|(path, _folder)| UnixStream::connect(path));
    let mut stream = match connected {
        Ok(stream) => stream,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(format!("{} cannot be used: {error}", path.display()).into()),
    };
    let asked = frame::write_blocking(&mut stream, request, MAX_REQUEST)
        .and_then(|()| frame::read_blocking(&mut stream, MAX_ANSWER));
    match asked {
        Ok(answer) => Ok(Some(answer)),
        Err(error) => Err(format!("the operator that runs gave no answer: {error}").into()),
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

/// What a refusal says, with its causes.
#[derive(Debug)]
struct Refusal {
    reason: String,
    cause: Option<Box<Refusal>>,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.reason)
    }
}

impl Error for Refusal {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as _)
    }
}

fn print(answer: Answer) -> Outcome<ExitCode> {
    let (text, code) = match answer {
        Answer::Done(text) => (text, ExitCode::SUCCESS),
        Answer::Found(text) => (text, ExitCode::FAILURE),
        Answer::Refused(reasons) => {
            let chained = reasons
                .into_iter()
                .rev()
                .fold(None, |cause, reason| Some(Box::new(Refusal { reason, cause })));
            return Err(chained.map_or_else(|| "refused".into(), |refusal| refusal as _));
        }
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(code)
}
