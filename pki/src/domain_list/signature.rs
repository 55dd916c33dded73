//! The one form of XML signature that a domain list has.
//!
//! ```text
//! Signature
//!   SignedInfo: exc-c14n, rsa-sha256
//!     Reference URI="": enveloped-signature, exc-c14n; SHA-256
//!   SignatureValue
//!   KeyInfo / X509Data / X509Certificate
//! ```
//! Invariant: whatever is not exactly this is refused by [`read`]: another algorithm, a second reference, a
//! transform more, an object, a second certificate. So there is nothing to wrap.
//! Failure: [`FormError`] names the element.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roxmltree::Node;

pub(super) const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
pub(super) const EXC_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
pub(super) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
pub(super) const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
pub(super) const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

/// Largest base64 text, in octets.
const MAX_BASE64: usize = 64 * 1024;

/// The element of the signature that is not as it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature's {0} is not in the one form that is accepted")]
pub struct FormError(pub &'static str);

/// What a signature says.
pub(super) struct Signature {
    pub(super) value: Vec<u8>,
    pub(super) certificate: Vec<u8>,
}

/// Reads `Signature`, but for what is signed: that is read from its canonical form by [`read_signed_info`].
// MSS #2
pub(super) fn read(signature: Node<'_, '_>) -> Result<Signature, FormError> {
    plain(signature, "Signature", &["Id"])?;
    let [_, value, key_info] = children(signature, ["SignedInfo", "SignatureValue", "KeyInfo"])?;
    plain(value, "SignatureValue", &["Id"])?;
    plain(key_info, "KeyInfo", &["Id"])?;
    let [data] = children(key_info, ["X509Data"])?;
    plain(data, "X509Data", &[])?;
    let [certificate] = children(data, ["X509Certificate"])?;
    plain(certificate, "X509Certificate", &[])?;
    Ok(Signature {
        value: base64(value, "SignatureValue")?,
        certificate: base64(certificate, "X509Certificate")?,
    })
}

/// Reads `SignedInfo` and returns the digest that it names.
// MSS #2
pub(super) fn read_signed_info(signed_info: Node<'_, '_>) -> Result<Vec<u8>, FormError> {
    if !is(signed_info, "SignedInfo") {
        return Err(FormError("SignedInfo"));
    }
    plain(signed_info, "SignedInfo", &["Id"])?;
    let [canonicalization, method, reference] =
        children(signed_info, ["CanonicalizationMethod", "SignatureMethod", "Reference"])?;
    algorithm(canonicalization, "CanonicalizationMethod", EXC_C14N)?;
    algorithm(method, "SignatureMethod", RSA_SHA256)?;
    plain(reference, "Reference", &["URI"])?;
    if reference.attribute("URI") != Some("") {
        return Err(FormError("Reference"));
    }
    let [transforms, digest_method, digest] =
        children(reference, ["Transforms", "DigestMethod", "DigestValue"])?;
    plain(transforms, "Transforms", &[])?;
    let [enveloped, canonical] = children(transforms, ["Transform", "Transform"])?;
    algorithm(enveloped, "Transform", ENVELOPED)?;
    algorithm(canonical, "Transform", EXC_C14N)?;
    algorithm(digest_method, "DigestMethod", SHA256)?;
    plain(digest, "DigestValue", &[])?;
    base64(digest, "DigestValue")
}

pub(super) fn is(node: Node<'_, '_>, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name && node.tag_name().namespace() == Some(DSIG)
}

/// Exactly these child elements, in this order, and no text between them.
fn children<'a, 'input, const N: usize>(
    parent: Node<'a, 'input>,
    names: [&'static str; N],
) -> Result<[Node<'a, 'input>; N], FormError> {
    let here = names.first().copied().unwrap_or("Signature");
    let text = parent.children().filter(Node::is_text).filter_map(|text| text.text());
    if text.into_iter().any(|text| !text.trim().is_empty()) {
        return Err(FormError(here));
    }
    let found: Vec<_> = parent.children().filter(Node::is_element).collect();
    let found: [Node<'_, '_>; N] = found.try_into().map_err(|_| FormError(here))?;
    for (node, name) in found.iter().zip(names) {
        if !is(*node, name) {
            return Err(FormError(name));
        }
    }
    Ok(found)
}

/// No attributes but these, none of a namespace.
fn plain(node: Node<'_, '_>, name: &'static str, allowed: &[&str]) -> Result<(), FormError> {
    let known = |attribute: roxmltree::Attribute<'_, '_>| {
        attribute.namespace().is_none() && allowed.contains(&attribute.name())
    };
    if node.attributes().all(known) { Ok(()) } else { Err(FormError(name)) }
}

/// One algorithm and nothing in the element (an `InclusiveNamespaces` would change what is signed).
fn algorithm(node: Node<'_, '_>, name: &'static str, wanted: &str) -> Result<(), FormError> {
    plain(node, name, &["Algorithm"])?;
    let empty = node
        .children()
        .all(|child| child.is_text() && child.text().is_none_or(|text| text.trim().is_empty()));
    if empty && node.attribute("Algorithm") == Some(wanted) { Ok(()) } else { Err(FormError(name)) }
}

/// Base64 with white space anywhere; the national list has `&#13;` at the ends of lines.
fn base64(node: Node<'_, '_>, name: &'static str) -> Result<Vec<u8>, FormError> {
    let mut encoded = String::new();
    for child in node.children() {
        let text = child.text().filter(|_| child.is_text()).ok_or(FormError(name))?;
        encoded.extend(text.chars().filter(|c| !c.is_ascii_whitespace()));
        if encoded.len() > MAX_BASE64 {
            return Err(FormError(name));
        }
    }
    STANDARD.decode(encoded).map_err(|_| FormError(name))
}
