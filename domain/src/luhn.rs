//! The Luhn check (ISO/IEC 7812-1 annex B) as RPPS, ADELI, FINESS, SIREN and SIRET use it.
//!
//! Invariant: letters count only as the registers of Corsica and of recent structures use them (`A` as 1, `B` as
//! 2); the rule was recomputed on real numbers (2A0000014, 2B0000020, 0B0078671). Any other character: not valid.

/// Whether the last character is the key of those before it.
pub(crate) fn is_valid(text: &str) -> bool {
    let mut sum = 0;
    for (position, character) in text.chars().rev().enumerate() {
        let Some(digit) = digit(character) else { return false };
        let weighted = if position % 2 == 0 { digit } else { digit * 2 };
        sum += if weighted > 9 { weighted - 9 } else { weighted };
    }
    !text.is_empty() && sum % 10 == 0
}

fn digit(character: char) -> Option<u32> {
    match character {
        'A' => Some(1),
        'B' => Some(2),
        _ => character.to_digit(10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_numbers_have_right_keys() {
        for right in
            ["2A0000014", "2B0000020", "0B0078671", "630013605", "18003502400041", "01234567897"]
        {
            assert!(is_valid(right), "{right}");
        }
        for wrong in ["", "2A0000015", "2A0000024", "C", "630013606", "0x"] {
            assert!(!is_valid(wrong), "{wrong}");
        }
    }
}
