//! The gateway as its users run it: one process with everything in it, or an API, a worker, a broker and a provider
//! apart. Any of the processes can be killed and started again.

use std::{collections::BTreeMap, fs, net::SocketAddr, path::Path, time::Duration};

use anyhow::{Context as _, ensure};
use serde_json::json;

use crate::{
    api_client::ApiClient,
    looking::until,
    objects::ObjectStore,
    ports::free_address,
    program::Program,
    scratch::{ScratchDatabase, ScratchFolder},
    services::Services,
    upstream::Upstream,
};

/// How long the API may take to say that all its parts are there.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// What every process is set to: pauses of milliseconds where a production system takes seconds or days.
const SETTINGS: [(&str, &str); 16] = [
    ("ZEPHYR_ATTEMPT_LEASE_MS", "1500"),
    ("ZEPHYR_REDISPATCH_MS", "500"),
    ("ZEPHYR_RETRY_MS", "50"),
    ("ZEPHYR_POLL_FIRST_MS", "100"),
    ("ZEPHYR_POLL_EVERY_MS", "100"),
    ("ZEPHYR_RECONCILE_EVERY_MS", "150"),
    ("ZEPHYR_POLICY_TIME_DIVISOR", "130000"),
    ("ZEPHYR_KEY_COOL_DOWN_MS", "50"),
    ("ZEPHYR_KEY_PROBE_MS", "50"),
    ("ZEPHYR_DATABASE_CONNECTIONS", "8"),
    ("ZEPHYR_WORKER_CONCURRENCY", "16"),
    ("ZEPHYR_LOG", "text"),
    ("RUST_LOG", "info"),
    ("NO_COLOR", "1"),
    ("JWT_SECRET", "a-secret-that-only-the-tests-have"),
    ("ENCRYPTION_KEYS", "tests:dGhpcnR5LXR3byBieXRlcyBvZiB0ZXN0IGtleS4uLi4="),
];

/// How the gateway is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `zephyr up`: one process, with the broker, the limits, the objects and the simulator inside.
    Up,
    /// `zephyr api`, `zephyr worker`, RabbitMQ, Redis, S3 and the simulator, each by itself.
    Separate,
}

/// A process of the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Everything in one.
    Up,
    /// The pretended provider.
    Simulator,
    /// HTTP.
    Api,
    /// What goes on after a response.
    Worker,
}

impl Mode {
    /// The processes that run in this mode, in the order in which they are started.
    #[must_use]
    pub const fn roles(self) -> &'static [Role] {
        match self {
            Self::Up => &[Role::Up],
            Self::Separate => &[Role::Simulator, Role::Api, Role::Worker],
        }
    }
}

/// A database and a data folder that a first start has furnished, to be copied by every run.
#[derive(Debug)]
pub struct Template {
    database: ScratchDatabase,
    folder: ScratchFolder,
    services: Services,
    api_key: String,
    simulator: SocketAddr,
    http: reqwest::Client,
}

impl Template {
    /// Lets `zephyr up` furnish a database, once.
    ///
    /// # Errors
    /// When it does not get ready.
    pub async fn furnish(services: Services) -> anyhow::Result<Self> {
        let http = ApiClient::http()?;
        let database = ScratchDatabase::create(&services.database_url).await?;
        let folder = ScratchFolder::create("zephyr-template")?;
        let simulator = free_address()?;
        let mut up = up(folder.path(), &database.url(), free_address()?, simulator, 1.0)?;
        up.start_until("the gateway is ready at").await?;
        up.kill9().await?;
        let api_key = demo_value(folder.path(), "ZEPHYR_API_KEY")?;
        Ok(Self { database, folder, services, api_key, simulator, http })
    }

    /// Removes the database; the folder goes by itself.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    pub async fn remove(self) -> anyhow::Result<()> {
        self.database.remove().await
    }
}

/// A running gateway with a database of its own.
#[derive(Debug)]
pub struct Gateway {
    /// Its database.
    pub database: ScratchDatabase,
    /// A client of its API, of the demo tenant.
    pub api: ApiClient,
    /// Its provider's control.
    pub upstream: Upstream,
    programs: BTreeMap<Role, Program>,
    _objects: Option<ObjectStore>,
}

impl Gateway {
    /// Starts a gateway on a copy of the template; logs and data go below `folder`. With `time_scale` 0.1 the provider
    /// takes a tenth of its time. Only one separate gateway can run at a time: they share a queue and a provider's URL.
    ///
    /// # Errors
    /// When a process does not get ready.
    pub async fn start(template: &Template, mode: Mode, folder: &Path, time_scale: f64) -> anyhow::Result<Self> {
        let database = template.database.copy().await?;
        let listen = free_address()?;
        let mut objects = None;
        let (simulator, programs) = match mode {
            Mode::Up => {
                let secrets = "secrets.json";
                fs::copy(template.folder.path().join(secrets), folder.join(secrets))?;
                let simulator = free_address()?;
                let program = up(folder, &database.url(), listen, simulator, time_scale)?;
                (simulator, BTreeMap::from([(Role::Up, program)]))
            }
            Mode::Separate => {
                let store = objects.insert(ObjectStore::serve(&folder.join("objects")).await?);
                let mut variables = settings(&database.url(), listen);
                variables.extend(store.variables());
                variables.push(("AMQP_URL".into(), template.services.amqp_url.clone()));
                variables.push(("REDIS_URL".into(), template.services.redis_url.clone()));
                (template.simulator, separate(folder, &variables, template.simulator, time_scale)?)
            }
        };
        let api = ApiClient::new(format!("http://{listen}"), &template.api_key, template.http.clone());
        let upstream = Upstream::at(format!("http://{simulator}"), template.http.clone());
        let mut gateway = Self { database, api, upstream, programs, _objects: objects };
        gateway.restart(mode.roles()).await?;
        Ok(gateway)
    }

    /// Kills processes without warning.
    ///
    /// # Errors
    /// When one had ended by itself.
    pub async fn kill9(&mut self, roles: &[Role]) -> anyhow::Result<()> {
        for role in roles {
            self.program(*role)?.kill9().await?;
        }
        Ok(())
    }

    /// Starts processes again, and waits until the API says that all its parts are there.
    ///
    /// # Errors
    /// When one does not get ready.
    pub async fn restart(&mut self, roles: &[Role]) -> anyhow::Result<()> {
        for role in roles {
            let program = self.program(*role)?;
            match role {
                Role::Up => drop(program.start_until("the gateway is ready at").await?),
                Role::Simulator => drop(program.start_until("listening on").await?),
                Role::Api | Role::Worker => program.start()?,
            }
        }
        until("the API is ready", READY_WITHIN, async || {
            self.must_live()?;
            Ok(self.api.is_ready().await)
        })
        .await
    }

    /// Says which process ended by itself, if one did.
    ///
    /// # Errors
    /// One ended; with the last lines of its log.
    pub fn must_live(&mut self) -> anyhow::Result<()> {
        self.programs.values_mut().try_for_each(Program::must_live)
    }

    /// Kills what runs and removes the database.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    pub async fn remove(self) -> anyhow::Result<()> {
        drop(self.programs);
        self.database.remove().await
    }

    fn program(&mut self, role: Role) -> anyhow::Result<&mut Program> {
        self.programs.get_mut(&role).with_context(|| format!("there is no {role:?} in this mode"))
    }
}

fn up(
    folder: &Path,
    database_url: &str,
    listen: SocketAddr,
    simulator: SocketAddr,
    time_scale: f64,
) -> anyhow::Result<Program> {
    // Where `up` notes its ports: it takes these, before and after a restart.
    let ports = json!({ "simulator": simulator.port(), "objects": free_address()?.port() });
    fs::write(folder.join("ports.json"), ports.to_string())?;
    let mut variables = settings(database_url, listen);
    variables.push(("ZEPHYR_DATA_DIR".into(), folder.display().to_string()));
    variables.push(("ZEPHYR_SIMULATOR_TIME_SCALE".into(), time_scale.to_string()));
    Ok(Program::of_this_build("zephyr", "up", folder)?.with_arguments(["up"]).with_variables(&variables))
}

fn separate(
    folder: &Path,
    variables: &[(String, String)],
    simulator: SocketAddr,
    time_scale: f64,
) -> anyhow::Result<BTreeMap<Role, Program>> {
    let state = folder.join("simulator");
    let role = |role: &str| anyhow::Ok(Program::of_this_build("zephyr", role, folder)?.with_arguments([role]));
    let pretended = Program::of_this_build("simulator", "simulator", folder)?
        .with_arguments(["--listen", &simulator.to_string(), "--time-scale", &time_scale.to_string(), "--state-dir"])
        .with_arguments([state]);
    Ok(BTreeMap::from([
        (Role::Simulator, pretended),
        (Role::Api, role("api")?.with_variables(variables)),
        (Role::Worker, role("worker")?.with_variables(variables)),
    ]))
}

fn settings(database_url: &str, listen: SocketAddr) -> Vec<(String, String)> {
    let mut variables: Vec<_> = SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    variables.push(("DATABASE_URL".into(), database_url.to_owned()));
    variables.push(("ZEPHYR_LISTEN".into(), listen.to_string()));
    variables
}

/// A value of the file that `zephyr up` writes for scripts.
fn demo_value(folder: &Path, name: &str) -> anyhow::Result<String> {
    let text = fs::read_to_string(folder.join("demo.env"))?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    let value = value.with_context(|| format!("demo.env has no {name}"))?;
    ensure!(!value.is_empty(), "{name} is empty in demo.env");
    Ok(value.to_owned())
}
