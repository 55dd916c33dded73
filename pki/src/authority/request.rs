//! Asking an authority for a certificate: PKCS#10 for a profile, signed by the key that it is for.
//!
//! The authority decides what it certifies; ours takes the key and the names that it is told, others
//! read subject, alternative names and usages here.
//! Failure: [`AuthorityError`] for a profile that cannot be written.

use rcgen::CertificateParams;

use super::{AuthorityError, PrivateKey};
use crate::pem;
use crate::profile::{Draft, Extensions, Profile};

impl PrivateKey {
    /// A certificate request (PEM) with subject, alternative names and usages of a profile.
    ///
    /// # Errors
    /// [`AuthorityError`].
    // RFC 2986 §4
    pub fn request(&self, profile: &Profile) -> Result<String, AuthorityError> {
        let extensions = Extensions { crl_url: None, policy_arc: &[] };
        let Draft { params, .. } = profile.draft(&extensions)?;
        // What the authority alone decides (numbers, policies, addresses of its lists) is not asked for.
        let mut asked = CertificateParams::default();
        asked.distinguished_name = params.distinguished_name;
        asked.subject_alt_names = params.subject_alt_names;
        asked.key_usages = params.key_usages;
        asked.extended_key_usages = params.extended_key_usages;
        let request = asked.serialize_request(self.pair())?;
        Ok(pem::write("CERTIFICATE REQUEST", request.der()).to_string())
    }
}
