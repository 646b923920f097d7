//! The hashes that make the log provable: a leaf an event, a root a batch, a chain over the batches.
//!
//! The bytes are frozen by golden vectors below: who changes them breaks every earlier proof.
//!
//! * leaf = sha256(0x00 ‖ the length-prefixed type, id, sequence, event type, version, payload and metadata)
//! * root = the Merkle tree hash of RFC 6962 §2.1 over the batch's leaves
//! * chain' = sha256(chain ‖ root ‖ n as eight bytes), computed again by PostgreSQL in the append itself

use sha2::{Digest, Sha256};

/// A sha256.
pub type Hash = [u8; 32];

/// All of an event that its leaf proves. Its position is proven by the chain.
#[derive(Clone, Copy, Debug)]
pub struct LeafParts<'a> {
    /// The aggregate's type.
    pub aggregate_type: &'a str,
    /// The aggregate's id.
    pub aggregate_id: &'a str,
    /// The number of the event in its stream, from one.
    pub sequence: i64,
    /// The name of the event.
    pub event_type: &'a str,
    /// The version of its schema.
    pub event_version: &'a str,
    /// Its JSON, byte for byte as stored.
    pub payload: &'a str,
    /// The JSON of its metadata, byte for byte as stored.
    pub metadata: &'a str,
}

/// The hash of one event. Every part is preceded by its length as eight big-endian bytes.
#[must_use]
pub fn leaf(parts: &LeafParts<'_>) -> Hash {
    let sequence = parts.sequence.to_be_bytes();
    let fields: [&[u8]; 7] = [
        parts.aggregate_type.as_bytes(),
        parts.aggregate_id.as_bytes(),
        &sequence,
        parts.event_type.as_bytes(),
        parts.event_version.as_bytes(),
        parts.payload.as_bytes(),
        parts.metadata.as_bytes(),
    ];
    let mut hasher = Sha256::new();
    hasher.update([0]);
    for field in fields {
        hasher.update(u64::try_from(field.len()).expect("a length fits").to_be_bytes());
        hasher.update(field);
    }
    hasher.finalize().into()
}

/// The Merkle tree of RFC 6962 over leaves that are hashed already, as far as it is known after each leaf.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// The perfect trees that the leaves make, from the left, each larger than the next: its size and its hash.
    perfect: Vec<(usize, Hash)>,
}

impl Tree {
    /// A tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self { perfect: Vec::new() }
    }

    /// Adds a leaf on the right.
    pub fn push(&mut self, leaf: Hash) {
        let (mut size, mut hash) = (1, leaf);
        while let Some((_, left)) = self.perfect.pop_if(|(left, _)| *left == size) {
            hash = node(&left, &hash);
            size *= 2;
        }
        self.perfect.push((size, hash));
    }

    /// The tree's hash.
    #[must_use]
    pub fn root(&self) -> Hash {
        let joined = self.perfect.iter().map(|(_, hash)| *hash).rev().reduce(|right, left| node(&left, &right));
        joined.unwrap_or_else(|| Sha256::digest([]).into())
    }
}

/// The Merkle tree hash of RFC 6962 over leaves that are hashed already.
#[must_use]
pub fn root(leaves: &[Hash]) -> Hash {
    let mut tree = Tree::new();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    tree.root()
}

fn node(left: &Hash, right: &Hash) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([1]);
    hasher.update(left);
    hasher.update(right);
    hasher.finalize().into()
}

/// The chain hash after a batch of `n` events.
#[must_use]
pub fn chain(before: &[u8], root: &Hash, n: i64) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(before);
    hasher.update(root);
    hasher.update(n.to_be_bytes());
    hasher.finalize().into()
}

/// The chain hash before the first batch.
#[must_use]
pub fn genesis() -> Hash {
    Sha256::digest(b"zephyr ledger v1").into()
}

#[cfg(test)]
mod tests {
    //! The bytes, frozen. The constants were computed by another program, in another language.

    use super::*;

    fn hashes(n: u8) -> Vec<Hash> {
        (0..n).map(|byte| Sha256::digest([byte]).into()).collect()
    }

    #[test]
    fn a_leaf_has_these_bytes() {
        let opened = LeafParts {
            aggregate_type: "account",
            aggregate_id: "ten_1",
            sequence: 1,
            event_type: "AccountOpened",
            event_version: "1",
            payload: r#"{"AccountOpened":{}}"#,
            metadata: r#"{"actor":"a"}"#,
        };
        let expired = LeafParts {
            aggregate_type: "job",
            aggregate_id: "job_é",
            sequence: 258,
            event_type: "JobExpired",
            event_version: "2",
            payload: "{}",
            metadata: "",
        };
        assert_eq!(hex::encode(leaf(&opened)), "b86b982e90579f54851072d9f76bbeb5ffdf0d6d9da78c9f057de4d8b8e58e89");
        assert_eq!(hex::encode(leaf(&expired)), "244ba3a99172ce0e507d1854641ac892399954dfda38941fc1cf540d486b3c08");
    }

    #[test]
    fn a_root_is_the_tree_hash_of_rfc_6962() {
        let roots = [
            (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
            (2, "c71a16f21f917ed84ea2caa90b0904c9179a4c9c2369a9b4ec57e11a3f25a7a2"),
            (3, "d78663a8f1a2d99ee97fe38a605be2f54e2872c3a63a13077d617e4a940725bd"),
            (5, "550347fe72bcb7c23a0576eb793f410a6192c5d678b483eb1adfd880720b55ea"),
            (7, "cc73b298e8e4f30a03faa5269796029c17e3fe4b1519250482ddc00a7d2e20da"),
        ];
        for (n, expected) in roots {
            assert_eq!(hex::encode(root(&hashes(n))), expected, "of {n} leaves");
        }
    }

    #[test]
    fn the_chain_begins_and_goes_on_like_this() {
        let genesis = genesis();
        let next = chain(&genesis, &root(&hashes(3)), 3);
        assert_eq!(hex::encode(genesis), "10915cc0aa30fb4f840144a6e5690dc5609141a6a3e6d110bcea447c77a5224f");
        assert_eq!(hex::encode(next), "4f3eafc5424c7298633d05f2a9cb90b4d3a50aa38f47fbb705db99111cf9eb62");
    }
}
