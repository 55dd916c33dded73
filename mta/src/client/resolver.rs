//! Questions to the DNS, behind a trait so that tests answer them; and the answerer of production.
//!
//! Invariants: at most [`MAX_ANSWERS`] records of one answer are looked at; no answer is a failure of its own.
//! Failure: [`LookupError`] tells "there is no such name" from "nobody answered": only the first is knowledge.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use hickory_resolver::TokioResolver;
use hickory_resolver::net::NetError;
use hickory_resolver::proto::rr::RData;

/// Most records of one answer.
pub const MAX_ANSWERS: usize = 64;

/// An answer on its way.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, LookupError>> + Send + 'a>>;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// The name does not exist.
    #[error("the name does not exist")]
    NoSuchName,
    /// No answer, or one of failure.
    #[error("the name server does not answer")]
    Failed,
}

/// A mail exchanger of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mx {
    /// The lower, the earlier.
    pub preference: u16,
    /// The host, without trailing dot; empty for the root.
    pub exchange: String,
}

/// Who knows the DNS.
pub trait Resolver: Send + Sync {
    /// The MX records of a domain; none when the name exists without any.
    fn mx<'a>(&'a self, domain: &'a str) -> Answer<'a, Vec<Mx>>;

    /// The addresses of a host, those to be tried first at the head.
    fn addresses<'a>(&'a self, host: &'a str) -> Answer<'a, Vec<IpAddr>>;
}

/// The system's name servers.
pub struct SystemResolver(TokioResolver);

impl SystemResolver {
    /// Reads the system's configuration.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn new() -> Result<Self, LookupError> {
        let builder = TokioResolver::builder_tokio().map_err(|_| LookupError::Failed)?;
        Ok(Self(builder.build().map_err(|_| LookupError::Failed)?))
    }
}

impl Resolver for SystemResolver {
    // RFC 5321 §5.1
    fn mx<'a>(&'a self, domain: &'a str) -> Answer<'a, Vec<Mx>> {
        Box::pin(async move {
            match self.0.mx_lookup(absolute(domain)).await {
                Ok(lookup) => {
                    let answers = lookup.answers().iter().take(MAX_ANSWERS);
                    Ok(answers.filter_map(|record| as_mx(&record.data)).collect())
                }
                Err(error) => none_or_failed(&error),
            }
        })
    }

    fn addresses<'a>(&'a self, host: &'a str) -> Answer<'a, Vec<IpAddr>> {
        Box::pin(async move {
            match self.0.lookup_ip(absolute(host)).await {
                Ok(lookup) => {
                    let mut found: Vec<IpAddr> = lookup.iter().take(MAX_ANSWERS).collect();
                    found.sort_by_key(IpAddr::is_ipv4);
                    Ok(found)
                }
                Err(error) => none_or_failed(&error),
            }
        })
    }
}

/// The name as it stands: no search list is tried.
fn absolute(name: &str) -> String {
    format!("{name}.")
}

fn as_mx(data: &RData) -> Option<Mx> {
    let RData::MX(mx) = data else { return None };
    let exchange = mx.exchange.to_ascii();
    let exchange = exchange.strip_suffix('.').unwrap_or(&exchange).to_owned();
    Some(Mx { preference: mx.preference, exchange })
}

fn none_or_failed<T>(error: &NetError) -> Result<Vec<T>, LookupError> {
    if error.is_nx_domain() {
        Err(LookupError::NoSuchName)
    } else if error.is_no_records_found() {
        Ok(Vec::new())
    } else {
        Err(LookupError::Failed)
    }
}
