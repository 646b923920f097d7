//! Refresh tokens: made at random, followed by derived successors, stored as hashes only.
//!
//! The successor is an HMAC of the old token under the server's secret, so that two tabs bringing the same token
//! within moments get the same successor without any token being kept in plain.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::Rng as _;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

/// How long after its first use a token still gives its successor again.
pub const REFRESH_GRACE: Duration = Duration::from_secs(30);
/// How long a token waits to be used.
pub const REFRESH_TOKEN_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);
/// What is signed besides the token, so that the secret's other uses can't meet this one.
const CONTEXT: &[u8] = b"zephyr refresh token successor v1\n";
const TOKEN_BYTES: usize = 32;

/// A first token, from 256 random bits.
pub(super) fn generate() -> SecretString {
    let mut bytes = [0_u8; TOKEN_BYTES];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes).into()
}

/// The token that replaces another, always the same.
pub(super) fn successor(server_secret: &SecretString, token: &SecretString) -> SecretString {
    let mut mac = Hmac::<Sha256>::new_from_slice(server_secret.expose_secret().as_bytes())
        .expect("an HMAC takes a key of any length");
    mac.update(CONTEXT);
    mac.update(token.expose_secret().as_bytes());
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()).into()
}

/// What is stored of a token.
pub(super) fn hash(token: &SecretString) -> Vec<u8> {
    Sha256::digest(token.expose_secret().as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successor_depends_on_token_and_secret_only() {
        let (secret, other) = (SecretString::from("secret"), SecretString::from("other"));
        let token = generate();
        let next = successor(&secret, &token);
        assert_eq!(next.expose_secret(), successor(&secret, &token).expose_secret());
        assert_ne!(next.expose_secret(), successor(&other, &token).expose_secret());
        assert_ne!(next.expose_secret(), successor(&secret, &generate()).expose_secret());
        assert_ne!(hash(&next), hash(&token));
        assert_eq!(next.expose_secret().len(), token.expose_secret().len());
    }
}
