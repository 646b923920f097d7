//! The keys that sign tokens, forms and links, each derived from the one secret by its purpose, so that none can stand for another.

use hmac::{Hmac, KeyInit as _, Mac as _};
use jsonwebtoken::{DecodingKey, EncodingKey};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// What signs tokens, forms and links.
pub struct Secrets {
    /// Signs access tokens.
    pub(super) signing: EncodingKey,
    /// Verifies access tokens.
    pub(super) verifying: DecodingKey,
    forms: [u8; 32],
    links: [u8; 32],
    callbacks: [u8; 32],
    quotes: [u8; 32],
    views: [u8; 32],
}

impl Secrets {
    /// All keys from the server's secret.
    #[must_use]
    pub fn derive(secret: &SecretString) -> Self {
        let bytes = secret.expose_secret().as_bytes();
        Self {
            signing: EncodingKey::from_secret(bytes),
            verifying: DecodingKey::from_secret(bytes),
            forms: mac(bytes, &["zephyr forms v1"]),
            links: mac(bytes, &["zephyr media links v1"]),
            callbacks: mac(bytes, &["zephyr upstream callbacks v1"]),
            quotes: mac(bytes, &["zephyr quotes v1"]),
            views: mac(bytes, &["zephyr views v1"]),
        }
    }

    /// The token that a form of a session carries.
    #[must_use]
    pub fn form_token(&self, binding: &str) -> String {
        hex::encode(mac(&self.forms, &[binding]))
    }

    /// Whether a form carries the token of its session.
    #[must_use]
    pub fn is_form_token(&self, binding: &str, token: &str) -> bool {
        self.form_token(binding).as_bytes().ct_eq(token.as_bytes()).into()
    }

    /// The signature of a link to an asset, until a moment in Unix seconds.
    #[must_use]
    pub fn link_signature(&self, asset_id: &str, expires: i64) -> String {
        hex::encode(mac(&self.links, &[asset_id, &expires.to_string()]))
    }

    /// What an upstream proves by that it was given an attempt.
    #[must_use]
    pub fn callback_token(&self, attempt_id: &str) -> String {
        hex::encode(mac(&self.callbacks, &[attempt_id]))
    }

    /// Whether an upstream was given this attempt.
    #[must_use]
    pub fn is_callback_token(&self, attempt_id: &str, token: &str) -> bool {
        self.callback_token(attempt_id).as_bytes().ct_eq(token.as_bytes()).into()
    }

    /// The signature of the terms of a quote.
    #[must_use]
    pub fn quote_signature(&self, terms: &str) -> [u8; 32] {
        mac(&self.quotes, &[terms])
    }

    /// Whether the terms of a quote were signed by us.
    #[must_use]
    pub fn is_quote_signature(&self, terms: &str, signature: &[u8]) -> bool {
        self.quote_signature(terms).ct_eq(signature).into()
    }

    /// The signature of what lets an admin see the portal as a tenant does.
    #[must_use]
    pub fn view_signature(&self, terms: &str) -> [u8; 32] {
        mac(&self.views, &[terms])
    }

    /// Whether such terms were signed by us.
    #[must_use]
    pub fn is_view_signature(&self, terms: &str, signature: &[u8]) -> bool {
        self.view_signature(terms).ct_eq(signature).into()
    }

    /// Whether a link was signed by us.
    #[must_use]
    pub fn is_link_signature(&self, asset_id: &str, expires: i64, signature: &str) -> bool {
        self.link_signature(asset_id, expires).as_bytes().ct_eq(signature.as_bytes()).into()
    }
}

fn mac(key: &[u8], parts: &[&str]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("an HMAC takes a key of any length");
    for part in parts {
        mac.update(&u64::try_from(part.len()).expect("a length fits").to_be_bytes());
        mac.update(part.as_bytes());
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_hold_for_their_own_purpose_only() {
        let secrets = Secrets::derive(&"secret".into());
        let other = Secrets::derive(&"other".into());
        let token = secrets.form_token("ses_1");
        assert!(secrets.is_form_token("ses_1", &token));
        assert!(!secrets.is_form_token("ses_2", &token));
        assert!(!other.is_form_token("ses_1", &token));
        let signature = secrets.link_signature("ast_1", 10);
        assert!(secrets.is_link_signature("ast_1", 10, &signature));
        assert!(!secrets.is_link_signature("ast_1", 11, &signature));
        assert!(!secrets.is_link_signature("ast_1", 10, &token));
    }
}
