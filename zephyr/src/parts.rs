//! Puts the parts of this process together, the same way in every role: log, memory, bus, limits, objects, vault, dispatcher.
//!
//! Nothing is started here that a role does not need; what runs is stopped by [`Running::close`].

use std::sync::Arc;

use anyhow::Context as _;
use bus::Bus;
use dispatch::{Ages, Dispatcher};
use domain::id::AttemptId;
use limits::Limits;
use projections::{ReadModels, live::Live};
use providers::{EgressAllow, HttpClients, Timeouts};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::PgPool;
use store::{
    Store,
    assets::Assets,
    contents::Contents,
    follow::Follower,
    identity::Identity,
    objects::Objects,
    vault::{Keyring, Vault},
};

use crate::{
    config::{AgesConfig, Config, Deployment, MessageBus, RateLimits},
    people, seed,
};

/// The parts of this process that several roles share. Cloning is cheap.
#[derive(Clone)]
pub struct Running {
    /// The log and its committer.
    pub store: Store,
    /// The read models in tables.
    pub read_models: ReadModels,
    /// The read models in memory.
    pub live: Arc<Live>,
    /// The log's reader.
    pub follower: Follower,
    /// Messages between processes.
    pub bus: Bus,
    /// Windows and leases.
    pub limits: Limits,
    /// The bytes of assets.
    pub objects: Objects,
    /// The provider keys.
    pub vault: Vault,
    /// The two HTTP clients.
    pub http: HttpClients,
    /// People and sessions.
    pub identity: Identity,
    /// Runs attempts.
    pub dispatcher: Dispatcher,
}

impl Running {
    /// Connects everything and fills the memory from the log. The schema has to be there.
    ///
    /// # Errors
    /// When a part can't be reached or is set wrongly; says which.
    pub async fn assemble(config: &Config, deployment: &Deployment, role: &str) -> anyhow::Result<Self> {
        let pool = connect(deployment).await?;
        let store = Store::new(pool.clone());
        let (live, position) = Live::load(&pool).await.context("the log can't be read; was `zephyr migrate` run?")?;
        let live = Arc::new(live);
        let applied = live.clone();
        let follower = Follower::start(pool.clone(), position, move |events| applied.apply(events));
        let keyring = Keyring::parse(deployment.encryption_keys.expose_secret()).context("ENCRYPTION_KEYS")?;
        let egress = EgressAllow::parse(&config.server.egress_allow.join(",")).context("ZEPHYR_EGRESS_ALLOW")?;
        let objects = Objects::new(&deployment.objects).context("the object storage is set wrongly")?;
        let running = Shared {
            read_models: ReadModels::open(pool.clone()).await.context("the read models can't be opened")?,
            bus: bus(&deployment.bus, role).await?,
            limits: limits(&deployment.limits).await?,
            vault: Vault::new(pool.clone(), keyring),
            http: HttpClients::new(timeouts(&config.ages), egress).context("no HTTP client can be made")?,
            identity: people::identity(pool, &deployment.jwt_secret),
            store,
            live,
            follower,
            objects,
        };
        let callback_url = config.server.public_url.clone().map(|url| callback_url(url, &deployment.jwt_secret));
        Ok(running.with_dispatcher(&config.ages, callback_url))
    }

    /// Leaves the broker; what is unsettled there goes to somebody else.
    pub async fn close(&self) {
        self.bus.close().await;
        self.store.pool().close().await;
    }
}

/// Gives the URL that upstream may call about an attempt.
type CallbackUrl = Arc<dyn Fn(&AttemptId) -> String + Send + Sync>;

/// All parts but the dispatcher, which stands on them.
struct Shared {
    store: Store,
    read_models: ReadModels,
    live: Arc<Live>,
    follower: Follower,
    bus: Bus,
    limits: Limits,
    objects: Objects,
    vault: Vault,
    http: HttpClients,
    identity: Identity,
}

impl Shared {
    fn with_dispatcher(self, ages: &AgesConfig, callback_url: Option<CallbackUrl>) -> Running {
        let pool = self.store.pool();
        let dispatcher = Dispatcher::new(dispatch::Parts {
            store: self.store.clone(),
            follower: self.follower.clone(),
            live: self.live.clone(),
            objects: self.objects.clone(),
            assets: Assets::new(pool.clone()),
            contents: Contents::new(pool.clone()),
            vault: self.vault.clone(),
            limits: self.limits.clone(),
            bus: self.bus.clone(),
            http: self.http.clone(),
            ages: dispatch_ages(ages),
            callback_url,
        });
        Running {
            store: self.store,
            read_models: self.read_models,
            live: self.live,
            follower: self.follower,
            bus: self.bus,
            limits: self.limits,
            objects: self.objects,
            vault: self.vault,
            http: self.http,
            identity: self.identity,
            dispatcher,
        }
    }
}

/// Connects the pool of this process.
///
/// # Errors
/// When the database can't be reached.
pub async fn connect(deployment: &Deployment) -> anyhow::Result<PgPool> {
    let url = deployment.database_url.expose_secret();
    let connected = store::connect(url, deployment.database_connections).await;
    connected.context("the database can't be reached; look at DATABASE_URL and whether PostgreSQL runs")
}

/// Upstream is given a URL only when it was said how we are reached.
fn callback_url(public_url: String, jwt_secret: &SecretString) -> CallbackUrl {
    let secrets = api::caller::Secrets::derive(jwt_secret);
    Arc::new(move |attempt_id| {
        let token = secrets.callback_token(attempt_id.as_str());
        format!("{public_url}{}", api::generation::callback::path(seed::ARK.name, attempt_id.as_str(), &token))
    })
}

async fn bus(bus: &MessageBus, role: &str) -> anyhow::Result<Bus> {
    match bus {
        MessageBus::InProcess => Ok(Bus::in_process()),
        MessageBus::RabbitMq(url) => {
            Bus::rabbitmq(url.expose_secret(), &format!("zephyr {role}")).await.context("AMQP_URL can't be used")
        }
    }
}

async fn limits(limits: &RateLimits) -> anyhow::Result<Limits> {
    match limits {
        RateLimits::InMemory => Ok(Limits::in_memory()),
        RateLimits::Redis(url) => Limits::redis(url.expose_secret()).await.context("REDIS_URL can't be used"),
    }
}

fn timeouts(ages: &AgesConfig) -> Timeouts {
    Timeouts { work: ages.upstream_answer, ..Timeouts::default() }
}

fn dispatch_ages(ages: &AgesConfig) -> Ages {
    Ages {
        redispatch: ages.redispatch,
        retry: ages.retry,
        lease: ages.attempt_lease,
        poll_first: ages.poll_first,
        poll_every: ages.poll_every,
        reconcile_every: ages.reconcile_every,
        policy_divisor: ages.policy_time_divisor,
        expire_after: ages.job_expiry,
        cool_down: ages.key_cool_down,
        key_probe: ages.key_probe,
        key_lease: ages.key_lease,
        key_wait: ages.key_wait,
        key_wait_queued: ages.key_wait_queued,
        caller_takes: ages.caller_takes,
    }
}
