//! `pli init`: the beginning of an operator.
//!
//! Writes the commented configuration, the operator's certificate key and the request that its
//! authority certifies, and says what comes next, in the order in which it has to come.
//!
//! Invariants: nothing that is there is overwritten; what was written reads back as a configuration
//! before anything else is made. Questions are put on a terminal only.
//! Failure: a sentence that names what is missing or in the way.

use crate::args::OperatorInitArgs;
use crate::config::{Config, SAMPLE};
use domain::StructureId;
use pki::authority::PrivateKey;
use pki::durable_file::{self, Access};
use pki::{Profile, Subject};
use std::error::Error;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Octets of an answer.
const MAX_ANSWER: usize = 256;

/// What an operator begins with.
struct Beginning {
    hostname: String,
    domains: Vec<String>,
    citizen_domain: Option<String>,
    subject: Subject,
    product: String,
    name: String,
}

/// `pli init`.
pub(crate) fn run(asked: &OperatorInitArgs) -> Outcome<ExitCode> {
    let config = asked.dir.join("pli.toml");
    if config.exists() {
        return Err(format!("{} is there already: nothing is changed", config.display()).into());
    }
    let beginning = beginning(asked)?;
    let text = configuration(asked, &beginning)?;
    Config::of(&text, &asked.dir)?;
    let (key, request) = key_and_request(&beginning)?;
    let trust = asked.dir.join("trust");
    std::fs::create_dir_all(&trust)?;
    let name = &beginning.name;
    let (key_file, csr) = (trust.join(format!("{name}.key")), trust.join(format!("{name}.csr")));
    if key_file.exists() {
        let key_file = key_file.display();
        return Err(format!("{key_file} is there already: nothing is changed").into());
    }
    key.write(&key_file)?;
    durable_file::replace(&csr, request.as_bytes(), Access::Public)?;
    // Last: where it is, all that it names of ours is.
    durable_file::replace(&config, text.as_bytes(), Access::Public)?;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "Written:\n  {}\n  {}   the key; keep it secret\n  {}   the request for its certificate\n",
        config.display(),
        key_file.display(),
        csr.display()
    )?;
    out.write_all(next_steps(asked, &beginning, &config, &csr).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// What was told, or is asked on a terminal.
fn beginning(asked: &OperatorInitArgs) -> Outcome<Beginning> {
    let mut missing = Vec::new();
    let mut need =
        |value: &Option<String>, flag: &'static str, question: &str| -> Outcome<String> {
            match value {
                Some(value) => Ok(value.clone()),
                None if io::stdin().is_terminal() => ask(question),
                None => {
                    missing.push(flag);
                    Ok(String::new())
                }
            }
        };
    let hostname = need(&asked.hostname, "--hostname", "This server's name (mail.chu.example)")?;
    let first = asked.domain.first().cloned();
    let first = need(&first, "--domain", "The mail domain that it serves (chu.example)")?;
    let structure = need(
        &asked.structure,
        "--structure",
        "The organisation: 1 and its FINESS, or 3 and its SIRET",
    )?;
    let legal_name = need(&asked.legal_name, "--legal-name", "Its legal name")?;
    let department =
        need(&asked.department, "--department", "Its département with the number (Paris (75))")?;
    let product = need(&asked.product, "--product", "The product reference (NIL)")?;
    if !missing.is_empty() {
        let missing = missing.join(", ");
        return Err(format!("this is no terminal to ask on: give {missing} as well").into());
    }
    let mut domains = vec![first];
    domains.extend(asked.domain.iter().skip(1).cloned());
    let label =
        || domains.first().and_then(|domain| domain.split('.').next()).unwrap_or("operator");
    let name = asked.name.clone().unwrap_or_else(|| label().to_ascii_lowercase());
    let structure =
        structure.parse::<StructureId>().map_err(|error| format!("--structure: {error}"))?;
    Ok(Beginning {
        hostname,
        citizen_domain: asked.citizen_domain.clone(),
        subject: Subject { structure, legal_name, department },
        product,
        name,
        domains,
    })
}

fn ask(question: &str) -> Outcome<String> {
    let mut error = io::stderr().lock();
    write!(error, "{question}: ")?;
    error.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    let answer = answer.trim();
    if answer.is_empty() || answer.len() > MAX_ANSWER {
        return Err(
            format!("{question}: an answer is needed, of {MAX_ANSWER} octets at most").into()
        );
    }
    Ok(answer.to_owned())
}

fn key_and_request(of: &Beginning) -> Outcome<(PrivateKey, String)> {
    let key = PrivateKey::generate()?;
    let profile = Profile::Operator {
        subject: of.subject.clone(),
        host: of.hostname.clone(),
        dns_names: Vec::new(),
        ip_addresses: Vec::new(),
    };
    let request = key.request(&profile)?;
    Ok((key, request))
}

/// The sample with this operator's values.
fn configuration(asked: &OperatorInitArgs, of: &Beginning) -> Outcome<String> {
    let mut sample = Sample(SAMPLE.lines().map(str::to_owned).collect());
    let citizens: Vec<&String> = of.citizen_domain.iter().collect();
    sample.set("operator", "name", &of.name)?;
    sample.set("operator", "hostname", &of.hostname)?;
    sample.set("operator", "domains", &of.domains)?;
    sample.set("operator", "citizen_domains", &citizens)?;
    sample.set("operator", "product", &of.product)?;
    sample.set("operator", "test", &asked.test)?;
    if let Some(data) = &asked.data {
        sample.set("operator", "data", &std::path::absolute(data)?)?;
    }
    sample.set("trust", "certificate", &format!("trust/{}.pem", of.name))?;
    sample.set("trust", "key", &format!("trust/{}.key", of.name))?;
    if let Some(url) = &asked.domain_list_url {
        sample.set("trust", "domain_list_url", url)?;
        sample.leave_out("trust", "domain_list");
    }
    if !asked.revocation_url.is_empty() {
        sample.set("trust", "revocation_urls", &asked.revocation_url)?;
        sample.leave_out("trust", "revocations");
    }
    Ok(sample.0.join("\n") + "\n")
}

/// The lines of the sample.
struct Sample(Vec<String>);

impl Sample {
    /// The line of a key, given or in a comment.
    fn line(&mut self, section: &str, key: &str) -> Option<&mut String> {
        let heading = format!("[{section}]");
        let lines = self.0.iter_mut().skip_while(|line| **line != heading).skip(1);
        let mut lines = lines.take_while(|line| !line.starts_with('['));
        lines.find(|line| line.trim_start_matches("# ").starts_with(&format!("{key} = ")))
    }

    fn set(&mut self, section: &str, key: &str, value: &impl serde::Serialize) -> Outcome<()> {
        let value = toml::Value::try_from(value)?;
        let line = self.line(section, key);
        *line.ok_or_else(|| format!("the sample has no {section}.{key}"))? =
            format!("{key} = {value}");
        Ok(())
    }

    /// Makes a comment of a key.
    fn leave_out(&mut self, section: &str, key: &str) {
        if let Some(line) = self.line(section, key).filter(|line| !line.starts_with('#')) {
            line.insert_str(0, "# ");
        }
    }
}

fn next_steps(asked: &OperatorInitArgs, of: &Beginning, config: &Path, csr: &Path) -> String {
    let Subject { structure, legal_name, department } = &of.subject;
    let (name, host, config) = (&of.name, &of.hostname, config.display());
    let domain = of.domains.first().map_or("", String::as_str);
    let trust = asked.dir.join("trust");
    let (trust, csr) = (trust.display(), csr.display());
    let published = match (&asked.domain_list_url, asked.revocation_url.is_empty()) {
        (Some(_), false) => format!("   Its authorities go to {trust}/chain.pem."),
        _ => format!(
            "   What it publishes goes to {trust}/: chain.pem, crl.pem, domain-list.xml;\n   \
             or name its addresses in the configuration, and they are fetched."
        ),
    };
    format!(
        "Next:\n\
         1. Have the authority of the trust domain certify {csr};\n   \
            its answer, with the chain, goes to {trust}/{name}.pem.\n   \
            With an authority of your own:\n     \
            pli authority sign AUTHORITY --out {trust}/{name}.pem --request {csr} \\\n       \
            operator --host {host} --structure {structure} --legal-name \"{legal_name}\" --department \"{department}\"\n\
         2. Have it list the domain {domain} with the certificate's name.\n{published}\n\
         3. Look through {config}: ports, routes, notifications.\n\
         4. Start it, and watch it become ready:\n     \
            pli serve --config {config}\n\
         5. Keep a copy of the operator's key (operator.key, made at the first start) apart from the data.\n\
         6. Make the first mailbox:\n     \
            pli account add --config {config} postmaster@{domain} --kind ORG --name \"Postmaster\"\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn asked() -> OperatorInitArgs {
        let text = |text: &str| Some(text.to_owned());
        OperatorInitArgs {
            dir: PathBuf::from("."),
            hostname: text("mail.chu.example"),
            domain: vec!["chu.example".into(), "autre.example".into()],
            citizen_domain: text("patient.example"),
            structure: text("1630013605"),
            legal_name: text("CHU \"de l'Exemple\""),
            department: text("Paris (75)"),
            product: text("NIL-1"),
            name: None,
            data: None,
            domain_list_url: text("https://authority.example/list.xml"),
            revocation_url: vec!["http://authority.example/a.crl".into()],
            test: true,
        }
    }

    #[test]
    fn what_is_told_stands_in_the_configuration_with_all_comments() {
        let asked = asked();
        let text = configuration(&asked, &beginning(&asked).unwrap()).unwrap();
        let (config, names) = Config::of(&text, Path::new("/etc/pli")).unwrap();
        assert_eq!(names.name.as_str(), "chu");
        assert_eq!(config.operator.domains, ["chu.example", "autre.example"]);
        assert!(config.operator.test && config.trust.domain_list.is_none());
        assert!(config.trust.revocations.is_none());
        assert_eq!(config.trust.key, Path::new("/etc/pli/trust/chu.key"));
        let comments = |text: &str| text.lines().filter(|line| line.starts_with("# ")).count();
        assert!(comments(&text) >= comments(SAMPLE) - 2);
    }
}
