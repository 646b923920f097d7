//! Ids that follow from a name, so that seeding twice meets what was seeded before.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// The UUID (version 8) of a name among things of one kind.
#[must_use]
pub fn uuid(kind: &str, name: &str) -> Uuid {
    let digest = Sha256::digest(format!("zephyr/{kind}/{name}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// The sha256 of some parts in hexadecimal digits; no two lists of parts share one.
#[must_use]
pub fn hash(parts: &[&str]) -> String {
    let joined = serde_json::to_vec(parts).expect("texts are JSON");
    hex::encode(Sha256::digest(joined))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_id_for_ever() {
        assert_eq!(uuid("model", "a"), uuid("model", "a"));
        assert_ne!(uuid("model", "a"), uuid("provider", "a"));
        assert_eq!(uuid("model", "a").get_version_num(), 8);
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
    }
}
