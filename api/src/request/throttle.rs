//! Rate limits of the API's own routes, and the headers that tell of them. When limits can't be asked, nobody gets in.

use std::{net::IpAddr, time::Duration};

use axum::http::{HeaderName, HeaderValue};
use limits::{Decision, Limits, Window};
use sha2::{Digest as _, Sha256};

use crate::error::{ApiError, ApiResult, ErrorCode, whole_seconds};

/// How often one address may ask the auth routes.
pub const AUTH_PER_ADDRESS: u64 = 30;
/// How often one e-mail address may be tried.
pub const AUTH_PER_EMAIL: u64 = 10;
/// The time that both count within.
pub const AUTH_PERIOD: Duration = Duration::from_secs(60);

/// What tells of a limit on requests: how many, how many are left, when the oldest come back.
pub const REQUESTS: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit-requests"),
    HeaderName::from_static("x-ratelimit-remaining-requests"),
    HeaderName::from_static("x-ratelimit-reset-requests"),
];
/// The same of a limit on tokens.
pub const TOKENS: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit-tokens"),
    HeaderName::from_static("x-ratelimit-remaining-tokens"),
    HeaderName::from_static("x-ratelimit-reset-tokens"),
];

/// What a limit has left, as headers of the answer.
#[derive(Clone, Debug)]
pub struct RateHeaders(pub [(HeaderName, HeaderValue); 3]);

impl RateHeaders {
    /// `x-ratelimit-*-requests`, in OpenAI's names.
    #[must_use]
    pub fn new(limit: u64, remaining: u64, reset_after: Duration) -> Self {
        Self::named(&REQUESTS, limit, remaining, reset_after)
    }

    /// The same under names of [`REQUESTS`] or [`TOKENS`].
    #[must_use]
    pub fn named(names: &[HeaderName; 3], limit: u64, remaining: u64, reset_after: Duration) -> Self {
        let [of_limit, of_remaining, of_reset] = names.clone();
        let reset = HeaderValue::from_str(&shown(reset_after)).expect("digits and units are ASCII");
        Self([(of_limit, limit.into()), (of_remaining, remaining.into()), (of_reset, reset)])
    }
}

/// A time as OpenAI writes it: `12s`, `6m0s`; rounded up.
fn shown(time: Duration) -> String {
    let seconds = time.as_millis().div_ceil(1_000);
    if seconds < 60 { format!("{seconds}s") } else { format!("{}m{}s", seconds / 60, seconds % 60) }
}

/// Takes one request of a limit.
///
/// # Errors
/// `rate_limited` with `Retry-After`; `unavailable`.
pub async fn take(limits: &Limits, key: &str, limit: u64, period: Duration) -> ApiResult<RateHeaders> {
    match limits.check(key, &[Window { limit, period, cost: 1 }]).await? {
        Decision::Allowed(rooms) => {
            let (left, reset) = rooms.first().map_or((0, period), |room| (room.remaining, room.reset_after));
            Ok(RateHeaders::new(limit, left, reset))
        }
        Decision::Limited { retry_after, .. } => Err(limited(limit, retry_after)),
    }
}

fn limited(limit: u64, retry_after: Duration) -> ApiError {
    let message = format!("too many requests; try again in {} seconds", whole_seconds(retry_after));
    let error = ApiError::new(ErrorCode::RateLimited, message).after(retry_after);
    let RateHeaders(headers) = RateHeaders::new(limit, 0, retry_after);
    headers.into_iter().fold(error, |error, (name, value)| error.with_header(name, value))
}

/// Takes one try at an auth route from an address, and from an e-mail address if one is tried.
///
/// # Errors
/// As [`take`].
pub async fn take_auth(limits: &Limits, address: IpAddr, email: Option<&str>) -> ApiResult<RateHeaders> {
    let headers = take(limits, &format!("auth:ip:{}", network_of(address)), AUTH_PER_ADDRESS, AUTH_PERIOD).await?;
    let Some(email) = email else { return Ok(headers) };
    let digest = hex::encode(Sha256::digest(email.trim().to_lowercase()));
    take(limits, &format!("auth:email:{digest}"), AUTH_PER_EMAIL, AUTH_PERIOD).await
}

/// One client of IPv6 has a whole /64 to choose from.
fn network_of(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("{:x}/64", address.to_bits() >> 64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_openai_writes_them() {
        let texts = [0, 1, 1_000, 59_001, 61_500, 360_000].map(|ms| shown(Duration::from_millis(ms)));
        assert_eq!(texts, ["0s", "1s", "1s", "1m0s", "1m2s", "6m0s"]);
    }
}
