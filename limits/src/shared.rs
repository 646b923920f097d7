//! Windows and leases in Redis, shared by all processes. Each operation is one script, so it is atomic, by Redis's clock.
//!
//! It never retries a call: whoever asks again counts again.

use crate::{CALL_TIMEOUT, Decision, Lease, LimitError, Room, Rule};
use redis::{
    Client, RedisError, Script,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use std::{
    fmt,
    sync::{Arc, LazyLock},
    time::Duration,
};
use tokio::time::timeout;

static CHECK: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("check.lua")));
static CORRECT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("correct.lua")));
static LEASE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lease.lua")));

/// The pause between two tries of a connection, at most.
const RECONNECT_PAUSE_MAX: Duration = Duration::from_millis(500);

/// Windows and leases in Redis.
#[derive(Clone)]
pub(crate) struct Redis {
    connection: ConnectionManager,
    prefix: Arc<str>,
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut redis = f.debug_struct("Redis");
        redis.field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl Redis {
    pub(crate) fn connect(url: &str, prefix: &str) -> Result<Self, LimitError> {
        let client = Client::open(url).map_err(unavailable)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CALL_TIMEOUT))
            .set_response_timeout(Some(CALL_TIMEOUT))
            .set_number_of_retries(1)
            .set_max_delay(RECONNECT_PAUSE_MAX);
        let connection = ConnectionManager::new_lazy_with_config(client, config).map_err(unavailable)?;
        let prefix = prefix.into();
        Ok(Self { connection, prefix })
    }

    pub(crate) async fn check(&self, key: &str, rules: &[Rule]) -> Result<Decision, LimitError> {
        if rules.is_empty() {
            return Ok(Decision::Allowed(Vec::new()));
        }
        let mut call = CHECK.prepare_invoke();
        for rule in rules {
            let window = format!("{}:limit:{{{key}}}:{}:{}", self.prefix, rule.period_ms, rule.twin);
            call.key(format!("{window}:log")).key(format!("{window}:sum"));
            call.arg(rule.limit).arg(rule.period_ms).arg(rule.cost);
        }
        let mut connection = self.connection.clone();
        let answer: Vec<u64> = bounded(call.invoke_async(&mut connection)).await?;
        decision(&answer).ok_or_else(|| LimitError::Unavailable("Redis gave a strange answer".into()))
    }

    pub(crate) async fn lease(&self, lease: &Lease, max: u32, ttl_ms: u64) -> Result<bool, LimitError> {
        self.hold(lease, max, ttl_ms, "take").await
    }

    pub(crate) async fn renew(&self, lease: &Lease, ttl_ms: u64) -> Result<bool, LimitError> {
        self.hold(lease, 0, ttl_ms, "renew").await
    }

    pub(crate) async fn release(&self, lease: &Lease) -> Result<(), LimitError> {
        let mut command = redis::cmd("ZREM");
        command.arg(self.lease_key(lease)).arg(&lease.holder);
        let mut connection = self.connection.clone();
        bounded(command.query_async(&mut connection)).await
    }

    pub(crate) async fn ready(&self) -> Result<(), LimitError> {
        let mut connection = self.connection.clone();
        bounded(redis::cmd("PING").query_async(&mut connection)).await
    }

    async fn hold(&self, lease: &Lease, max: u32, ttl_ms: u64, how: &str) -> Result<bool, LimitError> {
        let mut call = LEASE.key(self.lease_key(lease));
        call.arg(max).arg(&lease.holder).arg(ttl_ms).arg(how);
        let mut connection = self.connection.clone();
        bounded(call.invoke_async(&mut connection)).await
    }

    fn lease_key(&self, lease: &Lease) -> String {
        format!("{}:lease:{{{}}}", self.prefix, lease.key)
    }
}

impl Redis {
    /// Counts one call of a window as more or less than it took.
    pub(crate) async fn correct(
        &self,
        key: &str,
        period_ms: u64,
        (taken, right): (u64, u64),
    ) -> Result<(), LimitError> {
        let window = format!("{}:limit:{{{key}}}:{period_ms}:0", self.prefix);
        let mut call = CORRECT.key(format!("{window}:log"));
        call.key(format!("{window}:sum")).arg(period_ms).arg(taken).arg(right);
        let mut connection = self.connection.clone();
        bounded(call.invoke_async(&mut connection)).await
    }
}

fn decision(answer: &[u64]) -> Option<Decision> {
    match answer {
        [0, rule, retry_ms] => Some(Decision::Limited {
            retry_after: Duration::from_millis(*retry_ms),
            rule: usize::try_from(*rule).ok()?,
        }),
        [1, rooms @ ..] if rooms.len().is_multiple_of(2) => {
            Some(Decision::Allowed(rooms.chunks_exact(2).map(room).collect()))
        }
        _ => None,
    }
}

fn room(pair: &[u64]) -> Room {
    Room { remaining: pair[0], reset_after: Duration::from_millis(pair[1]) }
}

async fn bounded<T>(call: impl Future<Output = Result<T, RedisError>>) -> Result<T, LimitError> {
    match timeout(CALL_TIMEOUT, call).await {
        Ok(answer) => answer.map_err(unavailable),
        Err(_) => Err(LimitError::Unavailable("Redis does not answer".into())),
    }
}

fn unavailable(error: RedisError) -> LimitError {
    LimitError::Unavailable(error.to_string())
}
