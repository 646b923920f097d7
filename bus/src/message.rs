//! What travels on the bus: jobs, events, frames, and the ways in which publishing fails.
//!
//! A payload is bytes: the bus never parses one, and never holds a prompt or an output longer than it takes to pass it on.

use bytes::Bytes;

/// A queued job on its way to a worker.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JobMessage {
    /// The outbox row's id. Publishing the same id again is allowed and delivers again.
    pub id: String,
    /// The job that a worker shall take up.
    pub job_id: String,
    /// What the worker needs beside the job's own stream.
    pub payload: Bytes,
}

/// A completed job or a ledger movement, told to whatever else the company runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventMessage {
    /// The topic, as `job.succeeded` or `ledger.settled`.
    pub routing_key: String,
    /// The id by which a consumer recognises a repetition.
    pub message_id: String,
    /// The versioned JSON of the event.
    pub payload: Bytes,
}

/// Progress or a piece of text of one job: unnumbered, best effort, gone when nobody listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The job it belongs to.
    pub job_id: String,
    /// The frame itself.
    pub payload: Bytes,
}

/// Why a message is not known to be safe with the bus. In every case the answer is to keep it and publish it again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The message was not sent.
    #[error("the bus is unavailable: {0}")]
    Unavailable(String),
    /// The message was sent, and no answer came: it may be delivered, now or twice.
    #[error("the bus did not confirm the message: {0}")]
    Unknown(String),
    /// The bus said no: a queue is full, or the message can't be expressed.
    #[error("the bus refused the message: {0}")]
    Refused(String),
    /// The broker took the message and found no queue for it.
    #[error("no queue takes the message")]
    Unroutable,
}

/// Why the bus can't be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the bus is not ready: {0}")]
pub struct NotReady(pub String);
