//! Ids that follow from a name, so that seeding twice meets what was seeded before.

pub use domain::id::named_uuid as uuid;
use sha2::{Digest as _, Sha256};

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
    fn parts_do_not_run_together() {
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
    }
}
