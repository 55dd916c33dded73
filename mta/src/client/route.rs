//! Where a recipient's domain is served: a configured route, else MX records, else the domain itself.
//!
//! Invariants: a configured route is the only one tried for its domain; where an MX record exists the domain's own
//! address is never tried; at most [`MAX_HOSTS`] hosts of [`MAX_ADDRESSES`] addresses; a host that the DNS
//! names is never contacted on an address that leads back to this machine or to no single one.
//! Failure: [`Failure::NullMx`] for good, [`Failure::NoRoute`] and [`Failure::Dns`] for the time being: the domain
//! list names the domain, so its absence from the DNS is a fault that people mend.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use domain::MailDomain;

use super::failure::Failure;
use super::resolver::{LookupError, Mx, Resolver};

/// Most hosts of one domain.
pub const MAX_HOSTS: usize = 10;

/// Most addresses of one host.
pub const MAX_ADDRESSES: usize = 4;

/// The port between operators.
// RFC 5321 §4.5.4.2
pub const SMTP_PORT: u16 = 25;

/// A random number, evenly spread; passed in.
pub type Random<'a> = &'a mut (dyn FnMut() -> u64 + Send);

/// A configured way to a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Host name or IP address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The server name for SNI, when it is not `host`.
    pub server_name: Option<String>,
    /// Whether the certificate must bear the server name; the DN of the domain list must match in any case.
    pub compare_name: bool,
}

impl Route {
    /// A route with its defaults: SNI is the host, the name is compared.
    pub fn new(host: &str, port: u16) -> Self {
        Self { host: host.to_owned(), port, server_name: None, compare_name: true }
    }
}

/// The configured routes.
pub type Routes = BTreeMap<MailDomain, Route>;

/// One host to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextHop {
    /// Host name or IP address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The name for SNI.
    pub server_name: String,
    /// Whether the certificate must bear `server_name`.
    pub compare_name: bool,
    /// Whether the operator chose it, so that any address is right.
    pub configured: bool,
}

impl NextHop {
    fn configured(route: &Route) -> Self {
        Self {
            host: route.host.clone(),
            port: route.port,
            server_name: route.server_name.clone().unwrap_or_else(|| route.host.clone()),
            compare_name: route.compare_name,
            configured: true,
        }
    }

    /// A host that the DNS names: the binding is the DN of the domain list, not the DNS name.
    fn found(host: String) -> Self {
        let server_name = host.clone();
        Self { host, port: SMTP_PORT, server_name, compare_name: false, configured: false }
    }

    /// Its addresses in the order to be tried.
    ///
    /// # Errors
    /// [`Failure::NoRoute`], [`Failure::Dns`].
    pub async fn addresses(&self, resolver: &dyn Resolver) -> Result<Vec<SocketAddr>, Failure> {
        let found = match self.host.parse::<IpAddr>() {
            Ok(address) if self.configured => vec![address],
            Ok(_) => return Err(Failure::NoRoute),
            Err(_) => resolver.addresses(&self.host).await.map_err(dns_failure)?,
        };
        let usable = found.into_iter().filter(|address| self.configured || leads_out(*address));
        let usable: Vec<_> =
            usable.take(MAX_ADDRESSES).map(|ip| SocketAddr::new(ip, self.port)).collect();
        if usable.is_empty() { Err(Failure::NoRoute) } else { Ok(usable) }
    }
}

/// Whether an address that a stranger's DNS gives can be another operator's: not this machine, not a group.
fn leads_out(address: IpAddr) -> bool {
    let address = address.to_canonical();
    let link_local = match address {
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_broadcast(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    !(address.is_loopback() || address.is_unspecified() || address.is_multicast() || link_local)
}

/// The hosts that serve a domain, in the order to be tried.
///
/// # Errors
/// [`Failure::NullMx`], [`Failure::NoRoute`], [`Failure::Dns`].
// RFC 5321 §5.1
pub async fn next_hops(
    domain: &MailDomain,
    routes: &Routes,
    resolver: &dyn Resolver,
    random: Random<'_>,
) -> Result<Vec<NextHop>, Failure> {
    if let Some(route) = routes.get(domain) {
        return Ok(vec![NextHop::configured(route)]);
    }
    let records = resolver.mx(domain.as_str()).await.map_err(dns_failure)?;
    let hosts = match records.as_slice() {
        [] => vec![domain.as_str().to_owned()],
        // RFC 7505 §3
        [only] if only.exchange.is_empty() => return Err(Failure::NullMx),
        _ => in_order(records, random),
    };
    if hosts.is_empty() {
        return Err(Failure::NoRoute);
    }
    Ok(hosts.into_iter().map(NextHop::found).collect())
}

/// By preference, equal ones shuffled.
// RFC 5321 §5.1
fn in_order(records: Vec<Mx>, random: Random<'_>) -> Vec<String> {
    let named = records.into_iter().filter(|mx| !mx.exchange.is_empty());
    let mut drawn: Vec<(u16, u64, Mx)> = named.map(|mx| (mx.preference, random(), mx)).collect();
    drawn.sort_by_key(|(preference, draw, _)| (*preference, *draw));
    let mut hosts: Vec<String> = Vec::new();
    for (_, _, mx) in drawn {
        let host = mx.exchange.to_ascii_lowercase();
        if hosts.len() < MAX_HOSTS && !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts
}

fn dns_failure(error: LookupError) -> Failure {
    match error {
        LookupError::NoSuchName => Failure::NoRoute,
        LookupError::Failed => Failure::Dns,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::future::Future;
    use std::task::{Context, Poll, Waker};

    use super::super::resolver::Answer;
    use super::*;

    #[derive(Default)]
    struct Zone {
        mx: HashMap<&'static str, Vec<Mx>>,
        hosts: HashMap<&'static str, Vec<IpAddr>>,
        down: bool,
    }

    impl Zone {
        fn with_mx(records: &[(u16, &str)]) -> Self {
            let records = records.iter().map(|(preference, exchange)| Mx {
                preference: *preference,
                exchange: (*exchange).to_owned(),
            });
            Self { mx: HashMap::from([("b.fr", records.collect())]), ..Self::default() }
        }

        fn with_host(addresses: &[&str]) -> Self {
            let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
            Self { hosts: HashMap::from([("b.fr", addresses)]), ..Self::default() }
        }

        fn answer<T: Clone + Send + 'static>(&self, found: Option<&T>) -> Answer<'_, T> {
            let answer = if self.down { Err(LookupError::Failed) } else { Ok(()) };
            let found = answer.and_then(|()| found.cloned().ok_or(LookupError::NoSuchName));
            Box::pin(std::future::ready(found))
        }
    }

    impl Resolver for Zone {
        fn mx<'a>(&'a self, domain: &'a str) -> Answer<'a, Vec<Mx>> {
            self.answer(self.mx.get(domain))
        }

        fn addresses<'a>(&'a self, host: &'a str) -> Answer<'a, Vec<IpAddr>> {
            self.answer(self.hosts.get(host))
        }
    }

    /// The answers of [`Zone`] are always ready.
    fn now<T>(future: impl Future<Output = T>) -> T {
        let mut future = std::pin::pin!(future);
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("not ready"),
        }
    }

    fn hosts(zone: &Zone, mut draws: Vec<u64>) -> Result<Vec<String>, Failure> {
        let mut random = || draws.pop().unwrap_or_default();
        let domain = "b.fr".parse().unwrap();
        let hops = now(next_hops(&domain, &Routes::new(), zone, &mut random))?;
        assert!(hops.iter().all(|hop| hop.port == 25 && !hop.compare_name && !hop.configured));
        Ok(hops.into_iter().map(|hop| hop.host).collect())
    }

    #[test]
    fn mx_records_come_in_order_and_equal_ones_by_chance() {
        let zone = Zone::with_mx(&[(20, "c.b.fr"), (10, "a.b.fr"), (10, "B.b.fr"), (30, "a.b.fr")]);
        assert_eq!(hosts(&zone, vec![0, 1, 2, 3]).unwrap(), ["b.b.fr", "a.b.fr", "c.b.fr"]);
        assert_eq!(hosts(&zone, vec![3, 2, 1, 0]).unwrap(), ["a.b.fr", "b.b.fr", "c.b.fr"]);
        let many: Vec<String> = (0..20).map(|n| format!("mx{n}.b.fr")).collect();
        let many: Vec<_> = many.iter().map(|name| (1, name.as_str())).collect();
        assert_eq!(hosts(&Zone::with_mx(&many), vec![]).unwrap().len(), MAX_HOSTS);
    }

    #[test]
    fn what_leads_nowhere() {
        assert_eq!(hosts(&Zone::with_mx(&[(0, "")]), vec![]), Err(Failure::NullMx));
        assert_eq!(hosts(&Zone::with_mx(&[(0, ""), (1, "")]), vec![]), Err(Failure::NoRoute));
        assert_eq!(hosts(&Zone::with_mx(&[(0, ""), (1, "a.fr")]), vec![]).unwrap(), ["a.fr"]);
        assert_eq!(hosts(&Zone::default(), vec![]), Err(Failure::NoRoute));
        assert_eq!(hosts(&Zone { down: true, ..Zone::default() }, vec![]), Err(Failure::Dns));
        assert_eq!(hosts(&Zone::with_mx(&[]), vec![]).unwrap(), ["b.fr"], "implicit MX");
    }

    #[test]
    fn a_configured_route_comes_before_the_dns() {
        let route = Route {
            server_name: Some("mta.b.fr".to_owned()),
            compare_name: false,
            ..Route::new("127.0.0.1", 2525)
        };
        let domain: MailDomain = "b.fr".parse().unwrap();
        let routes = Routes::from([(domain.clone(), route)]);
        let zone = Zone { down: true, ..Zone::default() };
        let hops = now(next_hops(&domain, &routes, &zone, &mut || 0)).unwrap();
        assert_eq!(hops.len(), 1);
        assert_eq!((hops[0].server_name.as_str(), hops[0].compare_name), ("mta.b.fr", false));
        let addresses = now(hops[0].addresses(&zone)).unwrap();
        assert_eq!(addresses, ["127.0.0.1:2525".parse().unwrap()]);
        assert!(Route::new("mta.b.fr", 25).compare_name);
    }

    #[test]
    fn the_dns_cannot_lead_us_to_ourselves() {
        let addresses =
            |zone: &Zone, host: &str| now(NextHop::found(host.to_owned()).addresses(zone));
        let zone = Zone::with_host(&[
            "127.0.0.1",
            "::1",
            "::ffff:127.0.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "169.254.1.1",
            "fe80::1",
        ]);
        assert_eq!(addresses(&zone, "b.fr"), Err(Failure::NoRoute));
        let zone = Zone::with_host(&["2001:db8::1", "127.0.0.1", "192.0.2.1"]);
        let found = addresses(&zone, "b.fr").unwrap();
        assert_eq!(found, ["[2001:db8::1]:25".parse().unwrap(), "192.0.2.1:25".parse().unwrap()]);
        assert_eq!(addresses(&zone, "192.0.2.1"), Err(Failure::NoRoute), "an MX is a name");
    }
}
