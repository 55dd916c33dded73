//! LIST with its selection and return options.
//!
//! Failure: `None`, and the command is refused.

use super::reader::Reader;
use super::status::{self, StatusItem};

/// Patterns of one LIST.
const MAX_PATTERNS: usize = 100;

/// A LIST.
// RFC 5258 §3
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct List {
    /// Whether it is in the extended form: several patterns, options.
    pub extended: bool,
    /// What stands before each pattern.
    pub reference: String,
    /// Names that are asked for.
    pub patterns: Vec<String>,
    /// Only subscribed names.
    pub subscribed: bool,
    /// Also names whose children match the selection.
    pub recursive: bool,
    /// Only mailboxes with a special use.
    // RFC 6154 §3
    pub special_use: bool,
    /// Say which are subscribed.
    pub return_subscribed: bool,
    /// STATUS of each as well.
    // RFC 5819 §2
    pub status: Option<Vec<StatusItem>>,
}

/// Reads what follows the name.
pub fn read(reader: &mut Reader<'_>) -> Option<List> {
    let mut list = List::default();
    reader.space()?;
    if reader.rest().starts_with(b"(") {
        list.extended = true;
        selection(reader, &mut list)?;
        reader.space()?;
    }
    list.reference = reader.astring()?;
    reader.space()?;
    if reader.rest().starts_with(b"(") {
        list.extended = true;
        list.patterns = reader.list(Reader::pattern)?;
    } else {
        list.patterns.push(reader.pattern()?);
    }
    if !reader.is_at_end() {
        list.extended = true;
        reader.space()?;
        if !reader.atom()?.eq_ignore_ascii_case("RETURN") {
            return None;
        }
        reader.space()?;
        reader.list(|reader| returned(reader, &mut list))?;
    }
    let fits = (1..=MAX_PATTERNS).contains(&list.patterns.len()) && reader.is_at_end();
    fits.then_some(list)
}

fn selection(reader: &mut Reader<'_>, list: &mut List) -> Option<()> {
    reader.list(|reader| {
        match reader.atom()?.to_ascii_uppercase().as_str() {
            "SUBSCRIBED" => {
                // RFC 5258 §3.1
                (list.subscribed, list.return_subscribed) = (true, true);
            }
            // Nothing is elsewhere.
            "REMOTE" => {}
            "RECURSIVEMATCH" => list.recursive = true,
            "SPECIAL-USE" => list.special_use = true,
            _ => return None,
        }
        Some(())
    })?;
    // RFC 5258 §3.1: not alone, and not with REMOTE only.
    (!list.recursive || list.subscribed || list.special_use).then_some(())
}

fn returned(reader: &mut Reader<'_>, list: &mut List) -> Option<()> {
    match reader.atom()?.to_ascii_uppercase().as_str() {
        "SUBSCRIBED" => list.return_subscribed = true,
        // Both are always told.
        "CHILDREN" | "SPECIAL-USE" => {}
        "STATUS" => {
            reader.space()?;
            list.status = Some(status::items(reader)?);
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<List> {
        read(&mut Reader::new(text.as_bytes()))
    }

    #[test]
    fn old_and_extended_forms() {
        let list = of(" \"\" %").unwrap();
        assert!(!list.extended && list.patterns == ["%"]);
        let list = of(
            " (SUBSCRIBED RECURSIVEMATCH) \"\" (\"a*\" b%) RETURN (CHILDREN STATUS (MESSAGES SIZE))",
        );
        let list = list.unwrap();
        assert!(list.extended && list.subscribed && list.recursive && list.return_subscribed);
        assert_eq!(list.patterns, ["a*", "b%"]);
        assert_eq!(list.status.unwrap(), [StatusItem::Messages, StatusItem::Size]);
        for wrong in ["", " \"\"", " (RECURSIVEMATCH) \"\" *", " \"\" () ", " \"\" * RETURN (X)"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
