//! One complete command line, read into a [`Command`].
//!
//! The grammar is that of `smtp-proto`. It is lenient in places where this side cannot be, so a line passes our
//! own gate first, and three things are read here:
//! - the *path* (see [`super::path`]) and the free text of ENVID, ORCPT and AUTH=, which it gives without what tells
//!   one text from another;
//! - the *count of BDAT*: a number of more than 19 digits comes back as a small one, and a wrong count makes commands
//!   of a message;
//! - how many words a command has, whether a parameter stands twice, and whether we offer it.
//!
//! Invariants: a command has all that its clause asks for and nothing more. Failure: [`CommandError`].

use domain::AddressError;
use smtp_proto as proto;
use zeroize::Zeroizing;

use super::params::{EnvelopeId, MailParams, Notify, OriginalRecipient, RcptParams, Ret};
use super::path::{self, Path};
use super::xtext;

/// A command with its arguments.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Greeting with extensions: the peer's name for itself.
    // RFC 5321 §4.1.1.1
    Ehlo(String),
    /// Greeting without extensions.
    // RFC 5321 §4.1.1.1
    Helo(String),
    /// A transaction begins.
    // RFC 5321 §4.1.1.2
    Mail(Path, MailParams),
    /// One more recipient.
    // RFC 5321 §4.1.1.3
    Rcpt(Path, RcptParams),
    /// The message comes next, up to its dot.
    // RFC 5321 §4.1.1.4
    Data,
    /// So many octets of the message come next.
    // RFC 3030 §2
    Bdat {
        /// How many.
        octets: u64,
        /// They are the last.
        last: bool,
    },
    /// Forget the transaction.
    // RFC 5321 §4.1.1.5
    Rset,
    /// Ask whether an address exists.
    // RFC 5321 §4.1.1.6
    Vrfy,
    /// Ask for help.
    // RFC 5321 §4.1.1.8
    Help,
    /// Nothing.
    // RFC 5321 §4.1.1.9
    Noop,
    /// The end.
    // RFC 5321 §4.1.1.10
    Quit,
    /// TLS from here on.
    // RFC 3207 §4
    StartTls,
    /// Authentication, with its first response.
    // RFC 4954 §4
    Auth(Mechanism, Option<InitialResponse>),
}

/// A mechanism of authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// Name and password.
    // RFC 4616 §2
    Plain,
    /// The certificate of the TLS connection.
    // RFC 4422 §A
    External,
    /// Any other.
    Other,
}

/// The response that came with AUTH: base64, silent in `Debug`, wiped when dropped.
#[derive(PartialEq, Eq)]
pub struct InitialResponse(pub Zeroizing<String>);

impl std::fmt::Debug for InitialResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InitialResponse(…)")
    }
}

/// Which parameters are offered, so that others can be refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct Offered {
    /// EHLO was said: extensions count at all.
    pub extensions: bool,
    /// AUTH is offered, and with it the parameter of MAIL.
    pub auth: bool,
}

/// Why a line is no command that can be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// No such command.
    #[error("unknown command")]
    Unknown,
    /// A command of some standard that this server does not have.
    #[error("command not implemented")]
    NotImplemented,
    /// Octets that are not UTF-8, or not ASCII where they must be.
    #[error("characters that the command cannot have")]
    Characters,
    /// Arguments missing, wrong or too many; the right form.
    #[error("syntax: {0}")]
    Syntax(&'static str),
    /// The count of BDAT cannot be read: what follows on the wire cannot be told apart any more.
    #[error("the count of octets cannot be read")]
    Count,
    /// A parameter that is not offered.
    #[error("parameter not offered")]
    Parameter,
    /// A parameter that stands twice, or whose value is wrong.
    #[error("wrong value of a parameter")]
    ParameterValue,
    /// The sender is no address.
    #[error("the sender is no address")]
    Sender(#[source] AddressError),
    /// The recipient is no address.
    #[error("the recipient is no address")]
    Recipient(#[source] AddressError),
}

const EHLO: &str = "EHLO domain";
const HELO: &str = "HELO domain";
const MAIL: &str = "MAIL FROM:<address> [parameters]";
const RCPT: &str = "RCPT TO:<address> [parameters]";
const AUTH: &str = "AUTH mechanism [initial-response]";
const VRFY: &str = "VRFY string";
/// The commands that take no argument.
const ALONE: [&str; 4] = ["DATA", "RSET", "QUIT", "STARTTLS"];

/// Longest name that a peer may give itself.
// RFC 5321 §4.5.3.1.2
const MAX_HOST: usize = 255;

/// Most digits of a count.
// RFC 1870 §3
const MAX_DIGITS: usize = 20;

impl Command {
    /// Reads a line without its CRLF.
    ///
    /// # Errors
    /// Why it is no command that can be carried out.
    pub fn read(line: &[u8], offered: Offered) -> Result<Self, CommandError> {
        let line = std::str::from_utf8(line).map_err(|_| CommandError::Characters)?;
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            // The grammar skips blanks before a verb.
            "" => return Err(CommandError::Unknown),
            "MAIL" => return read_mail(rest, offered),
            "RCPT" => return read_rcpt(rest, offered),
            "BDAT" => return read_bdat(rest),
            alone if ALONE.contains(&alone) && !rest.trim_matches(' ').is_empty() => {
                return Err(CommandError::Syntax("no argument"));
            }
            _ => {}
        }
        let whole = Zeroizing::new([line.as_bytes(), b"\r\n"].concat());
        match proto::Request::parse(&mut whole.iter()).map_err(of_grammar)? {
            proto::Request::Ehlo { .. } => read_host(rest, EHLO).map(Self::Ehlo),
            proto::Request::Helo { .. } => read_host(rest, HELO).map(Self::Helo),
            proto::Request::Auth { mechanism, .. } => read_auth(mechanism, rest),
            proto::Request::Noop { .. } => Ok(Self::Noop),
            proto::Request::Help { .. } => Ok(Self::Help),
            proto::Request::Vrfy { .. } => Ok(Self::Vrfy),
            proto::Request::Data => Ok(Self::Data),
            proto::Request::Rset => Ok(Self::Rset),
            proto::Request::Quit => Ok(Self::Quit),
            proto::Request::StartTls => Ok(Self::StartTls),
            proto::Request::Expn { .. }
            | proto::Request::Etrn { .. }
            | proto::Request::Atrn { .. }
            | proto::Request::Burl { .. }
            | proto::Request::Lhlo { .. } => Err(CommandError::NotImplemented),
            // Read above.
            proto::Request::Mail { .. }
            | proto::Request::Rcpt { .. }
            | proto::Request::Bdat { .. } => Err(CommandError::Unknown),
        }
    }
}

/// What the grammar says of commands without paths.
fn of_grammar(error: proto::Error) -> CommandError {
    match error {
        proto::Error::SyntaxError { syntax: "EHLO domain" } => CommandError::Syntax(EHLO),
        proto::Error::SyntaxError { syntax: "HELO domain" } => CommandError::Syntax(HELO),
        proto::Error::SyntaxError { syntax: "VRFY string" } => CommandError::Syntax(VRFY),
        proto::Error::SyntaxError { syntax: AUTH } => CommandError::Syntax(AUTH),
        // EXPN and its like, without their arguments.
        proto::Error::SyntaxError { .. } => CommandError::NotImplemented,
        _ => CommandError::Unknown,
    }
}

/// A domain or an address literal. What programs call themselves is often neither (`_`, a bare number), so only
/// its characters are checked: it stands in trace headers later.
// RFC 5321 §4.1.3
fn read_host(text: &str, syntax: &'static str) -> Result<String, CommandError> {
    let host = text.trim_matches(' ');
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
    if host.is_empty() || host.len() > MAX_HOST || !host.bytes().all(plain) {
        return Err(CommandError::Syntax(syntax));
    }
    Ok(host.to_owned())
}

// RFC 4954 §4
fn read_auth(mechanism: u64, rest: &str) -> Result<Command, CommandError> {
    let mut words = rest.split(' ').filter(|word| !word.is_empty());
    let (response, more) = (words.nth(1), words.next());
    if more.is_some() || !rest.is_ascii() {
        return Err(CommandError::Syntax(AUTH));
    }
    let mechanism = match mechanism {
        proto::AUTH_PLAIN => Mechanism::Plain,
        proto::AUTH_EXTERNAL => Mechanism::External,
        _ => Mechanism::Other,
    };
    let response = response.map(|text| InitialResponse(Zeroizing::new(text.to_owned())));
    Ok(Command::Auth(mechanism, response))
}

// RFC 3030 §2
fn read_bdat(rest: &str) -> Result<Command, CommandError> {
    let mut words = rest.split(' ').filter(|word| !word.is_empty());
    let octets = words.next().and_then(read_count).ok_or(CommandError::Count)?;
    let last = match (words.next(), words.next()) {
        (None, _) => false,
        (Some(last), None) if last.eq_ignore_ascii_case("LAST") => true,
        _ => return Err(CommandError::Count),
    };
    Ok(Command::Bdat { octets, last })
}

/// Digits; a number beyond 64 bits is as large as they are.
fn read_count(text: &str) -> Option<u64> {
    let digits = (1..=MAX_DIGITS).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

/// A parameter's keyword and value.
type Param<'a> = (&'a str, Option<&'a str>);

/// `FROM:` or `TO:`, then path and parameters. A blank after the colon is common and let through.
fn read_path<'a>(rest: &'a str, word: &str) -> Option<(&'a str, Vec<Param<'a>>)> {
    let (head, tail) = rest.trim_start_matches(' ').split_once(':')?;
    if !head.eq_ignore_ascii_case(word) {
        return None;
    }
    let (path, params) = path::split(tail.trim_start_matches(' '))?;
    let words = params.split(' ').filter(|word| !word.is_empty());
    let params = words.map(|word| match word.split_once('=') {
        Some((key, value)) => (key, Some(value)),
        None => (word, None),
    });
    Some((path, params.collect()))
}

/// One value of each parameter, and only of those that are offered.
// RFC 5321 §4.1.1.11
fn check_params(params: &[Param<'_>], offered: &[&str]) -> Result<(), CommandError> {
    for (index, (key, _)) in params.iter().enumerate() {
        if !offered.iter().any(|one| one.eq_ignore_ascii_case(key)) {
            return Err(CommandError::Parameter);
        }
        if params.iter().take(index).any(|(earlier, _)| earlier.eq_ignore_ascii_case(key)) {
            return Err(CommandError::ParameterValue);
        }
    }
    Ok(())
}

fn read_mail(rest: &str, offered: Offered) -> Result<Command, CommandError> {
    let (path, params) = read_path(rest, "FROM").ok_or(CommandError::Syntax(MAIL))?;
    let keys: &[&str] = match offered {
        Offered { extensions: false, .. } => &[],
        Offered { auth: false, .. } => &["SIZE", "BODY", "SMTPUTF8", "RET", "ENVID"],
        Offered { auth: true, .. } => &["SIZE", "BODY", "SMTPUTF8", "RET", "ENVID", "AUTH"],
    };
    check_params(&params, keys)?;
    let mut read = MailParams::default();
    for (key, value) in params {
        let wrong = CommandError::ParameterValue;
        match (key.to_ascii_uppercase().as_str(), value) {
            // RFC 1870 §3
            ("SIZE", Some(value)) => read.size = Some(read_count(value).ok_or(wrong)?),
            // RFC 3461 §4.4
            ("ENVID", Some(value)) => read.envid = Some(EnvelopeId::read(value).ok_or(wrong)?),
            // Checked and not kept: nobody here is trusted to speak for another.
            // RFC 4954 §5
            ("AUTH", Some(value)) => _ = xtext::decode(value).ok_or(wrong)?,
            _ => apply_mail_param(&mut read, key, value)?,
        }
    }
    let path = Path::read(path).map_err(CommandError::Sender)?;
    Ok(Command::Mail(path, read))
}

/// BODY, SMTPUTF8 and RET, by the grammar.
fn apply_mail_param(
    read: &mut MailParams,
    key: &str,
    value: Option<&str>,
) -> Result<(), CommandError> {
    let line = with_param("MAIL FROM:<>", key, value);
    let Ok(proto::Request::Mail { from }) = proto::Request::parse(&mut line.as_bytes().iter())
    else {
        return Err(CommandError::ParameterValue);
    };
    match from.flags {
        proto::MAIL_BODY_7BIT => {}
        // RFC 6152 §3
        proto::MAIL_BODY_8BITMIME => read.eight_bit = true,
        // RFC 6531 §3.4
        proto::MAIL_SMTPUTF8 => read.smtputf8 = true,
        // RFC 3461 §4.3
        proto::MAIL_RET_FULL => read.ret = Some(Ret::Full),
        proto::MAIL_RET_HDRS => read.ret = Some(Ret::Headers),
        // BINARYMIME is not offered.
        _ => return Err(CommandError::ParameterValue),
    }
    Ok(())
}

fn read_rcpt(rest: &str, offered: Offered) -> Result<Command, CommandError> {
    let (path, params) = read_path(rest, "TO").ok_or(CommandError::Syntax(RCPT))?;
    check_params(&params, if offered.extensions { &["NOTIFY", "ORCPT"] } else { &[] })?;
    let mut read = RcptParams::default();
    for (key, value) in params {
        let wrong = CommandError::ParameterValue;
        match (key.to_ascii_uppercase().as_str(), value) {
            // RFC 3461 §4.2
            ("ORCPT", Some(value)) => {
                read.orcpt = Some(OriginalRecipient::read(value).ok_or(wrong)?);
            }
            _ => read.notify = Some(read_notify(key, value)?),
        }
    }
    let path = Path::read(path).map_err(CommandError::Recipient)?;
    Ok(Command::Rcpt(path, read))
}

// RFC 3461 §4.1
fn read_notify(key: &str, value: Option<&str>) -> Result<Notify, CommandError> {
    let line = with_param("RCPT TO:<>", key, value);
    let Ok(proto::Request::Rcpt { to }) = proto::Request::parse(&mut line.as_bytes().iter()) else {
        return Err(CommandError::ParameterValue);
    };
    let has = |flag| to.flags & flag != 0;
    let when = Notify {
        success: has(proto::RCPT_NOTIFY_SUCCESS),
        failure: has(proto::RCPT_NOTIFY_FAILURE),
        delay: has(proto::RCPT_NOTIFY_DELAY),
    };
    match to.flags {
        // NEVER stands alone; the grammar lets it be first.
        proto::RCPT_NOTIFY_NEVER => Ok(Notify::NEVER),
        0 => Err(CommandError::ParameterValue),
        _ if has(proto::RCPT_NOTIFY_NEVER) => Err(CommandError::ParameterValue),
        _ => Ok(when),
    }
}

fn with_param(command: &str, key: &str, value: Option<&str>) -> String {
    match value {
        Some(value) => format!("{command} {key}={value}\r\n"),
        None => format!("{command} {key}\r\n"),
    }
}

#[cfg(test)]
mod tests;
