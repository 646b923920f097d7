//! One API and some workers over PostgreSQL, RabbitMQ and Redis, with a simulator of their own and provider keys that the
//! test registered. Only one fleet runs at a time: they share a queue.

use std::{collections::BTreeMap, path::Path, time::Duration};

use anyhow::{Context as _, ensure};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tests::{
    api_client::ApiClient,
    looking,
    objects::ObjectStore,
    ports::free_address,
    program::Program,
    scratch::{ScratchDatabase, ScratchFolder},
    services::Services,
    upstream::{Upstream, UpstreamCall},
};
use tokio::sync::{Mutex, MutexGuard};

/// How long anything that has to happen may take.
const WITHIN: Duration = Duration::from_secs(60);
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// What all processes are set to.
const SETTINGS: [(&str, &str); 14] = [
    ("JWT_SECRET", "a-secret-that-only-the-tests-have"),
    ("ENCRYPTION_KEYS", "tests:dGhpcnR5LXR3byBieXRlcyBvZiB0ZXN0IGtleS4uLi4="),
    ("ZEPHYR_DATABASE_CONNECTIONS", "12"),
    ("ZEPHYR_TRUSTED_PROXIES", "127.0.0.0/8"),
    ("ZEPHYR_EGRESS_ALLOW", "127.0.0.0/8"),
    ("ZEPHYR_WORKER_CONCURRENCY", "32"),
    ("ZEPHYR_RETRY_MS", "100"),
    ("ZEPHYR_REDISPATCH_MS", "5000"),
    ("ZEPHYR_RECONCILE_EVERY_MS", "100"),
    ("ZEPHYR_POLICY_TIME_DIVISOR", "130000"),
    ("ZEPHYR_KEY_COOL_DOWN_MS", "300"),
    ("ZEPHYR_KEY_PROBE_MS", "300"),
    ("ZEPHYR_UPSTREAM_ANSWER_MS", "10000"),
    ("RUST_LOG", "info"),
];

/// The running processes.
pub struct Fleet {
    /// The control of the simulator.
    pub upstream: Upstream,
    /// With the token of an admin.
    pub admin: ApiClient,
    /// Where the API is.
    pub base_url: String,
    http: reqwest::Client,
    workers: Vec<Program>,
    _api: Program,
    _simulator: Program,
    _objects: ObjectStore,
    _folder: ScratchFolder,
    database: ScratchDatabase,
    _alone: MutexGuard<'static, ()>,
}

/// A provider key of the test.
#[derive(Clone, Debug)]
pub struct Key {
    /// `pky_…`
    pub id: String,
    /// What the simulator's log calls it.
    pub tail: String,
    /// The whole of it.
    pub secret: String,
}

impl Fleet {
    /// Starts an API and so many workers, with settings over the usual ones. The provider has no keys yet.
    pub async fn start(workers: usize, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let alone = ONE_AT_A_TIME.lock().await;
        let services = Services::find()?;
        let (folder, http) = (ScratchFolder::create("pool")?, ApiClient::http()?);
        let database = ScratchDatabase::create(&services.database_url).await?;
        let address = free_address()?;
        let mut common: BTreeMap<String, String> = SETTINGS.map(|(name, value)| (name.into(), value.into())).into();
        common.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        common.insert("DATABASE_URL".into(), database.url());
        let demo = furnish(folder.path(), &common, address.port()).await?;
        let mut simulator = Program::of_this_build("simulator", "simulator", folder.path())?.with_arguments([
            "--listen",
            &address.to_string(),
            "--time-scale",
            "0.0001",
        ]);
        simulator.start_until("listening on").await?;
        let objects = ObjectStore::serve(&folder.path().join("bucket")).await?;
        common.extend(objects.variables());
        common.insert("AMQP_URL".into(), services.amqp_url);
        common.insert("REDIS_URL".into(), services.redis_url);
        let listen = free_address()?;
        common.insert("ZEPHYR_LISTEN".into(), listen.to_string());
        let variables: Vec<(String, String)> = common.into_iter().collect();
        let program = |role: &str, name: &str| {
            let program = Program::of_this_build("zephyr", name, folder.path())?;
            let mut program = program.with_arguments([role]).with_variables(&variables);
            program.start().map(|()| program)
        };
        let mut api = program("api", "api")?;
        let workers = (1..=workers).map(|number| program("worker", &format!("worker-{number}")));
        let workers = workers.collect::<anyhow::Result<Vec<_>>>()?;
        let base_url = format!("http://{listen}");
        let nobody = ApiClient::new(&base_url, "", http.clone());
        api.until_ready(&nobody).await?;
        let log_in = json!({ "email": demo["ZEPHYR_ADMIN_EMAIL"], "password": demo["ZEPHYR_ADMIN_PASSWORD"] });
        let token = call(nobody.post("/auth/login", &log_in)).await?.expect(200)?;
        let token = token["access_token"].as_str().context("a token")?.to_owned();
        let fleet = Self {
            upstream: Upstream::at(format!("http://{address}"), http.clone()),
            admin: ApiClient::new(&base_url, token, http.clone()),
            base_url,
            http,
            workers,
            _api: api,
            _simulator: simulator,
            _objects: objects,
            _folder: folder,
            database,
            _alone: alone,
        };
        fleet.revoke_all().await?;
        Ok(fleet)
    }

    /// Stops all and removes the database.
    pub async fn stop(self) -> anyhow::Result<()> {
        let Self { workers, _api, _simulator, database, .. } = self;
        drop((workers, _api, _simulator));
        database.remove().await
    }

    async fn revoke_all(&self) -> anyhow::Result<()> {
        for key in self.keys().await? {
            let path = format!("/admin/api/provider-keys/{}", key["id"].as_str().context("an id")?);
            call(self.admin.request(Method::DELETE, &path)).await?.expect(200)?;
        }
        Ok(())
    }

    /// The provider's keys, as the admin API shows them.
    pub async fn keys(&self) -> anyhow::Result<Vec<Value>> {
        let path = "/admin/api/provider-keys?provider=ark&limit=100";
        let listed = call(self.admin.request(Method::GET, path)).await?.expect(200)?;
        Ok(listed["data"].as_array().context("a list")?.clone())
    }

    /// Registers a key of Ark. Its name has six characters.
    pub async fn key(&self, name: &str, weight: u32, account: Option<&str>) -> anyhow::Result<Key> {
        self.key_of("ark", name, weight, account).await
    }

    /// Registers a key of a provider.
    pub async fn key_of(&self, provider: &str, name: &str, weight: u32, account: Option<&str>) -> anyhow::Result<Key> {
        ensure!(name.len() == 6, "the simulator's log shows six characters");
        let secret = format!("sim-{}-{name}", account.unwrap_or(name));
        let new =
            json!({ "provider": provider, "label": name, "secret": secret, "weight": weight, "account": account });
        let registered = call(self.admin.post("/admin/api/provider-keys", &new)).await?;
        ensure!(!registered.body.to_string().contains(&secret), "a secret comes out: {}", registered.body);
        let id = registered.expect(201)?["id"].as_str().context("an id")?.to_owned();
        Ok(Key { id, tail: name.to_owned(), secret })
    }

    /// Changes a key.
    pub async fn change(&self, key: &Key, change: &Value) -> anyhow::Result<Value> {
        let request = self.admin.request(Method::PATCH, &format!("/admin/api/provider-keys/{}", key.id));
        call(request.json(change)).await?.expect(200)
    }

    /// How a key does.
    pub async fn health(&self, key: &Key) -> anyhow::Result<Value> {
        let path = format!("/admin/api/provider-keys/{}", key.id);
        Ok(call(self.admin.request(Method::GET, &path)).await?.expect(200)?["health"].take())
    }

    /// A tenant of its own with credits, as its API key.
    pub async fn tenant(&self, number: u8) -> anyhow::Result<ApiClient> {
        let email = format!("tenant-{number}@example.com");
        let body = json!({ "email": email, "password": "a pass phrase of a test" });
        let register = self.http.post(format!("{}/auth/register", self.base_url)).json(&body);
        let register = register.header("x-forwarded-for", format!("10.0.0.{number}"));
        let person = call(register).await?.expect(201)?;
        let tenant_id = person["user"]["tenants"][0]["id"].as_str().context("a tenant")?;
        let recharge = json!({ "tenant_id": tenant_id, "amount": "1000000", "source": "card", "reference": email });
        call(self.admin.post("/admin/api/recharges", &recharge)).await?.expect(201)?;
        let token = person["access_token"].as_str().context("a token")?;
        let session = ApiClient::new(&self.base_url, token, self.http.clone());
        let issued = call(session.post("/v1/keys", &json!({ "name": "test" }))).await?.expect(201)?;
        let key = issued["key"].as_str().context("a key")?;
        let client = ApiClient::new(&self.base_url, key, self.http.clone());
        until("the key is known", async || Ok(call(client.request(Method::GET, "/v1/models")).await?.status == 200))
            .await?;
        Ok(client)
    }

    /// Waits until every process has heard of a change: the dry run of the API shows it, and workers follow the same log.
    pub async fn known(&self, what: &str, considered: impl Fn(&Value) -> bool) -> anyhow::Result<()> {
        let asked = json!({ "model": crate::MODEL, "capability": "chat" });
        until(what, async || {
            let answer = call(self.admin.post("/admin/api/route", &asked)).await?.expect(200)?;
            Ok(considered(&answer["considered"]))
        })
        .await
    }

    /// The chats that reached the provider after a moment of its log.
    pub async fn chats_after(&self, seq: u64) -> anyhow::Result<Vec<UpstreamCall>> {
        let calls = self.upstream.calls().await?;
        Ok(calls.into_iter().filter(|call| call.seq > seq && call.op == "chat").collect())
    }

    /// The last moment of the provider's log.
    pub async fn last_seq(&self) -> anyhow::Result<u64> {
        Ok(self.upstream.calls().await?.iter().map(|call| call.seq).max().unwrap_or(0))
    }

    /// Kills a worker without warning.
    pub async fn kill_worker(&mut self, number: usize) -> anyhow::Result<()> {
        self.workers[number].kill9().await
    }
}

/// Lets `zephyr up` make schema, catalog and an admin, once.
async fn furnish(
    folder: &Path,
    common: &BTreeMap<String, String>,
    simulator: u16,
) -> anyhow::Result<BTreeMap<String, String>> {
    let data = folder.join("data");
    tokio::fs::create_dir_all(&data).await?;
    let ports = json!({ "simulator": simulator, "objects": free_address()?.port() });
    tokio::fs::write(data.join("ports.json"), ports.to_string()).await?;
    let mut variables: Vec<(String, String)> = common.clone().into_iter().collect();
    variables.push(("ZEPHYR_DATA_DIR".into(), data.display().to_string()));
    variables.push(("ZEPHYR_LISTEN".into(), "127.0.0.1:0".into()));
    let up = Program::of_this_build("zephyr", "up", folder)?.with_arguments(["up"]);
    let mut up = up.with_variables(&variables);
    up.start_until("the gateway is ready at").await?;
    let demo = tokio::fs::read_to_string(data.join("demo.env")).await?;
    up.kill9().await?;
    let pairs = demo.lines().filter_map(|line| line.split_once('='));
    Ok(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// `Retry-After`, if it was said.
    pub retry_after: Option<String>,
    /// The job behind it.
    pub job_id: Option<String>,
    /// The body; `Null` when it is no JSON.
    pub body: Value,
    /// The body as text.
    pub text: String,
}

impl Answer {
    /// The body of an answer with this status.
    pub fn expect(self, status: u16) -> anyhow::Result<Value> {
        ensure!(self.status == status, "{status} was expected, not {}: {}", self.status, self.text);
        Ok(self.body)
    }
}

/// Sends a request and reads its answer, whole or not.
pub async fn call(request: RequestBuilder) -> anyhow::Result<Answer> {
    let answer = request.timeout(WITHIN).send().await.context("no answer")?;
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (status, retry_after, job_id) = (answer.status().as_u16(), header("retry-after"), header("x-zephyr-job-id"));
    let text = answer.text().await.context("the answer broke off")?;
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Ok(Answer { status, retry_after, job_id, body, text })
}

/// Looks until something is so, as long as anything may take here.
pub async fn until(what: &str, is_so: impl AsyncFn() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    looking::until(what, WITHIN, is_so).await
}
