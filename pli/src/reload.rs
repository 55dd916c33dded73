//! Reading again what may change while an operator runs: certificates, authorities, revocation lists,
//! the domain list, routes, the directory's imports, the log's level.
//!
//! Invariants: a configuration that is not right changes nothing; each part is taken for itself, and a
//! part that cannot be taken leaves what was in force. A key that only a start reads is named as
//! waiting for it, at every reload until then.
//! Failure: the answer names what is in the way, and so does the log.

use crate::administration::Answer;
use crate::config::{Config, Names};
use crate::logging::Level;
use crate::operator::{Published, read_web_identity};
use crate::serve::import;
use directory::Directory;
use mta::relay::Relay;
use pki::Identity;
use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Keys, and sections, that are taken while the operator runs.
pub(crate) const LIVE: [&str; 3] = ["directory.extraction", "log.level", "routes"];

/// What is read again.
pub(crate) struct Reloader {
    pub(crate) path: PathBuf,
    /// What the operator was started with.
    pub(crate) started_with: Config,
    pub(crate) published: Arc<Published>,
    pub(crate) web_identity: Option<Arc<Identity>>,
    pub(crate) relay: Relay,
    pub(crate) directory: Arc<Directory>,
    pub(crate) level: Level,
}

/// Whether a key is taken while the operator runs.
pub(crate) fn is_live(key: &str) -> bool {
    LIVE.iter().any(|live| key.strip_prefix(live).is_some_and(|rest| !rest.starts_with(is_word)))
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Every key with its value.
fn keys_of(config: &Config) -> Outcome<BTreeMap<String, String>> {
    let mut keys = BTreeMap::new();
    flatten("", &toml::Value::try_from(config)?, &mut keys);
    Ok(keys)
}

fn flatten(prefix: &str, value: &toml::Value, into: &mut BTreeMap<String, String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                flatten(&key, value, into);
            }
        }
        value => {
            into.insert(prefix.to_owned(), value.to_string());
        }
    }
}

/// Keys whose values differ.
fn changed(before: &Config, after: &Config) -> Outcome<Vec<String>> {
    let (before, after) = (keys_of(before)?, keys_of(after)?);
    let all = before.keys().chain(after.keys().filter(|key| !before.contains_key(*key)));
    Ok(all.filter(|key| before.get(*key) != after.get(*key)).cloned().collect())
}

impl Reloader {
    /// Reads everything again; says line by line what came of it.
    pub(crate) fn reload(&self) -> Outcome<Answer> {
        let (config, names) = Config::read(&self.path)?;
        let mut text = String::new();
        let mut failed = false;
        let mut say = |what: &str, outcome: Outcome<bool>| {
            let said = match outcome {
                Ok(true) => "taken".to_owned(),
                Ok(false) => "as it was".to_owned(),
                Err(error) => {
                    failed = true;
                    format!("NOT taken, what was there stays in force: {error}")
                }
            };
            text.push_str(&format!("{what:<18} {said}\n"));
        };
        for (what, outcome) in self.published.reload() {
            say(what, outcome);
        }
        if let Some(identity) = &self.web_identity {
            say("site certificate", self.web_certificate(identity));
        }
        say("log level", self.level.set(&config.log.level).map(|()| true).map_err(Into::into));
        say("routes", self.routes(&names));
        import(&self.directory, &config.directory);
        text.push_str("directory          imported; what could not be is in the log\n");
        for key in changed(&self.started_with, &config)? {
            if !is_live(&key) {
                text.push_str(&format!("{key} has changed: it is taken at the next start\n"));
            }
        }
        tracing::info!("the configuration was read again");
        Ok(if failed { Answer::Found(text) } else { Answer::Done(text) })
    }

    /// The same at a signal: what came of it goes to the log.
    pub(crate) fn hang_up(&self) {
        match self.reload() {
            Ok(Answer::Done(text)) => tracing::info!(%text, "read again"),
            Ok(Answer::Found(text)) => tracing::error!(%text, "read again, with faults"),
            Ok(Answer::Refused(reasons)) => tracing::error!(?reasons, "not read again"),
            Err(error) => tracing::error!(%error, "not read again: all stays as it was"),
        }
    }

    fn web_certificate(&self, identity: &Identity) -> Outcome<bool> {
        let web = &self.started_with.web;
        let Some(read) = read_web_identity(web)? else { return Ok(false) };
        if read.chain.first() == Some(identity.certificate().der()) {
            return Ok(false);
        }
        identity.replace(read.chain, read.key)?;
        Ok(true)
    }

    fn routes(&self, names: &Names) -> Outcome<bool> {
        self.relay.set_routes(names.routes.clone());
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SAMPLE;
    use std::path::Path;

    #[test]
    fn keys_that_differ_are_named_and_only_some_are_live() {
        let of = |text: &str| Config::of(text, Path::new("/etc/pli")).unwrap().0;
        let before = of(SAMPLE);
        assert!(changed(&before, &before).unwrap().is_empty());
        let after = of(&SAMPLE.replace("level = \"warn\"", "level = \"info\"").replace(
            "# [routes.\"chu.example\"]\n# host = \"192.0.2.1\"",
            "[routes.\"chu.example\"]\nhost = \"192.0.2.1\"",
        ));
        let keys = changed(&before, &after).unwrap();
        assert!(keys.contains(&"log.level".to_owned()), "{keys:?}");
        assert!(keys.contains(&"routes.chu.example.host".to_owned()), "{keys:?}");
        assert!(keys.iter().all(|key| is_live(key)), "{keys:?}");
        let after = of(&SAMPLE.replace("citizens = false", "citizens = true"));
        assert_eq!(changed(&before, &after).unwrap(), ["imap.citizens"]);
        assert!(!is_live("imap.citizens") && !is_live("log.levels") && !is_live("log"));
    }
}
