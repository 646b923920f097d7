//! A stream and what is known of it: its state after a certain event.

use std::{fmt, sync::Arc};

use domain::stream::{DecodeError, Event, State};

use crate::proof::Hash;

/// Which stream: the aggregate's type and id.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamKey {
    /// The aggregate's type.
    pub aggregate_type: &'static str,
    /// The aggregate's id.
    pub aggregate_id: Arc<str>,
}

impl StreamKey {
    /// The stream before its first event.
    pub(crate) fn initial(&self) -> Version {
        Version::initial(self.aggregate_type).expect("the type of a stream is that of an aggregate")
    }
}

impl fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.aggregate_type, self.aggregate_id)
    }
}

/// The state of a stream after its event number `sequence`, whose leaf hash is `leaf`.
///
/// Sequence zero, without a leaf, is a stream that has no event.
#[derive(Clone, Debug)]
pub struct Version {
    /// The state. Shared: who applies an event makes it their own first.
    pub state: Arc<State>,
    /// The number of the last event.
    pub sequence: i64,
    /// The leaf hash of the last event.
    pub leaf: Option<Hash>,
}

impl Version {
    /// The version before the first event.
    ///
    /// # Errors
    /// When no aggregate has this type.
    pub fn initial(aggregate_type: &str) -> Result<Self, DecodeError> {
        Ok(Self { state: Arc::new(State::initial(aggregate_type)?), sequence: 0, leaf: None })
    }

    /// Moves on by one event.
    pub fn advance(&mut self, event: Event, leaf: Hash) {
        Arc::make_mut(&mut self.state).apply(event);
        self.sequence += 1;
        self.leaf = Some(leaf);
    }

    /// Whether this is the same point of the stream.
    #[must_use]
    pub fn same_point(&self, other: &Self) -> bool {
        self.sequence == other.sequence && self.leaf == other.leaf
    }
}
