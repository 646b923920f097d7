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

/// The Merkle tree hash of RFC 6962 over leaves that are hashed already.
#[must_use]
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest([]).into(),
        [only] => *only,
        _ => {
            let split = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(split);
            node(&root(left), &root(right))
        }
    }
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
