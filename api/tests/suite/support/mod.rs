//! What the tests of the API stand on: a whole API on loopback, over a database and an object storage of its own.
//!
//! Requests go through a real socket; there is one small client here, without a cookie jar or redirects.

pub mod browser;
mod client;
#[path = "../../../../store/tests/support/mod.rs"]
mod database;
mod storage;

use std::sync::Arc;

pub use browser::Browser;
pub use client::{Answer, Client};
use domain::{
    tenant::{ApiKey, Role, TenantCommand},
    unit::Unit,
};
use projections::{ReadModels, live::Live, projector};
use serde_json::{Value, json};
use store::{
    Store,
    assets::Assets,
    contents::Contents,
    follow::Follower,
    identity::Identity,
    vault::{Keyring, Vault},
};
use tokio::{
    net::TcpListener,
    sync::{RwLock, RwLockReadGuard, RwLockWriteGuard},
    task::JoinHandle,
};

/// An API that runs for one test.
pub struct Api {
    /// Talks to it.
    pub client: Client,
    /// Its state, to reach behind it.
    pub state: api::AppState,
    tasks: Vec<JoinHandle<()>>,
    _storage: storage::Storage,
    _database: database::TestDatabase,
    _room: Room,
}

/// A place beside the other tests, or the machine for a test that fills it: lists wait only half a second for what was
/// written, and nobody could tell slowness from a mistake.
enum Room {
    Beside(#[expect(dead_code, reason = "held until the end")] RwLockReadGuard<'static, ()>),
    Alone(#[expect(dead_code, reason = "held until the end")] RwLockWriteGuard<'static, ()>),
}

static MACHINE: RwLock<()> = RwLock::const_new(());

impl Drop for Api {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Starts an API.
pub async fn start() -> Api {
    start_with(|_| {}).await
}

/// Starts an API for a test that makes so much work that the others have to wait for it.
pub async fn start_alone() -> Api {
    start_in(Room::Alone(MACHINE.write().await), |_| {}).await
}

/// Starts an API of which some parts are others than usual.
pub async fn start_with(change: impl FnOnce(&mut api::Parts)) -> Api {
    start_in(Room::Beside(MACHINE.read().await), change).await
}

async fn start_in(room: Room, change: impl FnOnce(&mut api::Parts)) -> Api {
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    let database = database::database().await;
    let (storage, objects) = storage::Storage::start().await;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    let pool = database.pool.clone();
    let store = Store::new(pool.clone());
    let (live, position) = Live::load(&pool).await.expect("the log is read");
    let live = Arc::new(live);
    let folding = live.clone();
    let follower = Follower::start(pool.clone(), position, move |events| folding.apply(events));
    let reads = ReadModels::open(pool.clone()).await.expect("the read models open");
    let projecting = tokio::spawn(projector::run(pool.clone(), follower.clone(), std::future::pending()));
    let (bus, limits) = (bus::Bus::in_process(), limits::Limits::in_memory());
    let keyring = Keyring::parse(secrecy::ExposeSecret::expose_secret(&Keyring::generate_entry("k1"))).expect("keys");
    let dispatcher = dispatch::Dispatcher::new(dispatch::Parts {
        store: store.clone(),
        follower: follower.clone(),
        live: live.clone(),
        objects: objects.clone(),
        assets: Assets::new(pool.clone()),
        contents: Contents::new(pool.clone()),
        vault: Vault::new(pool.clone(), keyring),
        limits: limits.clone(),
        bus: bus.clone(),
        http: providers::HttpClients::new(Default::default(), Default::default()).expect("clients"),
        ages: dispatch::Ages::default(),
        callback_url: None,
    });
    let mut parts = api::Parts {
        identity: Identity::new(pool, "a secret of tests".into()),
        settings: api::ApiSettings::new(&format!("http://{address}"), "a secret of tests".into()),
        metrics: Box::new(|| "# nothing counted\n".to_owned()),
        store,
        live,
        reads,
        follower,
        bus,
        limits,
        objects,
        dispatcher,
    };
    change(&mut parts);
    let state = api::AppState::new(parts);
    let serving = api::serve(listener, state.clone(), std::future::pending());
    let serving = tokio::spawn(async move { serving.await.expect("it serves") });
    Api {
        client: Client::new(address),
        state,
        tasks: vec![projecting, serving],
        _storage: storage,
        _database: database,
        _room: room,
    }
}

impl Api {
    /// Registers a person and gives the answer's body.
    pub async fn register(&self, email: &str) -> Value {
        let body = json!({"email": email, "password": "correct horse", "display_name": "Ada"});
        let answer = self.client.post("/auth/register", None, &body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    /// A person who runs the platform: their access token.
    pub async fn admin(&self) -> String {
        let registered = self.register("admin@example.com").await;
        let id = registered["user"]["id"].as_str().expect("an id").parse().expect("an id");
        let role = Some(store::identity::PlatformRole::Admin);
        self.state.identity.set_role(&id, role).await.expect("it is set");
        text(&registered["access_token"])
    }

    /// A person who never asked a route: for an API whose routes to log in are shut.
    pub async fn user(&self, email: &str) -> domain::id::UserId {
        let id = domain::id::UserId::from_uuid(uuid::Uuid::now_v7());
        let new = store::identity::NewUser {
            id: id.clone(),
            email: email.to_owned(),
            password: "correct horse".into(),
            display_name: "Ada".to_owned(),
            platform_role: None,
            locale: "en".to_owned(),
        };
        self.state.identity.create_user(new, self.state.store.now()).await.expect("a person");
        id
    }

    /// A key of a new tenant of a person, straight into the log.
    pub async fn key_of_a_tenant(&self, user: &domain::id::UserId, limit: impl FnOnce(&mut ApiKey)) -> String {
        let secret = api::caller::api_key::generate();
        let mut key = api_key("key", &secret);
        limit(&mut key);
        let tenant = domain::id::TenantId::from_uuid(uuid::Uuid::now_v7());
        let unit = Unit::of(&tenant, TenantCommand::CreateTenant { name: "Ada's".to_owned() })
            .then(&tenant, TenantCommand::AddMember { user_id: user.clone(), role: Role::Owner })
            .then(&tenant, domain::account::AccountCommand::OpenAccount)
            .then(&tenant, TenantCommand::IssueApiKey(Box::new(key)));
        let done = self.state.store.execute(store::Work { unit, ..Default::default() }).await.expect("a tenant");
        assert!(self.state.follower.reached(done.position, std::time::Duration::from_secs(5)).await);
        secret
    }

    /// Credits for a tenant, by an admin.
    pub async fn recharge(&self, admin: &str, tenant: &str, reference: &str) -> Answer {
        let body = json!({"tenant_id": tenant, "amount": "12.5", "source": "test", "reference": reference});
        self.client.post("/admin/api/recharges", Some(admin), &body).await
    }
}

/// A JSON text.
pub fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// A key of a text that may do everything.
pub fn api_key(name: &str, secret: &str) -> ApiKey {
    ApiKey {
        api_key_id: domain::id::ApiKeyId::from_uuid(uuid::Uuid::now_v7()),
        name: name.to_owned(),
        prefix: api::caller::api_key::shown(secret),
        sha256: hex::encode(api::caller::api_key::hash(secret)),
        scopes: vec![],
        models: vec![],
        budget: None,
        budget_per_day: None,
        budget_per_month: None,
        requests_per_minute: None,
        tokens_per_minute: None,
        concurrent_jobs: None,
        expires_at: None,
    }
}
