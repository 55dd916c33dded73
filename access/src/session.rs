//! Web sessions: rows of the account, so that a person sees them in a list and ends any of them.
//!
//! Invariants: the cookie's secret has 128 random bits and is kept as a keyed hash; a session ends
//! after [`IDLE_LIFE`] without use, after [`ABSOLUTE_LIFE`] in any case, and with the grant that it
//! stands on. Use is noted once a minute. Failure: no session, or the store's fault.

use crate::{Access, Denied, Opened, Way, tables};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mailstore::{
    AccountId, Actor, PrincipalId, ServiceKey, StoreError, Through, Transaction, View,
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Seconds without use after which a session ends.
pub const IDLE_LIFE: i64 = 30 * 60;
/// Seconds after which a session ends in any case.
pub const ABSOLUTE_LIFE: i64 = 12 * 60 * 60;
/// Sessions of one account; the one used least recently makes room.
pub const MAX_SESSIONS: usize = 32;
/// Seconds between two notes of use.
const NOTE_EVERY: i64 = 60;

/// What a cookie carries: an account and a secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token {
    account: AccountId,
    secret: [u8; 16],
}

impl Token {
    pub(crate) fn new(account: AccountId, secret: [u8; 16]) -> Self {
        Self { account, secret }
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        let octets = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (account, secret) = octets.split_first_chunk::<16>()?;
        let secret: [u8; 16] = secret.try_into().ok()?;
        Some(Self { account: AccountId::from_bytes(*account), secret })
    }

    pub(crate) fn expose(&self) -> String {
        URL_SAFE_NO_PAD.encode([&self.account.as_bytes()[..], &self.secret].concat())
    }

    pub(crate) fn account(&self) -> AccountId {
        self.account
    }

    pub(crate) fn secret(&self) -> [u8; 16] {
        self.secret
    }
}

/// A session's cookie. `Debug` prints nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken(Token);

impl SessionToken {
    /// Of a cookie's value.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        Token::read(text).map(Self)
    }

    /// The cookie's value.
    #[must_use]
    pub fn expose(&self) -> String {
        self.0.expose()
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(…)")
    }
}

/// A session's identity in lists.
pub type SessionId = [u8; 16];

#[derive(Clone, Serialize, Deserialize)]
struct Row {
    id: SessionId,
    principal: PrincipalId,
    csrf: [u8; 16],
    created: i64,
    last_seen: i64,
}

impl Row {
    fn ends(&self) -> i64 {
        (self.last_seen + IDLE_LIFE).min(self.created + ABSOLUTE_LIFE)
    }

    fn in_use(&self, opened: Opened) -> WebSession {
        let (id, created, ends) = (self.id, self.created, self.ends());
        WebSession { id, opened, csrf: hex::encode(self.csrf), created, ends }
    }
}

/// A session in use.
#[derive(Clone)]
pub struct WebSession {
    /// Its identity.
    pub id: SessionId,
    /// What it opens.
    pub opened: Opened,
    /// What every form of it carries.
    pub csrf: String,
    /// When it began, seconds since 1970.
    pub created: i64,
    /// When it ends if it is not used, seconds since 1970.
    pub ends: i64,
}

impl fmt::Debug for WebSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebSession({:?}, ends {})", self.opened, self.ends)
    }
}

/// A session in a person's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Its identity.
    pub id: SessionId,
    /// When it began, seconds since 1970.
    pub created: i64,
    /// When it was last used, seconds since 1970, to the minute.
    pub last_seen: i64,
}

fn key(view: &View<'_>, secret: [u8; 16]) -> ServiceKey {
    ServiceKey::new(tables::SESSIONS).lookup(view, &hex::encode(secret))
}

fn rows(view: &View<'_>) -> Result<Vec<(ServiceKey, Row)>, StoreError> {
    view.service_values(&ServiceKey::new(tables::SESSIONS), MAX_SESSIONS * 2)
}

const WEB: Actor = Actor { through: Through::Web, ..Actor::SYSTEM };

impl Access {
    /// Begins a session; sessions that are over make room.
    pub(crate) async fn begin_session(&self, opened: &Opened) -> Result<SessionToken, StoreError> {
        let token = Token::new(opened.account, self.random()?);
        let (id, csrf, principal) = (self.random()?, self.random()?, opened.principal);
        let secret = token.secret;
        let work = move |tx: &mut Transaction<'_>| {
            let now = tx.now().as_second();
            let (mut living, over): (Vec<_>, Vec<_>) =
                rows(tx)?.into_iter().partition(|(_, row)| row.ends() > now);
            living.sort_by_key(|(_, row)| row.last_seen);
            let many = (living.len() + 1).saturating_sub(MAX_SESSIONS);
            for (key, _) in over.iter().chain(living.iter().take(many)) {
                tx.delete_service_record(key);
            }
            let row = Row { id, principal, csrf, created: now, last_seen: now };
            let key = key(tx, secret);
            tx.put_service_value(&key, &row)
        };
        let _ = self.store.transact::<_, StoreError, _>(opened.actor, opened.account, work).await?;
        Ok(SessionToken(token))
    }

    /// The session of a cookie, if it lives; that somebody looks is no use of it.
    pub fn look_at_session(&self, token: &SessionToken) -> Result<Option<WebSession>, StoreError> {
        Ok(self.living(token)?.map(|(_, row, opened)| row.in_use(opened)))
    }

    /// A session that lives, where it is kept, and what it opens.
    fn living(
        &self,
        token: &SessionToken,
    ) -> Result<Option<(ServiceKey, Row, Opened)>, StoreError> {
        let Token { account, secret } = token.0;
        let view = match self.store.view(account) {
            Err(StoreError::NoSuchAccount) => return Ok(None),
            view => view?,
        };
        let key = key(&view, secret);
        let Some(row) = view.service_value::<Row>(&key)? else { return Ok(None) };
        drop(view);
        if row.ends() <= self.clock.now().as_second() {
            return Ok(None);
        }
        match self.open(Way::Web, row.principal, account) {
            Ok(opened) => Ok(Some((key, row, opened))),
            Err(Denied::Unavailable) => Err(StoreError::Damaged("a session's account")),
            Err(_) => Ok(None),
        }
    }

    /// The session of a cookie, if it lives; its use is noted.
    pub async fn session(&self, token: &SessionToken) -> Result<Option<WebSession>, StoreError> {
        let Some((key, mut row, opened)) = self.living(token)? else { return Ok(None) };
        let (account, now) = (opened.account, self.clock.now().as_second());
        if now - row.last_seen >= NOTE_EVERY {
            row.last_seen = now;
            let work = move |tx: &mut Transaction<'_>| {
                // It may have been ended in between.
                if let Some(mut row) = tx.service_value::<Row>(&key)? {
                    row.last_seen = now;
                    tx.put_service_value(&key, &row)?;
                }
                Ok::<_, StoreError>(())
            };
            match self.store.transact(opened.actor, account, work).await {
                // On a full disk people go on reading; the session may end earlier for it.
                Err(error) if error.fault() == mailstore::Fault::Refusal => return Err(error),
                _ => {}
            }
        }
        Ok(Some(row.in_use(opened)))
    }

    /// Ends the session of a cookie.
    pub async fn end_session(&self, token: &SessionToken) -> Result<(), StoreError> {
        let Token { account, secret } = token.0;
        let work = move |tx: &mut Transaction<'_>| {
            let key = key(tx, secret);
            tx.delete_service_record(&key);
            Ok::<_, StoreError>(())
        };
        match self.store.transact(WEB, account, work).await {
            Err(StoreError::NoSuchAccount) => Ok(()),
            ended => ended.map(drop),
        }
    }

    /// The living sessions of the principal of a session, the newest first.
    pub fn sessions(&self, of: &Opened) -> Result<Vec<SessionRow>, StoreError> {
        let now = self.clock.now().as_second();
        let rows = rows(&self.store.view(of.account)?)?.into_iter().map(|(_, row)| row);
        let own = rows.filter(|row| row.principal == of.principal && row.ends() > now);
        let shown =
            |row: Row| SessionRow { id: row.id, created: row.created, last_seen: row.last_seen };
        let mut shown: Vec<_> = own.map(shown).collect();
        shown.sort_by_key(|row| std::cmp::Reverse(row.created));
        Ok(shown)
    }

    /// Ends sessions of the principal: the one of this identity, or all but `keep`.
    pub async fn end_sessions(
        &self,
        of: &Opened,
        which: Option<SessionId>,
        keep: Option<SessionId>,
    ) -> Result<(), StoreError> {
        let principal = of.principal;
        let work = move |tx: &mut Transaction<'_>| {
            for (key, row) in rows(tx)? {
                let meant = which.is_none_or(|id| row.id == id) && keep != Some(row.id);
                if meant && row.principal == principal {
                    tx.delete_service_record(&key);
                }
            }
            Ok::<_, StoreError>(())
        };
        self.store.transact(of.actor, of.account, work).await.map(drop)
    }
}
