//! Durable truth: the event log and its committer, snapshots, outbox, timers, the key vault, objects and identity.
//!
//! Never any HTTP, any message broker, any price. What credits do is decided in `domain` and only written here.

pub mod about;
pub mod assets;
pub mod audit;
pub mod committer;
pub mod contents;
pub mod flights;
pub mod follow;
pub mod identity;
pub mod load;
mod loads;
pub mod log;
pub mod objects;
pub mod outbox;
pub mod proof;
pub mod purge;
pub mod snapshot;
pub mod timers;
pub mod vault;
pub mod verify;
pub mod version;
mod work;

use std::{sync::Arc, time::Duration};

use committer::{Answer, Clock, Committer, Pending};
use domain::stream::State;
use load::LoadError;
use loads::Loads;
pub use sqlx::{Error as DatabaseError, PgPool as Pool};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::sync::oneshot;
use version::{StreamKey, Version};
pub use work::{Committed, Context, ExecuteError, JobInputsRow, OutboxRow, Recorded, Side, TimerChange, Work};

/// How long a caller waits for its unit before it hears that the database is out of reach.
pub const EXECUTE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a caller waits for a connection to read with.
pub const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How often a caller brings cold streams before it gives up.
const LOADS_AT_MOST: u32 = 32;

/// The durable truth of one deployment, as one process sees it. Cloning it is cheap.
#[derive(Clone)]
pub struct Store {
    pool: PgPool,
    committer: Committer,
    loads: Loads,
    clock: Clock,
}

/// Connects the pool that everything but the committer uses.
///
/// # Errors
/// When the URL is malformed or the database is out of reach.
pub async fn connect(database_url: &str, connections: u32) -> Result<PgPool, sqlx::Error> {
    use std::str::FromStr;
    let options = sqlx::postgres::PgConnectOptions::from_str(database_url)?.options([
        ("idle_in_transaction_session_timeout", "2000"),
        ("plan_cache_mode", "force_generic_plan"),
        ("jit", "off"),
    ]);
    let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE_TIMEOUT);
    pool.connect_with(options).await
}

/// Brings the schema up to date. Forward only.
///
/// # Errors
/// When a migration fails, or one that was applied has changed since.
pub async fn migrate(pool: &PgPool) -> Result<(), sqlx::migrate::MigrateError> {
    sqlx::migrate!("../migrations").run(pool).await
}

impl Store {
    /// Starts the committer of this process. There must be no second one in it.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self::with_clock(pool, Arc::new(chrono::Utc::now))
    }

    /// Starts the committer with a clock of the caller's.
    #[must_use]
    pub fn with_clock(pool: PgPool, clock: Clock) -> Self {
        let committer = Committer::start(pool.clone(), clock.clone());
        Self { loads: Loads::new(pool.clone()), pool, committer, clock }
    }

    /// The pool, for the functions of this crate and of `projections`.
    #[must_use]
    pub const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// What time it is for this process.
    #[must_use]
    pub fn now(&self) -> chrono::DateTime<chrono::Utc> {
        (self.clock)()
    }

    /// Decides a unit of work and appends its events, all or nothing. Answers when the answer is durable.
    ///
    /// # Errors
    /// When the rules refuse it, or it can't be done now.
    pub async fn execute(&self, work: Work) -> Result<Committed, ExecuteError> {
        let deciding = self.decide(work);
        let late = || ExecuteError::Unavailable("the append takes too long".into());
        tokio::time::timeout(EXECUTE_TIMEOUT, deciding).await.unwrap_or_else(|_| Err(late()))
    }

    async fn decide(&self, work: Work) -> Result<Committed, ExecuteError> {
        let mut pending = Box::new(Pending::new(work));
        for _ in 0..LOADS_AT_MOST {
            let (reply, answer) = oneshot::channel();
            pending.reply = Some(reply);
            match self.committer.execute(pending, answer).await {
                Answer::Committed(committed) => return Ok(committed),
                Answer::Failed(error) => return Err(error),
                Answer::Cold(keys, asked) => {
                    pending = asked;
                    pending.brought = self.load_all(keys).await.map_err(|error| unavailable(&error))?;
                }
            }
        }
        Err(ExecuteError::Unavailable("its streams went cold again and again".into()))
    }

    async fn load_all(&self, keys: Vec<StreamKey>) -> Result<Vec<(StreamKey, Version)>, Arc<LoadError>> {
        let mut brought = Vec::with_capacity(keys.len());
        for key in keys {
            let version = self.loads.load(&key).await?;
            brought.push((key, version));
        }
        Ok(brought)
    }

    /// The last durable version of a stream: what this process knows, moved on by the tail of the log.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn version(&self, aggregate_type: &'static str, aggregate_id: &str) -> Result<Version, LoadError> {
        let key = StreamKey { aggregate_type, aggregate_id: aggregate_id.into() };
        let known = self.committer.peek(key.clone()).await;
        let mut connection = self.pool.acquire().await?;
        match known {
            Some(known) => load::advance(&mut connection, &key, known).await,
            None => load::load(&mut connection, &key).await,
        }
    }

    /// The last durable state of an aggregate. One without events is in its initial state.
    ///
    /// # Errors
    /// When the database is out of reach.
    ///
    /// # Panics
    /// Never: the state has the type that was asked for.
    pub async fn read<A>(&self, aggregate_id: &str) -> Result<A, LoadError>
    where
        A: cqrs_es::Aggregate + TryFrom<State, Error = State>,
    {
        let version = self.version(A::TYPE, aggregate_id).await?;
        let state = Arc::unwrap_or_clone(version.state);
        Ok(A::try_from(state).expect("a stream has the type it was read as"))
    }
}

fn unavailable(error: &LoadError) -> ExecuteError {
    ExecuteError::Unavailable(error.to_string())
}
