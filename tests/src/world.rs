//! A gateway for a test: `zephyr up` on a database of its own, with its simulator, and the people who use it.
//!
//! Tests that only add tenants share one; the last of them that ends stops it. It never touches another test's database.

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    path::PathBuf,
    sync::{
        Arc, Weak,
        atomic::{AtomicU32, Ordering},
    },
};

use anyhow::Context as _;
use domain::Credits;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::{
    answer::{Answer, send},
    api_client::ApiClient,
    program::Program,
    scratch::{ScratchDatabase, ScratchFolder},
    services::Services,
    upstream::Upstream,
};

/// What the gateway prints when it serves.
const READY: &str = "the gateway is ready at";
/// How fast the simulator's time runs unless a test says otherwise: a hundred times as fast as ours.
const FAST: &str = "0.01";
/// What everybody's door opens with.
pub const PASSWORD: &str = "a pass phrase of a test";
/// The gateway's data, below its folder.
const DATA: &str = "data";
/// Addresses that test clients pretend to come from, so that the limits on the auth routes never meet two of them.
static ADDRESSES: AtomicU32 = AtomicU32::new(1);
static SHARED: Mutex<Weak<Running>> = Mutex::const_new(Weak::new());

/// A gateway, as one test sees it.
#[derive(Debug)]
pub struct World {
    /// Where it is.
    pub base_url: String,
    /// The control of its simulator.
    pub upstream: Upstream,
    /// Its simulator.
    pub simulator_url: String,
    /// What `demo.env` says.
    pub demo: BTreeMap<String, String>,
    /// For requests of nobody. It belongs to the runtime of one test.
    pub http: reqwest::Client,
    admin_token: String,
    running: Arc<Running>,
}

/// The process, and what it stands on. It is gone with the last test that uses it.
#[derive(Debug)]
struct Running {
    base_url: String,
    demo: BTreeMap<String, String>,
    admin_token: String,
    program: Mutex<Option<Program>>,
    database: Option<ScratchDatabase>,
    folder: ScratchFolder,
}

/// Somebody with a tenant of their own and a key for it.
#[derive(Clone, Debug)]
pub struct Person {
    /// With the API key.
    pub api: ApiClient,
    /// With the token of the log-in.
    pub session: ApiClient,
    /// What they log in with.
    pub email: String,
    /// The tenant.
    pub tenant_id: String,
    /// The text of the API key.
    pub key: String,
}

impl World {
    /// The gateway that the tests of this program share.
    ///
    /// # Errors
    /// When it does not get ready.
    pub async fn shared() -> anyhow::Result<Self> {
        let mut shared = SHARED.lock().await;
        if let Some(running) = shared.upgrade() {
            return Self::over(running);
        }
        let world = Self::start(&[]).await?;
        *shared = Arc::downgrade(&world.running);
        Ok(world)
    }

    /// A gateway of a test's own, with settings over the usual ones.
    ///
    /// # Errors
    /// When it does not get ready.
    pub async fn start(settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let database = ScratchDatabase::create(&Services::database_url()?).await?;
        let url = database.url();
        Self::start_on(database, &url, settings).await
    }

    /// The same, reaching its database at another URL than the database's own.
    ///
    /// # Errors
    /// When it does not get ready.
    pub async fn start_on(
        database: ScratchDatabase,
        database_url: &str,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let with_database = [&[("DATABASE_URL", database_url)], settings].concat();
        Self::start_in(ScratchFolder::create("flows")?, Some(database), &with_database).await
    }

    /// A gateway with a PostgreSQL of its own, as `zephyr up` starts one.
    ///
    /// # Errors
    /// When it does not get ready.
    pub async fn embedded(settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let folder = ScratchFolder::create("flows")?;
        Self::start_in(folder, None, settings).await
    }

    async fn start_in(
        folder: ScratchFolder,
        database: Option<ScratchDatabase>,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let data_dir = folder.path().join(DATA);
        let mut variables: BTreeMap<String, String> = usual(&data_dir);
        variables.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let variables: Vec<(String, String)> = variables.into_iter().collect();
        let mut program =
            Program::of_this_build("zephyr", "up", folder.path())?.with_arguments(["up"]).with_variables(&variables);
        let base_url = program.start_until(READY).await?;
        let demo = read_env(&data_dir.join("demo.env")).await?;
        let nobody = ApiClient::new(&base_url, "", ApiClient::http()?);
        let credentials = json!({ "email": demo["ZEPHYR_ADMIN_EMAIL"], "password": demo["ZEPHYR_ADMIN_PASSWORD"] });
        let login = send(nobody.post("/auth/login", &credentials)).await?.expect(200)?;
        let admin_token = text(&login["access_token"])?;
        let program = Mutex::new(Some(program));
        Self::over(Arc::new(Running { base_url, demo, admin_token, program, database, folder }))
    }

    fn over(running: Arc<Running>) -> anyhow::Result<Self> {
        let (base_url, demo) = (running.base_url.clone(), running.demo.clone());
        let simulator_url = demo.get("ZEPHYR_SIMULATOR_URL").context("demo.env names the simulator")?.clone();
        let http = ApiClient::http()?;
        let upstream = Upstream::at(&simulator_url, http.clone());
        let admin_token = running.admin_token.clone();
        Ok(Self { base_url, upstream, simulator_url, demo, http, admin_token, running })
    }

    /// A person with so many credits.
    ///
    /// # Errors
    /// When the gateway refuses.
    pub async fn person(&self, credits: &str) -> anyhow::Result<Person> {
        let person = register(&self.base_url, &self.http).await?;
        if credits != "0" {
            self.recharge(&person.tenant_id, credits, "first").await?.expect(201)?;
        }
        Ok(person)
    }

    /// Credits for a tenant, by the admin API.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn recharge(&self, tenant_id: &str, amount: &str, reference: &str) -> anyhow::Result<Answer> {
        let reference = format!("{tenant_id}-{reference}");
        let body = json!({ "tenant_id": tenant_id, "amount": amount, "source": "card", "reference": reference });
        send(self.admin_at(&self.base_url).post("/admin/api/recharges", &body)).await
    }

    /// The admin, at any process over this database.
    pub fn admin_at(&self, base_url: &str) -> ApiClient {
        ApiClient::new(base_url, &self.admin_token, self.http.clone())
    }

    /// Kills the gateway without warning, and starts it again on the same data. It is where it was only when the
    /// settings name its address.
    ///
    /// # Errors
    /// When it had ended by itself, or does not get ready.
    pub async fn restart(&self) -> anyhow::Result<()> {
        let mut program = self.running.program.lock().await;
        let program = program.as_mut().context("the gateway has a program")?;
        program.kill9().await?;
        program.start_until(READY).await?;
        Ok(())
    }

    /// Sets how fast the simulator's time runs.
    ///
    /// # Errors
    /// When the simulator does not answer.
    pub async fn set_time_scale(&self, scale: f64) -> anyhow::Result<()> {
        let url = format!("{}/_sim/clock", self.simulator_url);
        self.http.post(url).json(&json!({ "time_scale": scale })).send().await?.error_for_status()?;
        Ok(())
    }

    /// The database's own URL.
    ///
    /// # Errors
    /// When it has none of its own.
    pub fn database_url(&self) -> anyhow::Result<String> {
        Ok(self.running.database.as_ref().context("the gateway has a database")?.url())
    }

    /// Where it keeps its data.
    pub fn data_dir(&self) -> PathBuf {
        self.folder().join(DATA)
    }

    /// A folder that is gone with the gateway.
    pub fn folder(&self) -> &std::path::Path {
        self.running.folder.path()
    }
}

/// The process first, then its database: from a thread of its own, for the test's runtime may be gone.
impl Drop for Running {
    fn drop(&mut self) {
        let (program, database) = (self.program.get_mut().take(), self.database.take());
        let ending = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                drop(program);
                match database {
                    Some(database) => database.remove().await,
                    None => Ok(()),
                }
            })
        });
        let ended = ending.join().is_ok_and(|removed| removed.is_ok());
        assert!(ended || std::thread::panicking(), "the test's database could not be removed");
    }
}

fn usual(data_dir: &std::path::Path) -> BTreeMap<String, String> {
    let settings = [
        ("ZEPHYR_DATA_DIR", data_dir.to_str().unwrap_or_default()),
        ("ZEPHYR_DATABASE_CONNECTIONS", "12"),
        ("ZEPHYR_LISTEN", "127.0.0.1:0"),
        ("ZEPHYR_TRUSTED_PROXIES", "127.0.0.0/8"),
        ("ZEPHYR_SIMULATOR_TIME_SCALE", FAST),
        ("ZEPHYR_POLL_FIRST_MS", "50"),
        ("ZEPHYR_POLL_EVERY_MS", "50"),
        ("ZEPHYR_RETRY_MS", "50"),
        ("ZEPHYR_KEY_COOL_DOWN_MS", "50"),
        ("ZEPHYR_KEY_PROBE_MS", "50"),
        ("ZEPHYR_RECONCILE_EVERY_MS", "100"),
        ("ZEPHYR_REDISPATCH_MS", "1000"),
        ("RUST_LOG", "warn"),
    ];
    settings.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

async fn read_env(path: &PathBuf) -> anyhow::Result<BTreeMap<String, String>> {
    let text = tokio::fs::read_to_string(path).await.with_context(|| format!("{} can't be read", path.display()))?;
    Ok(text.lines().filter_map(|line| line.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect())
}

/// Registers somebody and issues them a key, as a client from an address of its own.
///
/// # Errors
/// When the gateway refuses.
pub async fn register(base_url: &str, http: &reqwest::Client) -> anyhow::Result<Person> {
    let number = ADDRESSES.fetch_add(1, Ordering::Relaxed);
    let address = Ipv4Addr::from_bits(Ipv4Addr::new(10, 0, 0, 0).to_bits() + number);
    let email = format!("person-{number}@example.com");
    let body = json!({ "email": email, "password": PASSWORD });
    let request = http.request(Method::POST, format!("{base_url}/auth/register"));
    let tokens = send(request.header("x-forwarded-for", address.to_string()).json(&body)).await?.expect(201)?;
    let tenant_id = text(&tokens["user"]["tenants"][0]["id"])?;
    let session = ApiClient::new(base_url, text(&tokens["access_token"])?, http.clone());
    let issued = send(session.post("/v1/keys", &json!({ "name": "test" }))).await?.expect(201)?;
    let key = text(&issued["key"])?;
    Ok(Person { api: ApiClient::new(base_url, &key, http.clone()), session, email, tenant_id, key })
}

/// A text of an answer.
///
/// # Errors
/// When it is none.
pub fn text(value: &Value) -> anyhow::Result<String> {
    Ok(value.as_str().with_context(|| format!("{value} is a text"))?.to_owned())
}

/// An amount of an answer.
///
/// # Errors
/// When it is none.
pub fn credits(value: &Value) -> anyhow::Result<Credits> {
    text(value)?.parse().with_context(|| format!("{value} is an amount"))
}
