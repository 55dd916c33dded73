//! Identities: random 128-bit values, never used again.
//!
//! They are what IMAP shows as MAILBOXID, EMAILID and THREADID (RFC 8474), and what store keys
//! are made of: being random, they tell nothing about the person behind them.

use crate::random::{NoRandomness, Random};

/// The text is not 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an identity is 32 hexadecimal digits")]
pub struct BadId;

impl BadId {
    /// The bytes of an identity's text.
    pub fn read(text: &str) -> Result<[u8; 16], Self> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| Self)?;
        Ok(bytes)
    }
}

/// Defines types of identities: 16 octets, written as 32 hexadecimal digits. `serde` is a dependency of the crate
/// that calls it.
#[macro_export]
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        pub struct $name([u8; 16]);

        impl $name {
            /// A new one.
            pub fn random(random: &dyn $crate::Random) -> Result<Self, $crate::NoRandomness> {
                let mut bytes = [0; 16];
                random.fill(&mut bytes)?;
                Ok(Self(bytes))
            }

            /// The one with these bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// Its bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::BadId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::BadId::read(text).map(Self)
            }
        }
    )*};
}

ids! {
    /// An account: one mailbox holder's space.
    AccountId,
    /// A mailbox (folder) of an account. IMAP's MAILBOXID.
    MailboxId,
    /// A message of an account, whatever folders it lies in. IMAP's EMAILID.
    MessageId,
    /// A conversation. IMAP's THREADID.
    ThreadId,
    /// A sealed body.
    BodyId,
    /// Somebody or something that authenticates.
    PrincipalId,
    /// A store: everything under one data directory.
    StoreId,
    /// A queue entry; what a `250` names.
    QueueId,
}

impl AccountId {
    /// So many new ones that share a random first half: what is kept of them lies together in the
    /// index, so making them touches few of its pages. No two are equal but by an accident of 64
    /// random bits, and they tell no more than that they were made together, which the log tells
    /// as well.
    pub(crate) fn random_neighbours(
        random: &dyn Random,
        count: usize,
    ) -> Result<Vec<Self>, NoRandomness> {
        let mut first = [0; 16];
        random.fill(&mut first)?;
        let another = |_| {
            let mut bytes = first;
            let (_, tail) = bytes.split_at_mut(8);
            random.fill(tail)?;
            Ok(Self(bytes))
        };
        (0..count).map(another).collect()
    }

    /// The operator's own account, where what belongs to nobody lies.
    pub const OPERATOR: Self = Self([0; 16]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn an_identity_reads_back_from_its_text() {
        let id = MailboxId::random(&SeededRandom::new(1)).unwrap();
        assert_eq!(id.to_string().parse::<MailboxId>().unwrap(), id);
        assert_eq!("12".parse::<MailboxId>(), Err(BadId));
    }
}
