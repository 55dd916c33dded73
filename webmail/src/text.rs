//! Every text of the pages, in French and English.
//!
//! Invariants: a text stands once, both languages side by side, and a missing one does not compile; French
//! punctuation gets its narrow blanks here and nowhere else; no text names a person.
//! Failure: none.

mod account;
mod door;
mod faults;
mod frame;
mod help;
mod live;
mod mail;
mod record;

use std::sync::LazyLock;

use domain::Lang;

pub(crate) use account::Account;
pub(crate) use door::Door;
pub(crate) use faults::Faults;
pub(crate) use frame::Frame;
pub(crate) use help::Help;
pub(crate) use live::Live;
pub(crate) use mail::Mail;
pub(crate) use record::Record;

/// One group of texts: a field for each, filled for both languages.
macro_rules! texts {
    ($(#[$meta:meta])* $group:ident { $($name:ident: $fr:literal, $en:literal;)+ }) => {
        $(#[$meta])*
        #[derive(Debug)]
        pub(crate) struct $group {
            $(pub(crate) $name: String,)+
        }

        impl $group {
            pub(super) fn of(lang: domain::Lang) -> Self {
                Self {
                    $($name: match lang {
                        domain::Lang::Fr => $crate::text::french($fr),
                        domain::Lang::En => $en.to_owned(),
                    },)+
                }
            }
        }
    };
}
pub(crate) use texts;

/// All texts of one language.
#[derive(Debug)]
pub(crate) struct Texts {
    pub(crate) lang: Lang,
    pub(crate) frame: Frame,
    pub(crate) door: Door,
    pub(crate) mail: Mail,
    pub(crate) record: Record,
    pub(crate) account: Account,
    pub(crate) help: Help,
    pub(crate) live: Live,
    pub(crate) faults: Faults,
}

impl Texts {
    fn new(lang: Lang) -> Self {
        Self {
            lang,
            frame: Frame::of(lang),
            door: Door::of(lang),
            mail: Mail::of(lang),
            record: Record::of(lang),
            account: Account::of(lang),
            help: Help::of(lang),
            live: Live::of(lang),
            faults: Faults::of(lang),
        }
    }

    /// The texts of a language.
    pub(crate) fn in_lang(lang: Lang) -> &'static Self {
        static FRENCH: LazyLock<Texts> = LazyLock::new(|| Texts::new(Lang::Fr));
        static ENGLISH: LazyLock<Texts> = LazyLock::new(|| Texts::new(Lang::En));
        match lang {
            Lang::Fr => &FRENCH,
            Lang::En => &ENGLISH,
        }
    }

    /// One of two texts that stand elsewhere.
    pub(crate) fn of(&self, text: domain::Bilingual) -> String {
        match self.lang {
            Lang::Fr => french(text.fr),
            Lang::En => text.en.to_owned(),
        }
    }
}

/// French text as it is set: its apostrophes, and the blanks that keep its punctuation on the line.
pub(crate) fn french(text: &str) -> String {
    let mut set = text
        .replace('\'', "’")
        .replace("« ", "«\u{a0}")
        .replace(" »", "\u{a0}»")
        .replace(" :", "\u{a0}:");
    for mark in [";", "?", "!"] {
        set = set.replace(&format!(" {mark}"), &format!("\u{202f}{mark}"));
    }
    set
}

/// A text with its one gap, `{}`, filled.
pub(crate) fn fill(text: &str, with: &str) -> String {
    text.replacen("{}", with, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn french_punctuation_stays_on_its_line() {
        assert_eq!(french("« Oui » ; non ?"), "«\u{a0}Oui\u{a0}»\u{202f}; non\u{202f}?");
        assert_eq!(fill("de {} à {}", "A"), "de A à {}");
    }

    #[test]
    fn both_languages_are_whole_and_differ() {
        let (fr, en) = (Texts::in_lang(Lang::Fr), Texts::in_lang(Lang::En));
        assert_ne!(fr.door.log_in, en.door.log_in);
        assert!(!format!("{fr:?}{en:?}").contains("\"\""), "an empty text");
    }
}
