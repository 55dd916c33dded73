//! The base of a subject: without what answering, forwarding and lists add to it.
//!
//! Invariant: the base of a base is itself. Failure: what is left of an odd subject is its base.
// RFC 5256 §2.1

/// Characters of a subject that count.
const MAX_CHARS: usize = 512;

/// A base subject in upper case, for comparing.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct BaseSubject {
    pub(super) text: String,
    /// Whether it was of an answer, or forwarded.
    pub(super) is_reply: bool,
}

/// Upper case, decomposed: what i;unicode-casemap compares, but for titles.
// RFC 5051 §2
pub(super) fn folded(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    text.chars().take(MAX_CHARS).flat_map(char::to_uppercase).nfkd().collect()
}

impl BaseSubject {
    /// Of a decoded subject.
    pub(super) fn of(subject: &str) -> Self {
        let text: String = subject.chars().take(MAX_CHARS).collect();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let (mut rest, mut is_reply) = (text.as_str(), false);
        loop {
            rest = without_trailers(rest, &mut is_reply);
            rest = without_leaders(rest, &mut is_reply);
            let inner = rest.strip_prefix("[fwd:").and_then(|rest| rest.strip_suffix(']'));
            match inner {
                Some(inner) => (rest, is_reply) = (inner, true),
                None => return Self { text: folded(rest), is_reply },
            }
        }
    }
}

// RFC 5256 §5, subj-trailer
fn without_trailers<'a>(mut rest: &'a str, is_reply: &mut bool) -> &'a str {
    loop {
        rest = rest.trim_end();
        match rest.strip_suffix("(fwd)") {
            Some(before) => (rest, *is_reply) = (before, true),
            None => return rest,
        }
    }
}

// RFC 5256 §5, subj-leader
fn without_leaders<'a>(mut rest: &'a str, is_reply: &mut bool) -> &'a str {
    loop {
        rest = rest.trim_start();
        if let Some(after) = without_refwd(without_blobs(rest)) {
            (rest, *is_reply) = (after, true);
            continue;
        }
        match without_blob(rest).filter(|after| !after.is_empty()) {
            Some(after) => rest = after,
            None => return rest,
        }
    }
}

// RFC 5256 §5, subj-refwd
fn without_refwd(rest: &str) -> Option<&str> {
    let after = ["re", "fwd", "fw"].iter().find_map(|word| rest.strip_prefix(word))?.trim_start();
    without_blob(after).unwrap_or(after).strip_prefix(':')
}

fn without_blobs(mut rest: &str) -> &str {
    while let Some(after) = without_blob(rest) {
        rest = after;
    }
    rest
}

// RFC 5256 §5, subj-blob
fn without_blob(rest: &str) -> Option<&str> {
    let (blob, after) = rest.strip_prefix('[')?.split_once(']')?;
    (!blob.contains('[')).then(|| after.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_taken_away() {
        for (subject, base, is_reply) in [
            ("R\u{e9}sultat", "RE\u{301}SULTAT", false),
            ("Re: bilan", "BILAN", true),
            ("re : [x] Bilan (fwd)", "BILAN", true),
            ("Fwd: RE: [liste] fw[2]: a  b", "A B", true),
            ("[Fwd: [Fwd: a]]", "A", true),
            ("[liste] a", "A", false),
            ("[liste]", "[LISTE]", false),
            ("Re:", "", true),
            ("really: no", "REALLY: NO", false),
            ("", "", false),
        ] {
            assert_eq!(
                BaseSubject::of(subject),
                BaseSubject { text: base.into(), is_reply },
                "{subject}"
            );
        }
    }
}
