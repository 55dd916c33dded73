//! Reading commands: tag and name here, the rest by imap-codec, or by a file of ours for what the codec lacks.
//!
//! Invariants: what was read is bounded by the framer, its nesting by [`reader::MAX_NESTING`]. Failure: [`Bad`], with
//! the tag if there was one.

pub mod append;
pub mod fetch;
pub mod list;
pub mod reader;
pub mod search;
pub mod set;
pub mod sort;
pub mod status;

use imap_codec::CommandCodec;
use imap_codec::decode::Decoder;
use imap_types::command::CommandBody;
use reader::Reader;

/// A command with its tag.
#[derive(Debug)]
pub struct Line {
    /// The tag.
    pub tag: String,
    /// The command.
    pub command: Command,
}

/// A command.
#[derive(Debug)]
pub enum Command {
    /// One that imap-codec reads.
    Standard(CommandBody<'static>),
    /// The same on the result of the last SEARCH, which stands for its sequence set.
    // RFC 5182 §2.1
    OnSaved(CommandBody<'static>),
    /// SEARCH, SORT and THREAD, of numbers or UIDs.
    Search(search::Search),
    /// LIST with all its extensions.
    List(list::List),
    /// FETCH and UID FETCH.
    Fetch(fetch::Fetch),
    /// STATUS.
    Status(status::Status),
}

/// A line that is no command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Bad {
    /// Its tag, if it has one.
    pub tag: Option<String>,
    /// What is wrong.
    pub text: &'static str,
}

/// Reads a command without its last line end.
pub fn read(line: &[u8]) -> Result<Line, Bad> {
    let mut reader = Reader::new(line);
    let Some(tag) = tag(&mut reader) else {
        return Err(Bad { tag: None, text: "A command begins with a tag" });
    };
    let bad = |text| Bad { tag: Some(tag.clone()), text };
    reader.space().ok_or_else(|| bad("A command's name is missing"))?;
    let mut name = reader.atom().unwrap_or_default().to_ascii_uppercase();
    let uid = name == "UID";
    if uid {
        reader.space().ok_or_else(|| bad("UID of what?"))?;
        name = reader.atom().unwrap_or_default().to_ascii_uppercase();
    }
    let arguments_wrong = || bad("Arguments of this command are wrong");
    let command = match (name.as_str(), uid) {
        ("SEARCH", _) => {
            Command::Search(search::read(&mut reader, uid).ok_or_else(arguments_wrong)?)
        }
        ("SORT", _) => {
            Command::Search(search::read_sort(&mut reader, uid).ok_or_else(arguments_wrong)?)
        }
        ("THREAD", _) => {
            Command::Search(search::read_thread(&mut reader, uid).ok_or_else(arguments_wrong)?)
        }
        ("LIST", false) => Command::List(list::read(&mut reader).ok_or_else(arguments_wrong)?),
        ("FETCH", _) => Command::Fetch(fetch::read(&mut reader, uid).ok_or_else(arguments_wrong)?),
        ("STATUS", false) => {
            Command::Status(status::read(&mut reader).ok_or_else(arguments_wrong)?)
        }
        ("STORE" | "COPY" | "MOVE" | "EXPUNGE", _) if reader.rest().starts_with(b" $") => {
            let (before, after) = line
                .split_at_checked(line.len() - reader.rest().len())
                .ok_or_else(arguments_wrong)?;
            let after = after.strip_prefix(b" $").unwrap_or(after);
            Command::OnSaved(standard(&[before, b" 1", after].concat(), &name, &tag)?)
        }
        _ => Command::Standard(standard(line, &name, &tag)?),
    };
    Ok(Line { tag, command })
}

/// The tag of a line that need not be a command.
#[must_use]
pub fn tag_of(line: &[u8]) -> Option<String> {
    tag(&mut Reader::new(line))
}

fn tag(reader: &mut Reader<'_>) -> Option<String> {
    // RFC 3501 §9, tag
    reader.atom().filter(|tag| !tag.contains('+')).map(str::to_owned)
}

/// Names that are commands, for the text of the answer.
const KNOWN: [&str; 37] = [
    "CAPABILITY",
    "NOOP",
    "LOGOUT",
    "STARTTLS",
    "AUTHENTICATE",
    "LOGIN",
    "SELECT",
    "EXAMINE",
    "CREATE",
    "DELETE",
    "RENAME",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "LIST",
    "LSUB",
    "STATUS",
    "APPEND",
    "CHECK",
    "CLOSE",
    "EXPUNGE",
    "SEARCH",
    "FETCH",
    "STORE",
    "COPY",
    "MOVE",
    "UID",
    "IDLE",
    "UNSELECT",
    "ENABLE",
    "ID",
    "NAMESPACE",
    "DONE",
    "SORT",
    "THREAD",
    "COMPRESS",
    "GETQUOTA",
    "GETQUOTAROOT",
];

fn standard(line: &[u8], name: &str, tag: &str) -> Result<CommandBody<'static>, Bad> {
    let bad = |text| Bad { tag: Some(tag.to_owned()), text };
    // `CommandCodec` wants the line end.
    let whole = zeroize::Zeroizing::new([line, b"\r\n"].concat());
    match CommandCodec::default().decode_static(&whole) {
        Ok(([], command)) => Ok(command.body),
        _ if KNOWN.contains(&name) => Err(bad("Arguments of this command are wrong")),
        _ => Err(bad("No such command")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_and_name_decide_who_reads() {
        let of = |line: &str| read(line.as_bytes()).unwrap();
        assert_eq!(of("a1 noop").tag, "a1");
        assert!(matches!(of("a UID SEARCH ALL").command, Command::Search(s) if s.uid));
        assert!(matches!(of("a LIST \"\" *").command, Command::List(_)));
        assert!(matches!(
            of("a UID STORE $ +FLAGS (\\Seen)").command,
            Command::OnSaved(CommandBody::Store { uid: true, .. })
        ));
        assert!(matches!(
            of("a LOGIN {4+}\r\njean secret").command,
            Command::Standard(CommandBody::Login { .. })
        ));
    }

    #[test]
    fn what_is_no_command_keeps_its_tag() {
        for (line, tag) in [
            ("", None),
            ("+ x", None),
            ("a", Some("a")),
            ("a FOO", Some("a")),
            ("a FETCH", Some("a")),
            ("a NOOP x", Some("a")),
            ("a FETCH 1 (BODY[)", Some("a")),
        ] {
            assert_eq!(read(line.as_bytes()).unwrap_err().tag.as_deref(), tag, "{line}");
        }
    }
}
