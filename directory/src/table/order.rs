//! Putting a table's mailboxes in order of name, and its indexes.
//!
//! Invariants: words are numbered in their order, so that comparing numbers compares names and a prefix is a range
//! of numbers; each text is folded once, however many mailboxes bear it.
//! Failure: [`TableFull`].

use super::hashed::Hashed;
use super::pack::OrganisationRow;
use super::strings::{Interner, Strings};
use super::{Row, SourceTable, TableFull, Words};
use crate::fold;

impl SourceTable {
    pub(super) fn index_keys(&mut self) {
        let (mut by_address, mut by_identifier) = (Hashed::default(), Hashed::default());
        for (number, row) in (0..).zip(&self.rows) {
            if let Ok(address) = self.address(row).parse::<domain::MailAddress>() {
                by_address.add(address.lookup_key().as_str(), number);
            }
            self.identifiers(row).for_each(|id| by_identifier.add(&id, number));
        }
        by_address.settle();
        by_identifier.settle();
        (self.by_address, self.by_identifier) = (by_address, by_identifier);
    }

    /// The texts of a row by which people look for it, the family name first.
    fn names(&self, row: &Row) -> [u32; 5] {
        let person = self.person(row).copied().unwrap_or_default();
        let organisation = self.organisations.get(row.organisation as usize);
        let [legal, trade] = organisation.map(OrganisationRow::names).unwrap_or_default();
        [person.family, person.given, legal, trade, self.details_of(row).service]
    }

    pub(super) fn order_by_name(&mut self) -> Result<(), TableFull> {
        let folded = FoldedTexts::of(self)?;
        let words = |number: &u32| {
            let row = self.rows.get(*number as usize);
            row.map(|row| self.names(row))
                .unwrap_or_default()
                .into_iter()
                .flat_map(|text| folded.words(text))
                .copied()
        };
        let address =
            |number: &u32| self.rows.get(*number as usize).map_or("", |row| self.address(row));
        // The first two words decide most comparisons without a look at the row.
        let first_words = |number: u32| {
            let mut words = words(&number).map(u64::from);
            (words.next().unwrap_or_default() << 32) | words.next().unwrap_or_default()
        };
        let count = u32::try_from(self.rows.len()).map_err(|_| TableFull)?;
        let mut order: Vec<(u64, u32)> = (0..count).map(|row| (first_words(row), row)).collect();
        order.sort_unstable_by(|(first, one), (second, other)| {
            let names = first.cmp(second).then_with(|| words(one).cmp(words(other)));
            names.then_with(|| address(one).cmp(address(other)))
        });
        let order: Vec<u32> = order.into_iter().map(|(_, number)| number).collect();
        let (mut starts, mut of_row) = (vec![0], Vec::new());
        for number in &order {
            of_row.extend(words(number));
            starts.push(u32::try_from(of_row.len()).map_err(|_| TableFull)?);
        }
        of_row.shrink_to_fit();
        self.rows =
            order.iter().filter_map(|number| self.rows.get(*number as usize).copied()).collect();
        self.words = Words::new(folded.dictionary, starts, of_row)?;
        Ok(())
    }
}

impl Default for Words {
    fn default() -> Self {
        Self {
            dictionary: Strings::default(),
            starts: vec![0],
            of_row: Vec::new(),
            postings: vec![0],
            rows: Vec::new(),
        }
    }
}

impl Words {
    fn new(dictionary: Strings, starts: Vec<u32>, of_row: Vec<u32>) -> Result<Self, TableFull> {
        // Counting sort: how many rows each word has, then where each word's rows begin, then the rows.
        let mut postings = vec![0_u32; dictionary.len()? as usize + 1];
        for word in &of_row {
            if let Some(count) = postings.get_mut(*word as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for at in &mut postings {
            sum += *at;
            *at = sum;
        }
        let mut next = postings.clone();
        let mut rows = vec![0; of_row.len()];
        let mut words = Self { dictionary, starts, of_row, postings, rows: Vec::new() };
        for row in (0..).take(words.starts.len().saturating_sub(1)) {
            for word in words.of_row(row) {
                if let Some(at) = next.get_mut(*word as usize) {
                    if let Some(place) = rows.get_mut(*at as usize) {
                        *place = row;
                    }
                    *at += 1;
                }
            }
        }
        words.rows = rows;
        Ok(words)
    }
}

/// The words of every text that is a name, by number, each text folded once.
struct FoldedTexts {
    dictionary: Strings,
    starts: Vec<(u32, u32)>,
    words: Vec<u32>,
}

impl FoldedTexts {
    fn of(table: &SourceTable) -> Result<Self, TableFull> {
        let mut interner = Interner::new()?;
        let mut starts = vec![(0, 0); table.strings.len()? as usize];
        let mut words = Vec::new();
        for text in table.rows.iter().flat_map(|row| table.names(row)) {
            let Some(range) = starts.get_mut(text as usize).filter(|range| range.1 == 0) else {
                continue;
            };
            let from = words.len();
            let mut full = Ok(());
            fold::each_word(table.text(text), |word| match interner.number(word) {
                Ok(number) => words.push(number),
                Err(error) => full = Err(error),
            });
            full?;
            *range = (position(from)?, position(words.len())?);
        }
        drop_numbers_for_ranks(interner, &mut words).map(|dictionary| Self {
            dictionary,
            starts,
            words,
        })
    }

    fn words(&self, text: u32) -> &[u32] {
        let range = self.starts.get(text as usize);
        range
            .and_then(|(from, to)| self.words.get(*from as usize..*to as usize))
            .unwrap_or_default()
    }
}

fn position(at: usize) -> Result<u32, TableFull> {
    u32::try_from(at).map_err(|_| TableFull)
}

/// Gives the words new numbers, in their order, and returns them in that order.
fn drop_numbers_for_ranks(interner: Interner, words: &mut [u32]) -> Result<Strings, TableFull> {
    let unordered = interner.finish();
    let mut order: Vec<u32> = (0..unordered.len()?).collect();
    order.sort_unstable_by(|one, other| unordered.get(*one).cmp(unordered.get(*other)));
    let mut ranks = vec![0; order.len()];
    let mut dictionary = Strings::default();
    for number in order {
        let rank = dictionary.push(unordered.get(number))?;
        if let Some(place) = ranks.get_mut(number as usize) {
            *place = rank;
        }
    }
    for word in words {
        *word = ranks.get(*word as usize).copied().unwrap_or_default();
    }
    dictionary.shrink();
    Ok(dictionary)
}
