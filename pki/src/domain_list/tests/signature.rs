//! The list's signature: against xmlsec1 both ways, and mutation by mutation. Failure: a panic.

#![allow(clippy::string_slice)] // of texts that this file made

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::signature::ENVELOPED;
use super::*;
use crate::fixture::{run, text};

// MSS #2
#[test]
fn xmlsec1_verifies_ours() {
    let scene = Scene::new();
    let folder = &scene.land.folder;
    let file = folder.write("list.xml", &scene.xml);
    let broken =
        folder.write("broken.xml", scene.xml.replace("chu.mss.example", "chv.mss.example"));
    let authority = &scene.land.authority;
    let root = folder.write("root.pem", crate::pem::write_certificates([authority.root().der()]));
    let issuing =
        folder.write("issuing.pem", crate::pem::write_certificates([authority.issuing().der()]));
    let verify = |file: &str| {
        run(
            "xmlsec1",
            &[
                "--verify",
                "--trusted-pem",
                &root,
                "--untrusted-pem",
                &issuing,
                "--verification-gmt-time",
                "2026-03-01 12:00:00",
                file,
            ],
        )
    };
    let Some(output) = verify(&file) else { return };
    assert!(output.status.success(), "{}", text(&output));
    let output = verify(&broken).unwrap();
    assert!(!output.status.success(), "{}", text(&output));
}

/// A template that xmlsec1 fills.
fn template(signed_info: &str) -> String {
    format!(
        "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\">{signed_info}<SignatureValue/>\
         <KeyInfo><X509Data><X509Certificate/></X509Data></KeyInfo></Signature>"
    )
}

// MSS #2
#[test]
fn ours_verifies_xmlsec1s() {
    let mut scene = Scene::new();
    let issued = scene.land.authority.issue(&list_signer(), None).unwrap();
    let begin = scene.xml.find("<SignedInfo>").unwrap();
    let end = scene.xml.find("<SignatureValue>").unwrap();
    let digest = scene.xml.find("<DigestValue>").unwrap();
    let signed_info = format!(
        "{}<DigestValue/></Reference></SignedInfo>",
        &scene.xml[begin..digest].replace("><", ">\n  <")
    );
    assert!(end > begin);
    let unsigned = national::unsigned(START);
    let with_template =
        unsigned.replace("</ListeBlanche", &format!("\n{}</ListeBlanche", template(&signed_info)));
    let folder = &scene.land.folder;
    let file = folder.write("template.xml", with_template);
    let key = folder.write("key.pem", issued.key.pem().as_bytes());
    let own = folder.write("own.pem", crate::pem::write_certificates([&issued.chain[0]]));
    let out = folder.path().join("signed.xml");
    let arguments = [
        "--sign",
        "--privkey-pem",
        &format!("{key},{own}"),
        "--output",
        out.to_str().unwrap(),
        &file,
    ];
    let Some(output) = run("xmlsec1", &arguments) else { return };
    assert!(output.status.success(), "{}", text(&output));
    let signed = std::fs::read_to_string(out).unwrap();
    let list = scene.verify(&signed).unwrap();
    assert_eq!(list.entries().len(), national::ENTRIES);
    // The national list's ends of lines in base64.
    let value = signed.find("<SignatureValue>").unwrap();
    let (head, tail) = signed.split_at(value);
    let (values, end) = tail.split_at(tail.find("</Signature>").unwrap());
    let national = format!("{head}{}{end}", values.replace('\n', "&#13;\n"));
    assert!(national.contains("&#13;"));
    scene.verify(&national).unwrap();
}

// MSS #2
#[test]
fn a_changed_document_or_signature_is_refused() {
    let scene = Scene::new();
    assert_eq!(scene.mutated("<Nom>chu.", "<Nom>cha."), "Digest");
    assert_eq!(scene.mutated("<Nom>chu.mss.example</Nom>", "<Nom>CHU.mss.example</Nom>"), "Digest");
    let value = |name: &str| {
        let begin = scene.xml.find(&format!("<{name}>")).unwrap() + name.len() + 2;
        scene.xml[begin..begin + 40].to_owned()
    };
    for name in ["SignatureValue", "DigestValue"] {
        let (from, mut octets) = (value(name), STANDARD.decode(value(name)).unwrap());
        octets[3] ^= 1;
        assert_eq!(scene.mutated(&from, &STANDARD.encode(octets)), "Signature", "{name}");
    }
    // A comment counts neither for the signature nor for what is read.
    let commented = scene.xml.replace("<Nom>chu.", "<Nom>chu<!-- x -->.");
    assert!(scene.verify(&commented).unwrap().is_listed(&"chu.mss.example".parse().unwrap()));
}

// MSS #3
#[test]
fn an_unsigned_list_or_a_misplaced_signature_is_refused() {
    let scene = Scene::new();
    let begin = scene.xml.find("<Signature ").unwrap();
    let end = scene.xml.find("</Signature>").unwrap() + "</Signature>".len();
    let (signature, without) =
        (scene.xml[begin..end].to_owned(), [&scene.xml[..begin], &scene.xml[end..]].concat());
    let refusal = |xml: String| format!("{:?}", scene.verify(&xml).unwrap_err());
    assert_eq!(refusal(without.clone()), "Unsigned");
    assert_eq!(
        refusal(without.replace("<ListeDomaines>", &format!("{signature}<ListeDomaines>"))),
        "Unsigned"
    );
    assert_eq!(
        refusal(without.replace("</ListeDomaines>", &format!("{signature}</ListeDomaines>"))),
        "Unsigned"
    );
    assert_eq!(
        refusal(scene.xml.replace("</ListeBlanche", &format!("{signature}</ListeBlanche"))),
        "SeveralSignatures"
    );
    // The whole signed list put inside another, the signature outside.
    let inner = &without[without.find("<ListeBlanche").unwrap()..];
    let wrapped = format!(
        "<ListeBlancheMSSante xmlns=\"https://listeblanche.mssante.fr/schema\"><DateDeGeneration>\
         {START}</DateDeGeneration><ListeDomaines/>{inner}{signature}</ListeBlancheMSSante>"
    );
    assert_eq!(refusal(wrapped), "Digest");
}

// MSS #2
#[test]
fn any_other_form_of_signature_is_refused() {
    let scene = Scene::new();
    let xml = |from: &str, to: &str| scene.mutated(from, to);
    let form = |name: &str| format!("Form(FormError({name:?}))");
    let rsa = "2001/04/xmldsig-more#rsa-sha256";
    assert_eq!(xml(rsa, "2000/09/xmldsig#rsa-sha1"), form("SignatureMethod"));
    assert_eq!(xml(rsa, "2000/09/xmldsig#hmac-sha1"), form("SignatureMethod"));
    assert_eq!(xml("2001/04/xmlenc#sha256", "2000/09/xmldsig#sha1"), form("DigestMethod"));
    let c14n = "<CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";
    let inclusive = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
    assert_eq!(
        xml(c14n, &format!("<CanonicalizationMethod Algorithm=\"{inclusive}\"/>")),
        form("CanonicalizationMethod")
    );
    let prefixes =
        "<InclusiveNamespaces xmlns=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"x\"/>";
    assert_eq!(
        xml(c14n, &format!("{}>{prefixes}</CanonicalizationMethod>", c14n.trim_end_matches("/>"))),
        form("CanonicalizationMethod")
    );
    assert_eq!(xml("URI=\"\"", "URI=\"#x\""), form("Reference"));
    assert_eq!(xml("URI=\"\"", "URI=\"\" Type=\"x\""), form("Reference"));
    let transform = format!("<Transform Algorithm=\"{}\"/>", ENVELOPED);
    assert_eq!(xml(&transform, ""), form("Transform"));
    assert_eq!(xml(&transform, &transform.repeat(2)), form("Transform"));
    let xslt = "<Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"/>";
    assert_eq!(xml(&transform, xslt), form("Transform"));
    let end = "</Reference></SignedInfo>";
    let begin = scene.xml.find("<Reference").unwrap();
    let reference = &scene.xml[begin..scene.xml.find("</SignedInfo>").unwrap()];
    assert_eq!(
        xml(end, &format!("</Reference>{reference}</SignedInfo>")),
        form("CanonicalizationMethod")
    );
    assert_eq!(xml("</KeyInfo>", "</KeyInfo><Object/>"), form("SignedInfo"));
    assert_eq!(
        xml("</X509Certificate>", "</X509Certificate><X509Certificate/>"),
        form("X509Certificate")
    );
    assert_eq!(xml("<KeyInfo>", "<KeyInfo><KeyName>x</KeyName>"), form("X509Data"));
    assert_eq!(xml("<SignatureValue>", "<SignatureValue>!"), form("SignatureValue"));
}
