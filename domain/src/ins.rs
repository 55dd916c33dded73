//! A citizen's INS: the number with the OID that says who gave it.
//!
//! Invariants: an [`Ins`] has a right key, whatever its OID. A number with a wrong key exists only as an
//! [`UncheckedTestIns`], only under a test or demonstration OID, and only after a reading in test mode; it has no
//! conversion into an [`Ins`] and is equal to none. Two INS are equal when number and OID are.
//! Failure: [`InsError`], the same type as for the number. `Debug` prints the OID's name only.
//!
//! The mode is judged where a number comes in ([`InsReading::read`], [`Ins::read`]). Deserialisation is for what
//! this operator has let in and stored: it checks shape, key and OID again, not the mode.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::gate::text_value;
use crate::ins_number::{self, InsError, InsNumber, Keyed, UncheckedInsNumber};
use crate::mode::Mode;

/// Which register gave an INS (*OID de l'autorité d'affectation*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum InsOid {
    /// *INS-NIR*.
    Nir,
    /// *INS-NIA*, a waiting number.
    Nia,
    /// *INS-NIR de test*.
    Test,
    /// *INS-NIR de démonstration*.
    Demo,
}

impl InsOid {
    /// Every OID of an INS.
    pub const ALL: [Self; 4] = [Self::Nir, Self::Nia, Self::Test, Self::Demo];

    /// The OID in dotted form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nir => "1.2.250.1.213.1.4.8",
            Self::Nia => "1.2.250.1.213.1.4.9",
            Self::Test => "1.2.250.1.213.1.4.10",
            Self::Demo => "1.2.250.1.213.1.4.11",
        }
    }

    /// Whether numbers under it name nobody real.
    pub fn is_test(self) -> bool {
        matches!(self, Self::Test | Self::Demo)
    }

    fn allowed_in(self, mode: Mode) -> Result<Self, InsError> {
        match mode {
            Mode::Production if self.is_test() => Err(InsError::TestNumberInProduction),
            _ => Ok(self),
        }
    }
}

impl fmt::Display for InsOid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for InsOid {
    type Err = InsError;

    fn from_str(text: &str) -> Result<Self, InsError> {
        Self::ALL.into_iter().find(|oid| oid.as_str() == text).ok_or(InsError::UnknownOid)
    }
}

text_value!(InsOid);

/// The citizen's national health identity (*identité nationale de santé*): a number with a right key and its OID.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ins {
    number: InsNumber,
    oid: InsOid,
}

/// A number of test land whose key is wrong, kept as such: accepted in test mode, never equal to an [`Ins`].
// MSS #32
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "UncheckedParts", into = "UncheckedParts")]
pub struct UncheckedTestIns {
    number: UncheckedInsNumber,
    oid: InsOid,
}

/// What a document or a message says is a citizen's INS, as far as it can be trusted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum InsReading {
    /// The key is right.
    Checked(Ins),
    /// Test land: the key is wrong, the number passes all the same.
    WrongKeyUnderTestOid(UncheckedTestIns),
}

impl Ins {
    /// A number with its OID.
    ///
    /// # Errors
    /// [`InsError::TestNumberInProduction`].
    pub fn new(number: InsNumber, oid: InsOid, mode: Mode) -> Result<Self, InsError> {
        Ok(Self { number, oid: oid.allowed_in(mode)? })
    }

    /// Reads a number and a dotted OID; a wrong key is an error in every mode.
    ///
    /// # Errors
    /// Any [`InsError`].
    pub fn read(number: &str, oid: &str, mode: Mode) -> Result<Self, InsError> {
        let oid = oid.parse::<InsOid>()?.allowed_in(mode)?;
        Ok(Self { number: number.parse()?, oid })
    }

    /// The number.
    pub fn number(&self) -> &InsNumber {
        &self.number
    }

    /// The OID.
    pub fn oid(&self) -> InsOid {
        self.oid
    }
}

impl UncheckedTestIns {
    /// The number, whose key is wrong.
    pub fn number(&self) -> &UncheckedInsNumber {
        &self.number
    }

    /// The OID: test or demonstration.
    pub fn oid(&self) -> InsOid {
        self.oid
    }
}

impl InsReading {
    /// Reads a number and a dotted OID under `mode`: the one gate for what comes from outside.
    ///
    /// # Errors
    /// Any [`InsError`]; in [`Mode::Production`] a test OID is refused before the number is looked at, in
    /// [`Mode::Test`] a wrong key is an error under the OIDs of real people.
    // MSS #30
    // MSS #32
    pub fn read(number: &str, oid: &str, mode: Mode) -> Result<Self, InsError> {
        let oid = oid.parse::<InsOid>()?.allowed_in(mode)?;
        match ins_number::read(number)? {
            Keyed::Right(number) => Ok(Self::Checked(Ins { number, oid })),
            Keyed::Wrong(number, _) if oid.is_test() => {
                Ok(Self::WrongKeyUnderTestOid(UncheckedTestIns { number, oid }))
            }
            Keyed::Wrong(_, reason) => Err(reason),
        }
    }

    /// The INS, if its key is right.
    pub fn checked(&self) -> Option<&Ins> {
        match self {
            Self::Checked(ins) => Some(ins),
            Self::WrongKeyUnderTestOid(_) => None,
        }
    }

    /// The 15 characters as read.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Checked(ins) => ins.number.as_str(),
            Self::WrongKeyUnderTestOid(ins) => ins.number.as_str(),
        }
    }

    /// The OID.
    pub fn oid(&self) -> InsOid {
        match self {
            Self::Checked(ins) => ins.oid,
            Self::WrongKeyUnderTestOid(ins) => ins.oid,
        }
    }
}

impl fmt::Display for Ins {
    /// The 15 characters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number.fmt(f)
    }
}

impl fmt::Display for UncheckedTestIns {
    /// The 15 characters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number.fmt(f)
    }
}

impl fmt::Debug for Ins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ins({:?}, …)", self.oid)
    }
}

impl fmt::Debug for UncheckedTestIns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UncheckedTestIns({:?}, …)", self.oid)
    }
}

/// The stored form of an [`UncheckedTestIns`].
#[derive(Serialize, Deserialize)]
struct UncheckedParts {
    number: UncheckedInsNumber,
    oid: InsOid,
}

impl TryFrom<UncheckedParts> for UncheckedTestIns {
    type Error = InsError;

    fn try_from(UncheckedParts { number, oid }: UncheckedParts) -> Result<Self, InsError> {
        if oid.is_test() { Ok(Self { number, oid }) } else { Err(InsError::NotATestOid) }
    }
}

impl From<UncheckedTestIns> for UncheckedParts {
    fn from(UncheckedTestIns { number, oid }: UncheckedTestIns) -> Self {
        Self { number, oid }
    }
}

#[cfg(test)]
mod tests {
    use serde::de::value::{Error as ValueError, MapDeserializer};

    use super::*;

    const NIR: &str = "1.2.250.1.213.1.4.8";
    const NIA: &str = "1.2.250.1.213.1.4.9";
    const TEST: &str = "1.2.250.1.213.1.4.10";
    const DEMO: &str = "1.2.250.1.213.1.4.11";
    const RIGHT: &str = "279035121518989";
    const WRONG: &str = "246037433000291";

    #[test]
    fn who_passes_in_which_mode() {
        use Mode::{Production, Test};
        let key = Err(InsError::Key { expected: 53 });
        let refused = Err(InsError::TestNumberInProduction);
        let table = [
            (RIGHT, NIR, Production, Ok(true)),
            (RIGHT, NIA, Production, Ok(true)),
            (RIGHT, TEST, Production, refused),
            (RIGHT, DEMO, Production, refused),
            (WRONG, NIR, Production, key),
            (WRONG, TEST, Production, refused),
            (RIGHT, NIR, Test, Ok(true)),
            (RIGHT, TEST, Test, Ok(true)),
            (RIGHT, DEMO, Test, Ok(true)),
            (WRONG, NIR, Test, key),
            (WRONG, NIA, Test, key),
            (WRONG, TEST, Test, Ok(false)),
            (WRONG, DEMO, Test, Ok(false)),
            (RIGHT, "1.2.250.1.213.1.4.13", Test, Err(InsError::UnknownOid)),
            ("1", TEST, Test, Err(InsError::Length { found: 1 })),
        ];
        for (number, oid, mode, expected) in table {
            let reading = InsReading::read(number, oid, mode);
            let found = reading.clone().map(|reading| reading.checked().is_some());
            assert_eq!(found, expected, "{number} {oid} {mode:?}");
            if let Ok(reading) = reading {
                assert_eq!((reading.as_str(), reading.oid().as_str()), (number, oid));
            }
        }
    }

    #[test]
    fn a_wrong_key_is_never_an_ins() {
        assert_eq!(Ins::read(WRONG, TEST, Mode::Test), Err(InsError::Key { expected: 53 }));
        let wrong = InsReading::read(WRONG, TEST, Mode::Test).unwrap();
        let right = InsReading::read("246037433000253", TEST, Mode::Test).unwrap();
        assert_ne!(wrong, right);
        assert_eq!(wrong.checked(), None);
    }

    #[test]
    fn the_oid_belongs_to_the_identity() {
        let real = Ins::read(RIGHT, NIR, Mode::Test).unwrap();
        let test = Ins::read(RIGHT, TEST, Mode::Test).unwrap();
        assert_ne!(real, test);
        assert_eq!(real.number(), test.number());
        let number: InsNumber = RIGHT.parse().unwrap();
        assert_eq!(Ins::new(number.clone(), InsOid::Nir, Mode::Production), Ok(real));
        assert_eq!(
            Ins::new(number, InsOid::Demo, Mode::Production),
            Err(InsError::TestNumberInProduction)
        );
    }

    #[test]
    fn debug_prints_no_number() {
        let checked = InsReading::read(RIGHT, TEST, Mode::Test).unwrap();
        assert_eq!(format!("{checked:?}"), "Checked(Ins(Test, …))");
        let wrong = InsReading::read(WRONG, DEMO, Mode::Test).unwrap();
        assert_eq!(format!("{wrong:?}"), "WrongKeyUnderTestOid(UncheckedTestIns(Demo, …))");
        assert_eq!(checked.checked().unwrap().to_string(), RIGHT);
    }

    #[test]
    fn stored_values_pass_the_gate_again() {
        fn stored<'a, T: Deserialize<'a>>(number: &'a str, oid: &'a str) -> Result<T, ValueError> {
            T::deserialize(MapDeserializer::new([("number", number), ("oid", oid)].into_iter()))
        }
        assert_eq!(
            stored::<Ins>(RIGHT, NIR).unwrap(),
            Ins::read(RIGHT, NIR, Mode::Production).unwrap()
        );
        assert!(stored::<Ins>(WRONG, TEST).is_err());
        assert!(stored::<Ins>(RIGHT, "1.2.3").is_err());
        assert!(stored::<UncheckedTestIns>(WRONG, TEST).is_ok());
        assert!(stored::<UncheckedTestIns>(WRONG, NIR).is_err());
        assert!(stored::<UncheckedTestIns>(RIGHT, TEST).is_err());
    }
}
