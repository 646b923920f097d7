//! The embedded database: a private PostgreSQL cluster in the data folder, on loopback, with a random password.
//!
//! | file | what it does |
//! |---|---|
//! | `account` | who runs it when we are root |
//! | `binaries` | finds the programs |
//! | `leftover` | what a killed predecessor left |
//! | `cluster` | makes the cluster, starts and stops its server |
//!
//! What is written is on the disk: fsync stays on. When the server dies it is started again; nobody else's is touched.

pub mod account;
pub mod binaries;
mod cluster;
mod leftover;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use account::Account;
use anyhow::Context as _;
use binaries::Binaries;
use cluster::Cluster;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::migrate::MigrateDatabase as _;
use tokio::{process::Child, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// How long the server may take until it answers; after a crash it first reads its write-ahead log.
pub const READY_WITHIN: Duration = Duration::from_mins(2);
/// The pause between two tries to connect while it starts.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// The pause before the server is started again after its death.
const RESTART_PAUSE: Duration = Duration::from_millis(500);
/// The database in the cluster.
const DATABASE: &str = "zephyr";
/// Its owner.
pub(crate) const OWNER: &str = "zephyr";

/// What the embedded database is made from.
pub struct PostgresSettings {
    /// The data folder; the cluster is a folder in it.
    pub data_dir: PathBuf,
    /// Where programs are looked for.
    pub search_path: Vec<PathBuf>,
    /// The folder that this process was started in.
    pub working_folder: PathBuf,
    /// Who runs it when we are root.
    pub user: Option<Account>,
    /// The port on loopback.
    pub port: u16,
    /// The owner's password.
    pub password: SecretString,
}

/// A running database.
pub struct Postgres {
    url: SecretString,
    stop: CancellationToken,
    guard: JoinHandle<()>,
}

impl Postgres {
    /// Starts the database, and makes it first where it is missing. Returns when it answers.
    ///
    /// # Errors
    /// When the programs are missing, or it can't be made or started; names its log.
    pub async fn start(settings: PostgresSettings) -> anyhow::Result<Self> {
        let folder = settings.data_dir.join("postgres");
        let user = settings.user.as_ref();
        let found = Binaries::find(&settings.search_path, &settings.working_folder, user, made_by(&folder))?;
        let cluster = Cluster { binaries: found.folder, folder, user: settings.user, port: settings.port };
        cluster.make(&settings.password).await?;
        cluster.end_leftover().await?;
        let url = url(&settings.password, settings.port);
        let mut server = cluster.launch()?;
        wait_until_ready(&url, &mut server).await.with_context(|| cluster.see_log())?;
        let stop = CancellationToken::new();
        let guard = tokio::spawn(guard(cluster, server, stop.clone()));
        Ok(Self { url, stop, guard })
    }

    /// Where it is reached.
    #[must_use]
    pub const fn url(&self) -> &SecretString {
        &self.url
    }

    /// Stops it: connections are ended, what was committed stays.
    pub async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.guard.await {
            tracing::error!(%error, "the embedded database was not stopped");
        }
    }
}

/// Starts the server again whenever it dies, until it shall stop.
async fn guard(cluster: Cluster, mut server: Child, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return cluster.stop(server).await,
            ended = server.wait() => tracing::error!(?ended, "the embedded database died and is started again"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(RESTART_PAUSE) => {}
        }
        if let Err(error) = cluster.end_leftover().await {
            tracing::error!(%error, "what the embedded database left could not be cleared");
        }
        match cluster.launch() {
            Ok(again) => server = again,
            Err(error) => tracing::error!(%error, "the embedded database can't be started"),
        }
    }
}

async fn wait_until_ready(url: &SecretString, server: &mut Child) -> anyhow::Result<()> {
    let answers = async {
        loop {
            match sqlx::Postgres::database_exists(url.expose_secret()).await {
                Ok(true) => return Ok(()),
                Ok(false) => sqlx::Postgres::create_database(url.expose_secret()).await?,
                Err(error) => {
                    tracing::debug!(%error, "the embedded database does not answer yet");
                    tokio::time::sleep(LOOK_EVERY).await;
                }
            }
        }
    };
    tokio::select! {
        ready = tokio::time::timeout(READY_WITHIN, answers) => ready.context("the embedded database does not answer")?,
        ended = server.wait() => Err(anyhow::anyhow!("the embedded database ended at once: {}", ended?)),
    }
}

fn url(password: &SecretString, port: u16) -> SecretString {
    format!("postgres://{OWNER}:{}@127.0.0.1:{port}/{DATABASE}", password.expose_secret()).into()
}

/// The major version that made the cluster, if there is one.
fn made_by(folder: &Path) -> Option<u32> {
    std::fs::read_to_string(folder.join("PG_VERSION")).ok()?.trim().parse().ok()
}
