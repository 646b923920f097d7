//! The limits that a caller is under. A call is counted by all of them or by none.

use std::time::Duration;

use domain::account::Limited;
use limits::{Correction, Decision, LimitError, Limits, Room, Window};
use serde_json::json;

use crate::{
    caller::Caller,
    error::{ApiError, ErrorCode, whole_seconds},
    state::AppState,
};

/// The stretch of time that every rate is for.
pub const PERIOD: Duration = Duration::from_secs(60);

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Requests,
    Tokens,
}

/// One limit, and the window that it is counted in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    unit: Unit,
    whose: Limited,
    window: String,
    /// How many in a minute.
    pub limit: u64,
}

/// What a limit has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateUse {
    /// How many in a minute.
    pub limit: u64,
    /// How many more now.
    pub remaining: u64,
    /// When the oldest come back.
    pub reset_after: Duration,
}

/// Why a call was not counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Uncounted {
    /// A limit is reached.
    Limited {
        /// Which.
        rate: Rate,
        /// When the call would be admitted.
        retry_after: Duration,
    },
    /// The windows are out of reach.
    Unavailable(LimitError),
}

/// How often a caller may ask: by its key, then by its tenant.
#[must_use]
pub fn of_requests(state: &AppState, caller: &Caller) -> Vec<Rate> {
    let of_key = caller.api_key.as_ref().and_then(|key| key.requests_per_minute);
    let of_tenant = state.live.tenants().tenant(&caller.tenant_id).and_then(|entry| entry.limits.requests_per_minute);
    rates(Unit::Requests, caller, of_key.map(u64::from), of_tenant.map(u64::from))
}

/// How many tokens a caller may use: by its key, then by its tenant.
#[must_use]
pub fn of_tokens(state: &AppState, caller: &Caller) -> Vec<Rate> {
    let of_key = caller.api_key.as_ref().and_then(|key| key.tokens_per_minute);
    let of_tenant = state.live.tenants().tenant(&caller.tenant_id).and_then(|entry| entry.limits.tokens_per_minute);
    rates(Unit::Tokens, caller, of_key, of_tenant)
}

fn rates(unit: Unit, caller: &Caller, of_key: Option<u64>, of_tenant: Option<u64>) -> Vec<Rate> {
    let key = caller.api_key_id().zip(of_key).map(|(id, limit)| Rate::new(unit, Limited::ApiKey, id.as_str(), limit));
    let tenant = of_tenant.map(|limit| Rate::new(unit, Limited::Tenant, caller.tenant_id.as_str(), limit));
    key.into_iter().chain(tenant).collect()
}

impl Rate {
    fn new(unit: Unit, whose: Limited, id: &str, limit: u64) -> Self {
        let kind = match unit {
            Unit::Requests => "requests",
            Unit::Tokens => "tokens",
        };
        Self { unit, whose, window: format!("{kind}:{id}"), limit }
    }

    /// A limit on requests, of an API key or a tenant, for those who only look.
    #[must_use]
    pub fn on_requests(whose: Limited, id: &str, limit: u64) -> Self {
        Self::new(Unit::Requests, whose, id, limit)
    }

    /// A limit on tokens, of an API key or a tenant, for those who only look.
    #[must_use]
    pub fn on_tokens(whose: Limited, id: &str, limit: u64) -> Self {
        Self::new(Unit::Tokens, whose, id, limit)
    }

    /// Takes a cost of all these limits, or of none. What costs more than a limit ever admits takes all of it.
    ///
    /// # Errors
    /// A limit is reached, or the windows are out of reach.
    pub async fn take(limits: &Limits, rates: &[Self], cost: u64) -> Result<Vec<RateUse>, Uncounted> {
        let mut uses = Vec::with_capacity(rates.len());
        for (place, rate) in rates.iter().enumerate() {
            let window = Window { limit: rate.limit, period: PERIOD, cost: cost.min(rate.limit) };
            let refused = match limits.check(&rate.window, &[window]).await {
                Ok(Decision::Allowed(rooms)) => {
                    uses.push(RateUse::new(rate.limit, rooms.first()));
                    continue;
                }
                Ok(Decision::Limited { retry_after, .. }) => Uncounted::Limited { rate: rate.clone(), retry_after },
                Err(error) => Uncounted::Unavailable(error),
            };
            Self::correct(limits, &rates[..place], cost, 0).await;
            return Err(refused);
        }
        Ok(uses)
    }

    /// What all these limits have left.
    ///
    /// # Errors
    /// The windows are out of reach.
    pub async fn look(limits: &Limits, rates: &[Self]) -> Result<Vec<RateUse>, LimitError> {
        let mut uses = Vec::with_capacity(rates.len());
        for rate in rates {
            let window = Window { limit: rate.limit, period: PERIOD, cost: 0 };
            let room = match limits.check(&rate.window, &[window]).await? {
                Decision::Allowed(rooms) => RateUse::new(rate.limit, rooms.first()),
                // More is counted than the limit admits: it was lowered, or a usage exceeded its estimate.
                Decision::Limited { retry_after, .. } => {
                    RateUse { limit: rate.limit, remaining: 0, reset_after: retry_after }
                }
            };
            uses.push(room);
        }
        Ok(uses)
    }

    /// Counts what was taken as more or less. When that can't be, the minute ends by itself.
    pub async fn correct(limits: &Limits, rates: &[Self], taken: u64, right: u64) {
        for rate in rates {
            let correction = Correction { period: PERIOD, taken: taken.min(rate.limit), right };
            if let Err(error) = limits.correct(&rate.window, correction).await {
                tracing::warn!(%error, "a window was not corrected; it ends by itself");
            }
        }
    }
}

impl RateUse {
    fn new(limit: u64, room: Option<&Room>) -> Self {
        let (remaining, reset_after) = room.map_or((0, PERIOD), |room| (room.remaining, room.reset_after));
        Self { limit, remaining, reset_after }
    }
}

impl Uncounted {
    /// What the limit that is reached has left.
    #[must_use]
    pub fn left(&self) -> Option<RateUse> {
        match self {
            Self::Limited { rate, retry_after } => {
                Some(RateUse { limit: rate.limit, remaining: 0, reset_after: *retry_after })
            }
            Self::Unavailable(_) => None,
        }
    }
}

impl From<Uncounted> for ApiError {
    fn from(uncounted: Uncounted) -> Self {
        let (rate, retry_after) = match uncounted {
            Uncounted::Limited { rate, retry_after } => (rate, retry_after),
            Uncounted::Unavailable(error) => return error.into(),
        };
        let Rate { unit, whose, limit, .. } = rate;
        let (what, name) = match unit {
            Unit::Requests => ("requests", "requests_per_minute"),
            Unit::Tokens => ("tokens", "tokens_per_minute"),
        };
        let seconds = whole_seconds(retry_after);
        let message = format!("{whose} limit of {limit} {what} per minute is reached; try again in {seconds} seconds");
        Self::new(ErrorCode::RateLimitExceeded, message)
            .with_details(json!({ "limit": name, "of": whose, "most": limit }))
            .after(retry_after)
    }
}
