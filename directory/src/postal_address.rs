//! A structure's postal address, by the parts that the extraction writes (French postal standard, lines 2 to 6).
//!
//! Invariant: every part is one line of text. Failure: there is none here; parts pass the gate of [`Text`].
//! Registers write towns in capitals without signs (`CHALON SUR SAONE`): [`PostalAddress::town`] makes them
//! readable, but accents and hyphens that were never there do not come back.

use serde::{Deserialize, Serialize};

use crate::text::Text;

/// Where a structure is (*coordonnées de correspondance*).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PostalAddress {
    /// Line 2: building, floor (*complément de localisation*).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Text>,
    /// Line 3: post box, delivery (*complément de distribution*).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution: Option<Text>,
    /// Line 4: number in the street.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<Text>,
    /// Line 4: *bis*, *ter*.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number_suffix: Option<Text>,
    /// Line 4: kind of street.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_type: Option<Text>,
    /// Line 4: name of the street.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street: Option<Text>,
    /// Line 5: locality (*lieu-dit*).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locality: Option<Text>,
    /// Line 6: town, often after its postal code (*ligne d'acheminement*).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub town_line: Option<Text>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<Text>,
    /// *Département*, as the register writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub departement: Option<Text>,
    /// Country, as the register writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Text>,
}

impl PostalAddress {
    /// The parts in order, for tables and files.
    pub(crate) fn parts(&self) -> [&Option<Text>; 11] {
        [
            &self.location,
            &self.distribution,
            &self.number,
            &self.number_suffix,
            &self.street_type,
            &self.street,
            &self.locality,
            &self.town_line,
            &self.postal_code,
            &self.departement,
            &self.country,
        ]
    }

    /// The opposite of [`PostalAddress::parts`].
    pub(crate) fn of_parts(parts: [Option<Text>; 11]) -> Self {
        let [
            location,
            distribution,
            number,
            number_suffix,
            street_type,
            street,
            locality,
            town_line,
            postal_code,
            departement,
            country,
        ] = parts;
        Self {
            location,
            distribution,
            number,
            number_suffix,
            street_type,
            street,
            locality,
            town_line,
            postal_code,
            departement,
            country,
        }
    }

    /// The lines as they stand on an envelope, without the name and the town.
    pub fn lines(&self) -> Vec<String> {
        let street = [&self.number, &self.number_suffix, &self.street_type, &self.street];
        let street: Vec<_> = street.into_iter().flatten().map(Text::as_str).collect();
        let mut lines = Vec::new();
        lines.extend(self.location.iter().map(Text::to_string));
        lines.extend(self.distribution.iter().map(Text::to_string));
        if !street.is_empty() {
            lines.push(street.join(" "));
        }
        lines.extend(self.locality.iter().map(Text::to_string));
        lines
    }

    /// The town's name for people: without postal code and *cedex*, not in capitals.
    pub fn town(&self) -> Option<String> {
        let mut words: Vec<&str> = self.town_line.as_ref()?.as_str().split(' ').collect();
        let is_code = |word: &&str| word.len() == 5 && word.bytes().all(|b| b.is_ascii_digit());
        if words.len() > 1 && words.first().is_some_and(is_code) {
            words.remove(0);
        }
        if let Some(cedex) = words.iter().position(|word| word.eq_ignore_ascii_case("cedex")) {
            words.truncate(cedex);
        }
        let town = words.join(" ");
        (!town.is_empty()).then(|| readable(&town))
    }
}

/// Words that stay small inside a name.
const SMALL: [&str; 16] = [
    "sur", "sous", "les", "lès", "le", "la", "de", "du", "des", "d", "l", "en", "et", "aux", "à",
    "près",
];

/// A name without its capitals, unless somebody wrote it with care.
pub(crate) fn readable(name: &str) -> String {
    if name.chars().any(char::is_lowercase) {
        return name.to_owned();
    }
    let mut readable = String::with_capacity(name.len());
    for part in name.split_inclusive([' ', '-', '\'', '’']) {
        let word = part.trim_end_matches([' ', '-', '\'', '’']).to_lowercase();
        let sign = part.chars().next_back().filter(|c| matches!(c, ' ' | '-' | '\'' | '’'));
        if !readable.is_empty() && SMALL.contains(&word.as_str()) {
            readable.push_str(&word);
        } else {
            let mut letters = word.chars();
            readable.extend(letters.next().into_iter().flat_map(char::to_uppercase));
            readable.push_str(letters.as_str());
        }
        readable.extend(sign);
    }
    readable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn towns_for_people() {
        for (line, town) in [
            ("71100 CHALON SUR SAONE", Some("Chalon sur Saone")),
            ("Chalon-sur-Saône", Some("Chalon-sur-Saône")),
            ("75651 PARIS CEDEX 13", Some("Paris")),
            ("76600 LE HAVRE", Some("Le Havre")),
            ("L'HAY-LES-ROSES", Some("L'Hay-les-Roses")),
            ("CEDEX", None),
        ] {
            let address = PostalAddress { town_line: line.parse().ok(), ..Default::default() };
            assert_eq!(address.town().as_deref(), town, "{line}");
        }
        assert_eq!(PostalAddress::default().town(), None);
    }

    #[test]
    fn lines_of_an_envelope() {
        let part = |text: &str| text.parse().ok();
        let address = PostalAddress {
            location: part("Bâtiment B"),
            number: part("12"),
            number_suffix: part("BIS"),
            street_type: part("RUE"),
            street: part("DE LA PAIX"),
            ..Default::default()
        };
        assert_eq!(address.lines(), ["Bâtiment B", "12 BIS RUE DE LA PAIX"]);
    }
}
