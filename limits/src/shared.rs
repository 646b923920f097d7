//! Windows and leases in Redis, shared by all processes. Each operation is one script, so it is atomic, by Redis's clock.
//!
//! It never retries a call: whoever asks again counts again.

use crate::{Busy, CALL_TIMEOUT, Decision, LOOK_COUNTS, Lease, LimitError, Room, Rule, Take};
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

static CORRECT: LazyLock<Script> =
    LazyLock::new(|| Script::new(concat!(include_str!("windows.lua"), include_str!("correct.lua"))));
static CHECK: LazyLock<Script> =
    LazyLock::new(|| Script::new(concat!(include_str!("windows.lua"), include_str!("check.lua"))));
static TAKE: LazyLock<Script> =
    LazyLock::new(|| Script::new(concat!(include_str!("windows.lua"), include_str!("take.lua"))));
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
        self.add_rules(&mut call, key, rules);
        let mut connection = self.connection.clone();
        let answer: Vec<u64> = bounded(call.invoke_async(&mut connection)).await?;
        decision(&answer).ok_or_else(|| LimitError::Unavailable("Redis gave a strange answer".into()))
    }

    /// Takes all or nothing; answers why nothing was taken.
    pub(crate) async fn take(&self, key: &str, rules: &[Rule], take: &Take<'_>) -> Result<Option<Busy>, LimitError> {
        let mut call = self.take_call(key);
        match &take.place {
            Some(place) => call.arg(place.of).arg(place.holder).arg(place.ttl_ms()),
            None => call.arg("").arg("").arg(0),
        };
        call.arg(take.waiter.unwrap_or_default()).arg(crate::millis(LOOK_COUNTS)).arg("take");
        self.add_rules(&mut call, key, rules);
        let mut connection = self.connection.clone();
        let answer: Vec<u64> = bounded(call.invoke_async(&mut connection)).await?;
        match answer[..] {
            [1] => Ok(None),
            [0, 0, ..] => Ok(Some(Busy::Places)),
            [0, 1, rule, ms] => {
                let rule = usize::try_from(rule).unwrap_or_default();
                Ok(Some(Busy::Window { rule, retry_after: Duration::from_millis(ms) }))
            }
            [0, 2, ..] => Ok(Some(Busy::Turn)),
            _ => Err(LimitError::Unavailable("Redis gave a strange answer".into())),
        }
    }

    pub(crate) async fn record(&self, key: &str, rules: &[Rule]) -> Result<(), LimitError> {
        let mut call = self.take_call(key);
        call.arg("").arg("").arg(0).arg("").arg(0).arg("record");
        self.add_rules(&mut call, key, rules);
        let mut connection = self.connection.clone();
        bounded(call.invoke_async(&mut connection)).await
    }

    pub(crate) async fn leave(&self, key: &str, waiter: &str) -> Result<(), LimitError> {
        let mut pipe = redis::pipe();
        for kind in ["line", "looks"] {
            pipe.cmd("ZREM").arg(self.name(kind, key)).arg(waiter).ignore();
        }
        let mut connection = self.connection.clone();
        bounded(pipe.query_async(&mut connection)).await
    }

    pub(crate) async fn places_taken(&self, key: &str) -> Result<u32, LimitError> {
        let mut connection = self.connection.clone();
        let time: (u64, u64) = bounded(redis::cmd("TIME").query_async(&mut connection)).await?;
        let now_ms = time.0 * 1_000 + time.1 / 1_000;
        let mut count = redis::cmd("ZCOUNT");
        count.arg(self.name("lease", key)).arg(format!("({now_ms}")).arg("+inf");
        bounded(count.query_async(&mut connection)).await
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

    fn take_call(&self, key: &str) -> redis::ScriptInvocation<'static> {
        let mut call = TAKE.prepare_invoke();
        call.key(self.name("lease", key)).key(self.name("line", key)).key(self.name("looks", key));
        call
    }

    /// The keys and arguments of the windows, after all others.
    fn add_rules(&self, call: &mut redis::ScriptInvocation<'_>, key: &str, rules: &[Rule]) {
        for rule in rules {
            let window = format!("{}:{}:{}", self.name("limit", key), rule.period_ms, rule.twin);
            call.key(format!("{window}:log")).key(format!("{window}:sum"));
            call.arg(rule.limit).arg(rule.period_ms).arg(rule.cost);
        }
    }

    fn lease_key(&self, lease: &Lease) -> String {
        self.name("lease", &lease.key)
    }

    /// The name of a thing of a key; all of one key lie together.
    fn name(&self, kind: &str, key: &str) -> String {
        format!("{}:{kind}:{{{key}}}", self.prefix)
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
