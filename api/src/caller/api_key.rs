//! The form of API keys: `zk_live_`, 32 random bytes in base 62, and six digits of a checksum, so that a typo is told
//! apart without asking anybody. Only the hash of a key is ever kept.

use rand::Rng as _;
use sha2::{Digest as _, Sha256};

/// What every key begins with.
pub const PREFIX: &str = "zk_live_";
/// How many characters of a key are kept for recognition.
const SHOWN_CHARS: usize = PREFIX.len() + 4;
/// 32 bytes in base 62.
const BODY_DIGITS: usize = 43;
const CHECK_DIGITS: usize = 6;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A new key: all of it is shown once.
#[must_use]
pub fn generate() -> String {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    let body = format!("{PREFIX}{}", base62(&bytes, BODY_DIGITS));
    let check = checksum(&body);
    format!("{body}{check}")
}

/// Whether a text has the form of a key.
#[must_use]
pub fn is_well_formed(key: &str) -> bool {
    key.is_ascii()
        && key.len() == PREFIX.len() + BODY_DIGITS + CHECK_DIGITS
        && key.starts_with(PREFIX)
        && checksum(&key[..PREFIX.len() + BODY_DIGITS]) == key[PREFIX.len() + BODY_DIGITS..]
}

/// The hash that is kept of a key.
#[must_use]
pub fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// The characters that are kept of a key.
#[must_use]
pub fn shown(key: &str) -> String {
    key.chars().take(SHOWN_CHARS).collect()
}

fn checksum(body: &str) -> String {
    base62(&Sha256::digest(body.as_bytes())[..4], CHECK_DIGITS)
}

/// A number of big-endian bytes in base 62, padded to a number of digits.
fn base62(bytes: &[u8], digits: usize) -> String {
    let mut number = bytes.to_vec();
    let mut text = vec![b'0'; digits];
    for place in text.iter_mut().rev() {
        let mut remainder = 0_usize;
        for byte in &mut number {
            let value = remainder * 256 + usize::from(*byte);
            *byte = u8::try_from(value / 62).expect("a digit of the quotient fits");
            remainder = value % 62;
        }
        *place = DIGITS[remainder];
    }
    String::from_utf8(text).expect("digits are ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_is_well_formed_and_a_typo_is_not() {
        let key = generate();
        assert!(is_well_formed(&key), "{key}");
        assert_ne!(key, generate());
        assert_eq!(shown(&key).len(), 12);
        let typo = if key.ends_with('0') { "1" } else { "0" };
        assert!(!is_well_formed(&format!("{}{typo}", &key[..key.len() - 1])));
        assert!(!is_well_formed("zk_live_"));
        assert!(!is_well_formed("zk_live_ü"));
    }

    #[test]
    fn base_62_is_positional() {
        assert_eq!(base62(&[62], 3), "010");
        assert_eq!(base62(&[1, 0], 2), "48");
        assert_eq!(base62(&[255; 32], BODY_DIGITS).len(), BODY_DIGITS);
    }
}
