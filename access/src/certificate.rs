//! Certificates that open accounts: SASL EXTERNAL.
//!
//! A binding leads from a certificate to a principal, by issuer and serial number, or by issuer and
//! subject, so that a renewed certificate works at once. Chain, dates and revocation are judged at
//! each log-in against the trust of that moment.
//! Failure: [`Denied::NotAllowed`] for a certificate that opens nothing; [`CertificateDenied::Trust`]
//! with the verdict of a bad one.

use crate::opened::AtHome;
use crate::{Access, Denied, Opened, Way, tables};
use domain::Verdict;
use mailstore::{AccountId, Actor, PrincipalId, ServiceKey, StoreError, Transaction, View};
use pki::{Certificate, PeerChain, TrustState, Usage};
use serde::{Deserialize, Serialize};

/// Accounts of one principal that a log-in without a name looks through.
const MAX_ACCOUNTS: usize = 1000;

/// Why a certificate was not bound.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// It opens another principal's accounts.
    #[error("the certificate belongs to somebody else already")]
    Taken,
    /// The store.
    #[error("the certificate could not be bound")]
    Store(#[from] StoreError),
}

/// Why a certificate does not log in.
#[derive(Debug, thiserror::Error)]
pub enum CertificateDenied {
    /// It is not trusted now, and why.
    #[error("the certificate is not trusted: {0}")]
    Trust(Verdict),
    /// It is, and opens nothing, or not that.
    #[error(transparent)]
    Denied(#[from] Denied),
}

/// Whom a certificate belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Bound {
    principal: PrincipalId,
    home: AccountId,
}

/// Two names of a certificate, in the order of their looking up.
fn keys(operator: &View<'_>, certificate: &Certificate) -> [ServiceKey; 2] {
    let issuer = certificate.issuer();
    let key = |text: &str| ServiceKey::new(tables::CERTIFICATES).lookup(operator, text);
    [
        key(&format!("serial|{issuer}|{}", certificate.serial())),
        key(&format!("subject|{issuer}|{}", certificate.subject())),
    ]
}

impl Access {
    fn bound(&self, certificate: &Certificate) -> Result<Option<AtHome>, StoreError> {
        let operator = self.store.operator_view()?;
        for key in keys(&operator, certificate) {
            if let Some(bound) = operator.service_value::<Bound>(&key)? {
                return Ok(Some((bound.principal, bound.home)));
            }
        }
        Ok(None)
    }

    /// Whether a certificate opens something, so that EXTERNAL is worth offering: mail programs that
    /// see it prefer it and stop when it fails.
    #[must_use]
    pub fn certificate_opens(&self, way: Way, chain: &PeerChain) -> bool {
        let opens = || -> Result<bool, StoreError> {
            let Some((principal, _)) = self.bound(chain.certificate())? else { return Ok(false) };
            let accounts = self.store.operator_view()?.accounts_of(principal, MAX_ACCOUNTS)?;
            Ok(accounts.into_iter().any(|account| self.open(way, principal, account).is_ok()))
        };
        opens().unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "certificate");
            false
        })
    }

    /// Logs in by the certificate of a connection. `authorization` names the account; empty is right
    /// when there is exactly one.
    // RFC 4422 §A
    // MSS #20, MSS #25
    pub fn with_certificate(
        &self,
        way: Way,
        chain: &PeerChain,
        trust: &TrustState,
        authorization: &str,
    ) -> Result<Opened, CertificateDenied> {
        trust
            .judge_peer(chain, Usage::Client, self.clock.now())
            .map_err(|fault| CertificateDenied::Trust(fault.verdict()))?;
        let bound = self.bound(chain.certificate()).map_err(Denied::from)?;
        let (principal, home) = bound.ok_or(Denied::NotAllowed)?;
        if !authorization.is_empty() {
            let at_home = (principal, home);
            return Ok(self.open_for(way, at_home, "", Some(authorization))?);
        }
        let operator = self.store.operator_view().map_err(Denied::from)?;
        let accounts = operator.accounts_of(principal, MAX_ACCOUNTS).map_err(Denied::from)?;
        let mut opened =
            accounts.into_iter().filter_map(|account| match self.open(way, principal, account) {
                Err(Denied::NotAllowed | Denied::Credentials) => None,
                opened => Some(opened),
            });
        match (opened.next(), opened.next()) {
            (Some(only), None) => Ok(only?),
            _ => Err(Denied::NotAllowed.into()),
        }
    }

    /// Lets a certificate, and later ones of the same subject, log a principal in.
    pub async fn bind_certificate(
        &self,
        actor: Actor,
        home: AccountId,
        principal: PrincipalId,
        certificate: &Certificate,
    ) -> Result<(), BindError> {
        self.note_home(actor, (principal, home)).await?;
        let keys = keys(&self.store.operator_view()?, certificate);
        let bound = Bound { principal, home };
        let work = move |tx: &mut Transaction<'_>| {
            for key in &keys {
                match tx.service_value::<Bound>(key)? {
                    Some(other) if other.principal != principal => return Err(BindError::Taken),
                    _ => tx.put_service_value(key, &bound)?,
                }
            }
            Ok(())
        };
        self.store.transact(actor, AccountId::OPERATOR, work).await.map(drop)
    }

    /// Takes a certificate's binding back.
    pub async fn unbind_certificate(
        &self,
        actor: Actor,
        certificate: &Certificate,
    ) -> Result<(), StoreError> {
        let keys = keys(&self.store.operator_view()?, certificate);
        let work = move |tx: &mut Transaction<'_>| {
            for key in &keys {
                tx.delete_service_record(key);
            }
            Ok::<_, StoreError>(())
        };
        self.store.transact(actor, AccountId::OPERATOR, work).await.map(drop)
    }
}
