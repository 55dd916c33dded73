//! The configuration of an operator: one typed structure, read from TOML.
//!
//! Invariants: each key has a line that says what it is, its unit and its default; the sample
//! (`pli serve` without a file, `docs/pli.toml`) is held to these keys by a test. An unknown key is an
//! error that names the nearest one. Paths are relative to the configuration file.
//! Failure: [`ConfigError`] names the file, the key and what to write instead.

use crate::logging;
use domain::{CitizenDomains, Lang, MailAddress, MailDomain, Mode, OperatorName};
use hyper::Uri;
use jiff::tz::TimeZone;
use mta::client::{Route, Routes};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The commented sample.
pub(crate) const SAMPLE: &str = include_str!("../../docs/pli.toml");
/// Octets of a configuration file.
const MAX_FILE: u64 = 1024 * 1024;
/// The port between operators, where a route names none.
const SMTP_PORT: u16 = 25;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("the configuration {0} could not be read")]
    Unreadable(PathBuf, #[source] std::io::Error),
    #[error("the configuration {0} is not right: {1}")]
    Wrong(PathBuf, String),
}

/// Everything an operator decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) operator: OperatorSection,
    pub(crate) trust: TrustSection,
    #[serde(default)]
    pub(crate) listen: ListenSection,
    #[serde(default)]
    pub(crate) routes: BTreeMap<String, RouteSection>,
    #[serde(default)]
    pub(crate) directory: DirectorySection,
    #[serde(default)]
    pub(crate) notifications: NotificationsSection,
    #[serde(default)]
    pub(crate) imap: ImapSection,
    #[serde(default)]
    pub(crate) web: WebSection,
    #[serde(default)]
    pub(crate) log: LogSection,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OperatorSection {
    pub(crate) name: String,
    pub(crate) hostname: String,
    pub(crate) domains: Vec<String>,
    #[serde(default)]
    pub(crate) citizen_domains: Vec<String>,
    pub(crate) product: String,
    pub(crate) data: PathBuf,
    #[serde(default)]
    pub(crate) key: Option<PathBuf>,
    #[serde(default)]
    pub(crate) test: bool,
    #[serde(default = "default_lang")]
    pub(crate) lang: String,
    #[serde(default = "default_zone")]
    pub(crate) time_zone: String,
    #[serde(default)]
    pub(crate) postmaster: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrustSection {
    pub(crate) authorities: PathBuf,
    pub(crate) revocations: Option<PathBuf>,
    #[serde(default)]
    pub(crate) revocation_urls: Vec<String>,
    pub(crate) domain_list: Option<PathBuf>,
    pub(crate) domain_list_url: Option<String>,
    #[serde(default = "default_fetch_minutes")]
    pub(crate) fetch_minutes: u32,
    pub(crate) web_authorities: Option<PathBuf>,
    #[serde(default)]
    pub(crate) list_signers: Vec<String>,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// Where it listens; what is absent is not opened.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListenSection {
    pub(crate) smtp: Option<SocketAddr>,
    pub(crate) submission: Option<SocketAddr>,
    pub(crate) submissions: Option<SocketAddr>,
    pub(crate) imap: Option<SocketAddr>,
    pub(crate) imaps: Option<SocketAddr>,
    pub(crate) https: Option<SocketAddr>,
    pub(crate) metrics: Option<SocketAddr>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RouteSection {
    pub(crate) host: String,
    #[serde(default = "default_port")]
    pub(crate) port: u16,
    #[serde(default)]
    pub(crate) server_name: Option<String>,
    #[serde(default = "yes")]
    pub(crate) compare_name: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DirectorySection {
    pub(crate) extraction: Option<PathBuf>,
    #[serde(default)]
    pub(crate) operators: BTreeMap<String, PublisherSection>,
}

/// Another operator whose mailboxes are imported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PublisherSection {
    pub(crate) file: PathBuf,
    pub(crate) publishes_for: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NotificationsSection {
    pub(crate) maildir: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImapSection {
    #[serde(default)]
    pub(crate) citizens: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebSection {
    pub(crate) origin: Option<String>,
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
}

/// What is logged, and how lines look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogSection {
    #[serde(default = "default_level")]
    pub(crate) level: String,
    #[serde(default)]
    pub(crate) format: logging::Format,
}

impl Default for LogSection {
    fn default() -> Self {
        Self { level: default_level(), format: logging::Format::default() }
    }
}

fn default_level() -> String {
    logging::DEFAULT_LEVEL.to_owned()
}

fn default_lang() -> String {
    "fr".to_owned()
}

fn default_zone() -> String {
    "Europe/Paris".to_owned()
}

/// Minutes between two visits of what an authority publishes.
fn default_fetch_minutes() -> u32 {
    60
}

fn default_port() -> u16 {
    SMTP_PORT
}

fn yes() -> bool {
    true
}

/// What the texts of a configuration mean.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    pub(crate) name: OperatorName,
    pub(crate) hostname: MailDomain,
    pub(crate) domains: BTreeSet<MailDomain>,
    pub(crate) citizen_domains: CitizenDomains,
    pub(crate) postmaster: MailAddress,
    pub(crate) mode: Mode,
    pub(crate) lang: Lang,
    pub(crate) zone: TimeZone,
    pub(crate) routes: Routes,
    /// Which operator speaks for which domain in the directory.
    pub(crate) owners: Vec<(MailDomain, OperatorName)>,
}

/// A key and what is wrong with its value.
struct Wrong(String);

fn parsed<T: std::str::FromStr>(key: &str, text: &str) -> Result<T, Wrong>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error| Wrong(format!("{key} = \"{text}\": {error}")))
}

/// The address of a published file.
fn url(key: &str, text: &str) -> Result<Uri, String> {
    let url: Option<Uri> = text.parse().ok();
    let right =
        |url: &Uri| matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some();
    let wrong = || format!("{key} = \"{text}\": write an address with http:// or https://");
    url.filter(right).ok_or_else(wrong)
}

impl TrustSection {
    /// The addresses of the domain list and of revocation lists.
    pub(crate) fn urls(&self) -> Result<(Option<Uri>, Vec<Uri>), String> {
        let lists = self.revocation_urls.iter().map(|text| url("trust.revocation_urls", text));
        let lists = lists.collect::<Result<Vec<_>, _>>()?;
        let list = self.domain_list_url.as_deref();
        let list = list.map(|text| url("trust.domain_list_url", text)).transpose()?;
        if self.domain_list.is_none() && list.is_none() {
            return Err("trust: name domain_list, domain_list_url, or both".to_owned());
        }
        if self.revocations.is_none() && lists.is_empty() {
            return Err("trust: name revocations, revocation_urls, or both".to_owned());
        }
        if self.fetch_minutes == 0 {
            return Err("trust.fetch_minutes = 0: write at least 1".to_owned());
        }
        Ok((list, lists))
    }
}

impl Config {
    /// Reads a file; relative paths in it become paths beside it.
    pub(crate) fn read(path: &Path) -> Result<(Self, Names), ConfigError> {
        let unreadable = |error| ConfigError::Unreadable(path.to_owned(), error);
        let octets = pki::durable_file::read(path, MAX_FILE).map_err(unreadable)?;
        let text = String::from_utf8(octets)
            .map_err(|_| ConfigError::Wrong(path.to_owned(), "it is not UTF-8".to_owned()))?;
        let dir = path.parent().unwrap_or(Path::new(""));
        Self::of(&text, dir).map_err(|reason| ConfigError::Wrong(path.to_owned(), reason))
    }

    /// Of a text that lies in `dir`.
    pub(crate) fn of(text: &str, dir: &Path) -> Result<(Self, Names), String> {
        let mut config: Self = toml::from_str(text).map_err(|error| explained(&error))?;
        config.resolve(dir);
        let names = config.names().map_err(|Wrong(reason)| reason)?;
        Ok((config, names))
    }

    fn resolve(&mut self, dir: &Path) {
        let trust = &mut self.trust;
        let mut paths = vec![
            &mut self.operator.data,
            &mut trust.authorities,
            &mut trust.certificate,
            &mut trust.key,
        ];
        paths.extend(trust.revocations.as_mut());
        paths.extend(trust.domain_list.as_mut());
        paths.extend(trust.web_authorities.as_mut());
        paths.extend(self.operator.key.as_mut());
        paths.extend(self.directory.extraction.as_mut());
        paths.extend(self.directory.operators.values_mut().map(|publisher| &mut publisher.file));
        paths.extend(self.notifications.maildir.as_mut());
        paths.extend(self.web.certificate.as_mut());
        paths.extend(self.web.key.as_mut());
        for path in paths {
            *path = dir.join(&*path);
        }
    }

    fn names(&self) -> Result<Names, Wrong> {
        let operator = &self.operator;
        let domains = operator.domains.iter().map(|domain| parsed("operator.domains", domain));
        let domains: BTreeSet<MailDomain> = domains.collect::<Result<_, _>>()?;
        let Some(first) = domains.first() else {
            return Err(Wrong("operator.domains is empty: name at least one".to_owned()));
        };
        let citizens = operator.citizen_domains.iter();
        let citizens = citizens.map(|domain| parsed("operator.citizen_domains", domain));
        // MSS #49
        if operator.product.trim().is_empty() {
            return Err(Wrong(
                "operator.product is empty: it is the product reference (NIL) that every message \
                 bears"
                    .to_owned(),
            ));
        }
        let postmaster = match &operator.postmaster {
            Some(address) => parsed("operator.postmaster", address)?,
            None => parsed("operator.domains", &format!("postmaster@{first}"))?,
        };
        let zone = TimeZone::get(&operator.time_zone).map_err(|_| {
            Wrong(format!("operator.time_zone = \"{}\" is unknown", operator.time_zone))
        })?;
        let lang = match operator.lang.as_str() {
            "fr" => Lang::Fr,
            "en" => Lang::En,
            other => {
                return Err(Wrong(format!("operator.lang = \"{other}\": write \"fr\" or \"en\"")));
            }
        };
        self.trust.urls().map_err(Wrong)?;
        let mut routes = Routes::new();
        for (domain, route) in &self.routes {
            let to = Route {
                host: route.host.clone(),
                port: route.port,
                server_name: route.server_name.clone(),
                compare_name: route.compare_name,
            };
            routes.insert(parsed("routes", domain)?, to);
        }
        let name: OperatorName = parsed("operator.name", &operator.name)?;
        let mut owners: Vec<_> =
            domains.iter().map(|domain| (domain.clone(), name.clone())).collect();
        for (publisher, section) in &self.directory.operators {
            let publisher: OperatorName = parsed("directory.operators", publisher)?;
            for domain in &section.publishes_for {
                let key = "directory.operators.publishes_for";
                owners.push((parsed(key, domain)?, publisher.clone()));
            }
        }
        Ok(Names {
            name,
            hostname: parsed("operator.hostname", &operator.hostname)?,
            domains,
            citizen_domains: citizens.collect::<Result<_, _>>()?,
            postmaster,
            mode: if operator.test { Mode::Test } else { Mode::Production },
            lang,
            zone,
            routes,
            owners,
        })
    }
}

/// What is wrong, with the nearest key where one is unknown.
fn explained(error: &toml::de::Error) -> String {
    let text = error.to_string();
    let message = error.message();
    let Some(rest) = message.strip_prefix("unknown field `") else { return text };
    let mut quoted = rest.split('`').step_by(2);
    let Some(unknown) = quoted.next() else { return text };
    let known = rest.split('`').skip(2).step_by(2);
    let nearest = known.min_by_key(|key| strsim::levenshtein(key, unknown));
    match nearest {
        Some(nearest) => format!("{text}did you mean `{nearest}`?"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> String {
        Config::of(text, Path::new("/etc/pli")).map(drop).unwrap_err()
    }

    #[test]
    fn the_sample_is_a_configuration() {
        let (config, names) = Config::of(SAMPLE, Path::new("/etc/pli")).unwrap();
        assert_eq!(config.trust.domain_list.unwrap(), Path::new("/etc/pli/trust/domain-list.xml"));
        assert!(names.domains.iter().all(|domain| domain.as_str().ends_with(".example")));
        assert!(config.listen.smtp.is_some() && config.listen.imaps.is_some());
    }

    /// Whoever adds a key writes its line in the sample.
    #[test]
    fn the_sample_names_every_key() {
        let source = include_str!("config.rs");
        let sections = source.split("\n#[serde(deny_unknown_fields)]\n").skip(2);
        let mut keys = 0;
        for section in sections {
            let body = section.split("\n}").next().unwrap();
            for line in body.lines().filter_map(|line| line.trim().strip_prefix("pub(crate) ")) {
                let Some((key, _)) = line.split_once(": ") else { continue };
                keys += 1;
                let named = SAMPLE.lines().any(|line| {
                    line.trim_start_matches("# ").starts_with(&format!("{key} = "))
                        || line.contains(&format!("[directory.{key}."))
                });
                assert!(named, "docs/pli.toml does not name `{key}`");
            }
        }
        assert!(keys > 25, "{keys}");
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        let wrong = SAMPLE.replacen("hostname =", "hostnam =", 1);
        let reason = reason(&wrong);
        assert!(reason.contains("did you mean `hostname`?"), "{reason}");
    }

    // MSS #49
    #[test]
    fn without_a_product_reference_nothing_starts() {
        let line = SAMPLE.lines().find(|line| line.starts_with("product = ")).unwrap();
        assert!(reason(&SAMPLE.replacen(line, "product = \"\"", 1)).contains("operator.product"));
        assert!(reason(&SAMPLE.replacen(line, "", 1)).contains("product"));
    }

    #[test]
    fn a_wrong_value_is_named_with_its_key() {
        for (key, value) in [
            ("domains", "[\"not a domain\"]"),
            ("time_zone", "\"Europe/Pariss\""),
            ("lang", "\"de\""),
            ("name", "\"Ünlike\""),
        ] {
            let line = SAMPLE.lines().find(|line| line.starts_with(&format!("{key} = "))).unwrap();
            let reason = reason(&SAMPLE.replacen(line, &format!("{key} = {value}"), 1));
            assert!(reason.contains(key), "{key}: {reason}");
        }
    }
}
