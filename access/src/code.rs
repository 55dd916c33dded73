//! One-time codes: the second half of a web log-in.
//!
//! A right password makes a *pending log-in*, a row of the account with a keyed hash of the code, and
//! sends the code to where the principal said. Invariants: six digits, ten minutes, five tries; a new
//! one replaces the one before; used once. Nothing is kept in the process, so any node can confirm.
//! Failure: [`Denied`]; of a code, [`CodeAnswer`].

use crate::session::{SessionToken, Token};
use crate::{Access, Denied, Opened, Way, contact, tables};
use domain::Bilingual;
use jiff::Timestamp;
use mailstore::{Actor, PrincipalId, ServiceKey, StoreError, Through, Transaction, View};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use zeroize::Zeroizing;

/// Seconds that a code lives.
pub const CODE_LIFE: i64 = 10 * 60;
/// Tries of a code.
pub const MAX_CODE_TRIES: u32 = 5;
/// Log-ins of one account that await their code: one for each principal that lives there.
const MAX_PENDING: usize = 100;
/// Codes beyond this are not evenly spread over six digits.
const FAIR: u32 = u32::MAX - u32::MAX % 1_000_000;

const SUBJECT: Bilingual = Bilingual { fr: "Votre code à usage unique", en: "Your one-time code" };
const TEXT: Bilingual = Bilingual {
    fr: "Votre code : {}\n\nIl sert une seule fois, dans les dix minutes, à entrer dans votre espace. \
         Ne le donnez à personne. Si vous n'avez pas demandé de code, changez votre mot de passe.\n",
    en: "Your code: {}\n\nIt works once, within ten minutes, to enter your space. Give it to nobody. \
         If you did not ask for a code, change your password.\n",
};

/// A log-in whose password was right and whose code is awaited; a cookie carries it.
#[derive(Clone, PartialEq, Eq)]
pub struct PendingLogIn(Token);

impl PendingLogIn {
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

impl std::fmt::Debug for PendingLogIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PendingLogIn(…)")
    }
}

/// What a code did.
#[derive(Debug)]
pub enum CodeAnswer {
    /// It was right: a session.
    LoggedIn(SessionToken),
    /// It was wrong; there are tries left.
    Wrong,
    /// There is nothing to confirm any more: too late, too many tries, or a newer code. Begin again.
    Expired,
}

#[derive(Serialize, Deserialize)]
struct Pending {
    token: [u8; 16],
    principal: PrincipalId,
    code: [u8; 16],
    expires: i64,
    tries: u32,
}

/// One for each principal: a newer log-in replaces the one before.
fn key(principal: PrincipalId) -> ServiceKey {
    ServiceKey::new(tables::PENDING).id(*principal.as_bytes())
}

/// A keyed hash under the account's key.
fn hashed(view: &View<'_>, text: &str) -> [u8; 16] {
    ServiceKey::new(tables::PENDING).lookup(view, text).last_id().unwrap_or_default()
}

impl Access {
    fn new_code(&self) -> Result<Zeroizing<String>, StoreError> {
        loop {
            let number = u32::from_be_bytes(self.random()?);
            if number < FAIR {
                return Ok(Zeroizing::new(format!("{:06}", number % 1_000_000)));
            }
        }
    }

    /// Checks a name and a password, and sends a code.
    pub async fn check_web_password(
        &self,
        login: &str,
        password: &str,
        from: IpAddr,
    ) -> Result<PendingLogIn, Denied> {
        let now = self.clock.now();
        let attempt = self.throttle.begin(login, from, now).ok_or(Denied::Throttled)?;
        let mut found = None;
        for (principal, home) in self.principals_of(login)? {
            if crate::password::is_set(&self.store.view(home)?, principal)? {
                found = Some((principal, home));
                break;
            }
        }
        let right = self.is_password(found, password).await?;
        let Some((principal, home)) = found.filter(|_| right) else {
            attempt.wrong();
            return Err(Denied::Credentials);
        };
        let opened = match self.open(Way::Web, principal, home) {
            Err(Denied::Credentials | Denied::NotAllowed) => {
                attempt.wrong();
                return Err(Denied::Credentials);
            }
            opened => opened?,
        };
        attempt.right();
        if !self.throttle.may_send_code(principal, now) {
            return Err(Denied::Throttled);
        }
        self.throttle.code_sent(principal, now);
        let contact = contact::of(&self.store.view(home)?, principal)?;
        let code = self.new_code()?;
        let notice = contact.and_then(|contact| {
            let text = TEXT.get(contact.lang).replace("{}", &code);
            contact.notice(SUBJECT.get(contact.lang), text)
        });
        let Some(notice) = notice else {
            tracing::error!(principal = ?principal, "no way to send a one-time code");
            return Err(Denied::Unavailable);
        };
        let token = Token::new(home, self.random()?);
        self.keep_pending(&opened, token.secret(), &code).await?;
        if let Err(error) = self.courier.send(notice).await {
            tracing::error!(error = &error as &dyn std::error::Error, "a one-time code");
            return Err(Denied::Unavailable);
        }
        Ok(PendingLogIn(token))
    }

    async fn keep_pending(
        &self,
        opened: &Opened,
        token: [u8; 16],
        code: &Zeroizing<String>,
    ) -> Result<(), StoreError> {
        let (principal, code) = (opened.principal, code.clone());
        let work = move |tx: &mut Transaction<'_>| {
            let pending = Pending {
                token: hashed(tx, &hex::encode(token)),
                principal,
                code: hashed(tx, &code),
                expires: tx.now().as_second() + CODE_LIFE,
                tries: 0,
            };
            tx.put_service_value(&key(principal), &pending)
        };
        self.store.transact(opened.actor, opened.account, work).await.map(drop)
    }

    /// Confirms a pending log-in by its code.
    pub async fn confirm_code(
        &self,
        pending: &PendingLogIn,
        code: &str,
    ) -> Result<CodeAnswer, Denied> {
        let home = pending.0.account();
        let (token, code) = (pending.0.secret(), code.trim().to_owned());
        let actor = Actor { through: Through::Web, ..Actor::SYSTEM };
        let work = move |tx: &mut Transaction<'_>| confirm(tx, token, &code);
        let answer = match self.store.transact(actor, home, work).await {
            Err(StoreError::NoSuchAccount) => return Ok(CodeAnswer::Expired),
            answer => answer?.into_inner(),
        };
        match answer {
            Confirmed::Right(principal) => {
                self.throttle.code_confirmed(principal);
                let opened = self.open(Way::Web, principal, home)?;
                Ok(CodeAnswer::LoggedIn(self.begin_session(&opened).await?))
            }
            Confirmed::Wrong => Ok(CodeAnswer::Wrong),
            Confirmed::Expired => Ok(CodeAnswer::Expired),
        }
    }
}

enum Confirmed {
    Right(PrincipalId),
    Wrong,
    Expired,
}

fn confirm(tx: &mut Transaction<'_>, token: [u8; 16], code: &str) -> Result<Confirmed, StoreError> {
    let token = hashed(tx, &hex::encode(token));
    let all: Vec<(_, Pending)> =
        tx.service_values(&ServiceKey::new(tables::PENDING), MAX_PENDING)?;
    let found = all.into_iter().find(|(_, pending)| pending.token == token);
    let Some((key, mut pending)) = found else { return Ok(Confirmed::Expired) };
    let late = tx.now() >= Timestamp::from_second(pending.expires).unwrap_or(Timestamp::MIN);
    if late || pending.tries >= MAX_CODE_TRIES {
        tx.delete_service_record(&key);
        return Ok(Confirmed::Expired);
    }
    if pending.code == hashed(tx, code) {
        tx.delete_service_record(&key);
        return Ok(Confirmed::Right(pending.principal));
    }
    pending.tries += 1;
    tx.put_service_value(&key, &pending)?;
    Ok(Confirmed::Wrong)
}
