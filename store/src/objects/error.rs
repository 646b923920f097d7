//! Why object storage does not do what was asked, and whether another try may help.

use s3::error::S3Error;

const NOT_FOUND: u16 = 404;
const REQUEST_TIMEOUT: u16 = 408;
const TOO_MANY_REQUESTS: u16 = 429;
const SERVER_ERRORS: std::ops::RangeInclusive<u16> = 500..=599;
/// How much of a refusal's text is kept.
const REASON_MAX_CHARS: usize = 300;

/// Why object storage does not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ObjectsError {
    /// There is no such object, or no bucket.
    #[error("there is no such object")]
    Missing,
    /// The range is not within the object.
    #[error("the range is not within the object's {total} bytes")]
    OutOfRange {
        /// How many bytes the object has.
        total: u64,
    },
    /// The object would be larger than [`super::OBJECT_MAX_BYTES`].
    #[error("the object is larger than {} bytes", super::OBJECT_MAX_BYTES)]
    TooLarge,
    /// The bytes to be stored could not be read.
    #[error("the bytes to store could not be read: {0}")]
    Source(#[source] std::io::Error),
    /// Names or credentials of the service can't be right.
    #[error("the object storage is not configured well: {0}")]
    Config(String),
    /// The service said no; another try will not help.
    #[error("the object storage refused with status {status}: {reason}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The start of what it said.
        reason: String,
    },
    /// The service can't be reached or is not well; another try may help.
    #[error("the object storage is unavailable: {0}")]
    Unavailable(String),
    /// The service answered what can't be understood.
    #[error("the object storage answered what can't be read: {0}")]
    Garbled(String),
}

impl ObjectsError {
    /// Whether the same call may succeed a little later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    pub(super) fn config(error: S3Error) -> Self {
        Self::Config(error.to_string())
    }
}

impl From<S3Error> for ObjectsError {
    fn from(error: S3Error) -> Self {
        match error {
            S3Error::HttpFailWithBody(NOT_FOUND, _) => Self::Missing,
            S3Error::HttpFailWithBody(status @ (REQUEST_TIMEOUT | TOO_MANY_REQUESTS), body) => {
                Self::Unavailable(format!("status {status}: {}", start_of(&body)))
            }
            S3Error::HttpFailWithBody(status, body) if SERVER_ERRORS.contains(&status) => {
                Self::Unavailable(format!("status {status}: {}", start_of(&body)))
            }
            S3Error::HttpFailWithBody(status, body) => Self::Refused { status, reason: start_of(&body) },
            S3Error::Reqwest(_) | S3Error::Io(_) | S3Error::HttpFail => Self::Unavailable(chain(&error)),
            other => Self::Garbled(other.to_string()),
        }
    }
}

fn start_of(body: &str) -> String {
    body.chars().take(REASON_MAX_CHARS).collect()
}

/// The whole chain: the outermost error only says that a request failed.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    start_of(&text)
}
