//! The embedded parts of `up`: one for each that is not configured, and the simulator. All on loopback, all below the data folder.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use secrecy::{ExposeSecret as _, SecretString};
use store::{objects::ObjectsConfig, vault::Keyring};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Config, Deployment, MessageBus, RateLimits},
    embedded::{
        data_dir::{DataDir, locate},
        objects,
        ports::Ports,
        postgres::{Postgres, PostgresSettings, account::Account},
        secrets::Secrets,
    },
};

/// The bucket of the embedded object storage.
const BUCKET: &str = "zephyr";

/// What runs beside the roles, and how they reach it.
pub struct Embedded {
    /// The complete deployment.
    pub deployment: Deployment,
    /// Where everything is kept.
    pub data_dir: DataDir,
    /// Where the simulator is.
    pub simulator_url: String,
    postgres: Option<Postgres>,
    servers: JoinSet<()>,
    stop: CancellationToken,
}

impl Embedded {
    /// Locks the data folder and starts the parts.
    ///
    /// # Errors
    /// When another `up` has the folder, or a part can't be started.
    pub async fn bring_up(config: &Config) -> anyhow::Result<Self> {
        let working_folder = working_folder()?;
        let user = Account::for_database()?;
        let data_dir = DataDir::open(locate(config.data_dir.as_deref(), &working_folder, user.as_ref()))?;
        let path = data_dir.path().to_owned();
        let mut secrets = Secrets::open(&path)?;
        let mut ports = Ports::open(&path);
        let (mut servers, stop) = (JoinSet::new(), CancellationToken::new());
        let simulator_url = serve_simulator(config, &path, &mut ports, &mut servers, &stop)?;
        let objects = match config.parts.objects.clone() {
            Some(part) => part.into(),
            None => serve_objects(&path, &mut secrets, &mut ports, &mut servers, &stop)?,
        };
        let jwt_secret = given_or(&config.parts.jwt_secret, || secrets.keep_random("jwt_secret"))?;
        let new_key = || Keyring::generate_entry("embedded").expose_secret().to_owned();
        let encryption_keys = given_or(&config.parts.encryption_keys, || secrets.keep("encryption_keys", new_key))?;
        let postgres = match &config.parts.database_url {
            Some(_) => None,
            None => Some(start_postgres(config, &path, working_folder, user, &mut secrets, &mut ports).await?),
        };
        let embedded_url = postgres.as_ref().map(Postgres::url);
        let database_url = config.parts.database_url.as_ref().or(embedded_url).cloned();
        let deployment = Deployment {
            database_url: database_url.context("there is no database")?,
            database_connections: config.parts.database_connections,
            bus: config.parts.amqp_url.clone().map_or(MessageBus::InProcess, MessageBus::RabbitMq),
            limits: config.parts.redis_url.clone().map_or(RateLimits::InMemory, RateLimits::Redis),
            objects,
            jwt_secret,
            encryption_keys,
        };
        Ok(Self { deployment, data_dir, simulator_url, postgres, servers, stop })
    }

    /// Stops the parts, the database last.
    pub async fn tear_down(mut self) {
        self.stop.cancel();
        while self.servers.join_next().await.is_some() {}
        if let Some(postgres) = self.postgres {
            postgres.stop().await;
        }
    }
}

fn working_folder() -> anyhow::Result<PathBuf> {
    std::env::current_dir().context("the working folder can't be found")
}

fn given_or(
    given: &Option<SecretString>,
    make: impl FnOnce() -> anyhow::Result<SecretString>,
) -> anyhow::Result<SecretString> {
    given.clone().map_or_else(make, Ok)
}

fn serve_simulator(
    config: &Config,
    data_dir: &Path,
    ports: &mut Ports,
    servers: &mut JoinSet<()>,
    stop: &CancellationToken,
) -> anyhow::Result<String> {
    let listener = TcpListener::from_std(ports.bind("simulator")?)?;
    let url = format!("http://{}", listener.local_addr()?);
    let settings = simulator::Config {
        time_scale: config.simulator.time_scale,
        state_dir: Some(data_dir.join("simulator")),
        ..simulator::Config::default()
    };
    let stopped = stop.clone();
    servers.spawn(async move {
        if let Err(error) = simulator::serve(listener, settings, stopped.cancelled_owned()).await {
            tracing::error!(%error, "the simulator ended");
        }
    });
    Ok(url)
}

fn serve_objects(
    data_dir: &Path,
    secrets: &mut Secrets,
    ports: &mut Ports,
    servers: &mut JoinSet<()>,
    stop: &CancellationToken,
) -> anyhow::Result<ObjectsConfig> {
    let listener = TcpListener::from_std(ports.bind("objects")?)?;
    let config = ObjectsConfig {
        endpoint: format!("http://{}", listener.local_addr()?),
        bucket: BUCKET.to_owned(),
        region: "us-east-1".to_owned(),
        access_key: secrets.keep_password("s3_access_key")?.expose_secret().to_owned(),
        secret_key: secrets.keep_random("s3_secret_key")?,
    };
    let (root, keys, stopped) = (data_dir.join("objects"), config.clone(), stop.clone());
    servers.spawn(async move {
        let secret_key = keys.secret_key.expose_secret();
        if let Err(error) = objects::serve(&root, &keys.access_key, secret_key, listener, stopped).await {
            tracing::error!(%error, "the embedded object storage ended");
        }
    });
    Ok(config)
}

async fn start_postgres(
    config: &Config,
    data_dir: &Path,
    working_folder: PathBuf,
    user: Option<Account>,
    secrets: &mut Secrets,
    ports: &mut Ports,
) -> anyhow::Result<Postgres> {
    let settings = PostgresSettings {
        data_dir: data_dir.to_owned(),
        search_path: config.search_path.clone(),
        working_folder,
        user,
        port: ports.reserve("postgres")?,
        password: secrets.keep_random("database_password")?,
    };
    Postgres::start(settings).await
}
