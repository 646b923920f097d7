//! The events of a batch as the arrays that its statement takes, in PostgreSQL's binary format. They are written while
//! units are decided, and the batch before is in flight: once the way is free, nothing is left to encode.

use std::marker::PhantomData;

use domain::stream::EncodedEvent;
use sqlx::{
    Encode, Postgres, Type,
    encode::IsNull,
    postgres::{PgArgumentBuffer, PgTypeInfo, types::Oid},
};

use super::batch::KeptEvent;
use crate::proof::{Hash, Tree};

/// What an element's length takes.
const LENGTH_BYTES: usize = 4;

/// What an array can hold: the numbers of the type and of its arrays in `pg_type`, the same in every PostgreSQL.
pub(super) trait Element {
    const OID: u32;
    const ARRAY_OID: u32;
}

pub(super) struct Text;
pub(super) struct Json;
pub(super) struct Int8;
pub(super) struct Bytea;

impl Element for Text {
    const OID: u32 = 25;
    const ARRAY_OID: u32 = 1009;
}

impl Element for Json {
    const OID: u32 = 114;
    const ARRAY_OID: u32 = 199;
}

impl Element for Int8 {
    const OID: u32 = 20;
    const ARRAY_OID: u32 = 1016;
}

impl Element for Bytea {
    const OID: u32 = 17;
    const ARRAY_OID: u32 = 1001;
}

/// An array of one dimension without nulls.
pub(super) struct Column<T> {
    count: i32,
    /// Each element: its length, then its bytes.
    elements: Vec<u8>,
    of: PhantomData<fn() -> T>,
}

impl<T> Column<T> {
    /// With room for so many elements of about so many bytes.
    fn with_room(elements: usize, bytes: usize) -> Self {
        Self { count: 0, elements: Vec::with_capacity(elements * (LENGTH_BYTES + bytes)), of: PhantomData }
    }

    fn push(&mut self, element: &[u8]) {
        let length = i32::try_from(element.len()).expect("an element is far smaller than 2 GiB");
        self.elements.extend_from_slice(&length.to_be_bytes());
        self.elements.extend_from_slice(element);
        self.count += 1;
    }
}

impl<T: Element> Type<Postgres> for Column<T> {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(T::ARRAY_OID))
    }
}

impl<T: Element> Encode<'_, Postgres> for Column<T> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, sqlx::error::BoxDynError> {
        let (dimensions, nulls, first) = (1_i32, 0_i32, 1_i32);
        buffer.extend_from_slice(&dimensions.to_be_bytes());
        buffer.extend_from_slice(&nulls.to_be_bytes());
        buffer.extend_from_slice(&T::OID.to_be_bytes());
        buffer.extend_from_slice(&self.count.to_be_bytes());
        buffer.extend_from_slice(&first.to_be_bytes());
        buffer.extend_from_slice(&self.elements);
        Ok(IsNull::No)
    }
}

/// The columns of `events`, but for what the head gives, and the tree of their leaves.
pub(super) struct Columns {
    pub(super) aggregate_types: Column<Text>,
    pub(super) aggregate_ids: Column<Text>,
    pub(super) sequences: Column<Int8>,
    pub(super) event_types: Column<Text>,
    pub(super) event_versions: Column<Text>,
    pub(super) payloads: Column<Json>,
    pub(super) metadata: Column<Json>,
    pub(super) leaves: Column<Bytea>,
    pub(super) tree: Tree,
}

impl Columns {
    /// With room for so many events of the usual size. Larger ones and more are taken too.
    pub(super) fn with_room(events: usize) -> Self {
        Self {
            aggregate_types: Column::with_room(events, 8),
            aggregate_ids: Column::with_room(events, 40),
            sequences: Column::with_room(events, 8),
            event_types: Column::with_room(events, 16),
            event_versions: Column::with_room(events, 4),
            payloads: Column::with_room(events, 192),
            metadata: Column::with_room(events, 160),
            leaves: Column::with_room(events, 32),
            tree: Tree::new(),
        }
    }

    /// An event, as it is encoded, and its leaf.
    pub(super) fn push(&mut self, kept: &KeptEvent, encoded: &EncodedEvent, leaf: &Hash) {
        self.aggregate_types.push(kept.key.aggregate_type.as_bytes());
        self.aggregate_ids.push(kept.key.aggregate_id.as_bytes());
        self.sequences.push(&kept.sequence.to_be_bytes());
        self.event_types.push(encoded.event_type.as_bytes());
        self.event_versions.push(encoded.event_version.as_bytes());
        self.payloads.push(encoded.payload.as_bytes());
        self.metadata.push(kept.metadata.as_bytes());
        self.leaves.push(leaf);
        self.tree.push(*leaf);
    }
}
