//! Another try on transport errors, with growing pauses. Only for calls that may be made twice.

use std::time::Duration;

use s3::error::S3Error;
use tokio::time::sleep;

use super::ObjectsError;

/// How often a call is made again.
const RETRIES: u32 = 3;
/// The pause before the first retry; each next one is three times as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const PAUSE_GROWTH: u32 = 3;

/// The call's answer, or the error of its last try.
pub(super) async fn with_retries<T, F>(call: impl Fn() -> F) -> Result<T, ObjectsError>
where
    F: Future<Output = Result<T, S3Error>>,
{
    let mut pause = FIRST_PAUSE;
    for _ in 0..RETRIES {
        match call().await.map_err(ObjectsError::from) {
            Err(error) if error.is_transient() => tracing::warn!(%error, "object storage: trying again"),
            answer => return answer,
        }
        sleep(pause).await;
        pause *= PAUSE_GROWTH;
    }
    Ok(call().await?)
}
