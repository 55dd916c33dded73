//! Two small macros that the values of this crate share, so that the gate of a value stands in one place.
//!
//! Invariant: [`text_value!`] reads through `FromStr` and writes through `Display`, nothing else; a value whose
//! text does not pass `FromStr` cannot be deserialised.

/// `TryFrom<String>`, `TryFrom<&str>` through `FromStr` and `Into<String>` through `Display`, for
/// `#[serde(try_from = "String", into = "String")]`.
macro_rules! text_value {
    ($name:ty) => {
        impl TryFrom<String> for $name {
            type Error = <$name as std::str::FromStr>::Err;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl TryFrom<&str> for $name {
            type Error = <$name as std::str::FromStr>::Err;

            fn try_from(text: &str) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.to_string()
            }
        }
    };
}

/// A `Debug` that prints the type's name and nothing of the value.
macro_rules! opaque_debug {
    ($($name:ident),+) => {
        $(impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        })+
    };
}

pub(crate) use {opaque_debug, text_value};
