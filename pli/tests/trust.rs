//! `pli authority` and `pli trust verify` as the people who run a trust domain use them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

struct Place(PathBuf);

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Place {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("pli-trust-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    /// Runs a command line in the place; words are separated by blanks, `_` in a word is a blank.
    fn pli(&self, line: &str) -> Said {
        let words = line.split(' ').map(|word| word.replace('_', " "));
        let pli = env!("CARGO_BIN_EXE_pli");
        let Output { status, stdout, stderr } =
            Command::new(pli).args(words).current_dir(&self.0).output().unwrap();
        let text = |octets| String::from_utf8(octets).unwrap();
        Said { code: status.code().unwrap(), out: text(stdout), err: text(stderr) }
    }

    fn done(&self, line: &str) -> String {
        let said = self.pli(line);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{line}");
        said.out
    }

    /// An authority with one operator's certificate, published; the operator's serial number.
    fn published(&self) -> String {
        self.done("authority init authority --name PLI --organization Pli --test");
        let signed = self.done(
            "authority sign authority --out chu.pem --key chu.key operator --host mail.chu.example \
             --structure 1630013605 --legal-name CHU --department Paris_(75) --dns localhost",
        );
        let dn = "CN=mail.chu.example,OU=1630013605,O=CHU,ST=Paris(75),C=FR";
        let domains = format!(r#"[{{"domain": "chu.example", "dn": "{dn}"}}]"#);
        fs::write(self.0.join("domains.json"), domains).unwrap();
        let said = self.done("authority publish authority --out public --domains domains.json");
        assert_eq!(said, "published 1 entries and 0 revocations\n");
        let serial = signed.lines().next().unwrap().strip_prefix("serial  ").unwrap();
        serial.to_owned()
    }
}

// MSS #1, MSS #2
#[test]
fn a_published_list_verifies_and_says_its_numbers() {
    let place = Place::new("verify");
    place.published();
    let ca = "--ca public/chain.pem --crl public/crl.pem";
    let out = place.done(&format!("trust verify public/domain-list.xml {ca}"));
    assert!(out.contains("entries   1\ndomains   1\nDNs       1\n"), "{out}");
    assert!(out.contains("signature right, by a certificate of the authority"), "{out}");
    let out = place.done("trust verify public/domain-list.xml");
    assert!(out.contains("whose certificate it is was not checked"), "{out}");
}

// MSS #2, MSS #3, MSS #5
#[test]
fn a_list_that_is_changed_unsigned_foreign_or_out_of_time_is_refused() {
    let place = Place::new("refuse");
    place.published();
    let list = fs::read_to_string(place.0.join("public/domain-list.xml")).unwrap();
    fs::write(place.0.join("changed.xml"), list.replace("chu.example", "chv.example")).unwrap();
    let (from, to) = (list.find("<Signature").unwrap(), list.find("</Signature>").unwrap());
    let unsigned = format!("{}{}", &list[..from], &list[to + "</Signature>".len()..]);
    fs::write(place.0.join("unsigned.xml"), unsigned).unwrap();
    place.done("authority init other --name AUTRE --organization Autre --test");
    place.done("authority publish other --out other-public");
    for (line, why) in [
        ("changed.xml", "not what was signed"),
        ("unsigned.xml", "is not signed"),
        (
            "public/domain-list.xml --ca other-public/chain.pem",
            "the signer's certificate is refused",
        ),
        ("public/domain-list.xml --at 2000-01-01", "the signer's certificate is refused"),
        ("public/domain-list.xml --at 2090-01-01", "the signer's certificate is refused"),
    ] {
        let said = place.pli(&format!("trust verify {line}"));
        assert_eq!(said.code, 1, "{line}: {}", said.out);
        assert!(said.out.contains(why), "{line}: {}", said.out);
        assert!(said.out.contains("entries   1"), "{line}: {}", said.out);
    }
}

#[test]
fn a_revocation_is_published_with_the_next_number() {
    let place = Place::new("revoke");
    let serial = place.published();
    place.done(&format!("authority revoke authority --serial {serial} --reason key-compromise"));
    let said = place.done("authority publish authority --out public");
    assert_eq!(said, "published 1 entries and 1 revocations\n");
    let said = place.pli("authority revoke authority --serial 01:02");
    assert_eq!(said.code, 1);
    assert!(said.err.contains("no certificate of this authority has the number"), "{}", said.err);
}

#[test]
fn what_is_wrong_with_a_command_is_said_in_a_sentence() {
    let place = Place::new("wrong");
    let said = place.pli("trust verify nothing.xml");
    assert!(said.code == 1 && said.err.contains("nothing.xml could not be read"), "{}", said.err);
    place.done("authority init authority --name PLI --organization Pli --test");
    let said = place.pli("authority init authority --name PLI --organization Pli --test");
    assert!(said.code == 1 && said.err.contains("holds an authority already"), "{}", said.err);
    fs::write(place.0.join("bad.json"), r#"[{"domain": "a b", "dn": "CN=x"}]"#).unwrap();
    let said = place.pli("authority publish authority --out public --domains bad.json");
    assert!(said.code == 1 && said.err.contains("a b:"), "{}", said.err);
    let said = place.pli("trust verify bad.json --at yesterday");
    assert!(said.err.contains("yesterday is no date: write 2025-03-01"), "{}", said.err);
}
