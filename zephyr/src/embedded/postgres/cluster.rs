//! One cluster on disk and its server: made by initdb, started as a child of ours, stopped by pg_ctl.

use std::{
    fs::{self, File},
    os::unix::fs::{DirBuilderExt as _, chown},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, bail};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::process::{Child, Command};

use super::{
    OWNER,
    account::Account,
    leftover::{Leftover, look},
};

/// How long the server may take to stop; then its connections are cut and the next start recovers.
const STOP_SECONDS: u64 = 30;
/// How long the programs may take that make the cluster.
const INITDB_WITHIN: Duration = Duration::from_mins(2);
/// The most connections of the server; this process takes less than half of them.
const MAX_CONNECTIONS: u16 = 200;
/// A log that is longer begins anew at the next start.
const LOG_MAX_BYTES: u64 = 16 << 20;

/// Where a cluster is, and what runs it.
pub struct Cluster {
    /// The folder with the programs.
    pub binaries: PathBuf,
    /// The folder with the data.
    pub folder: PathBuf,
    /// Who runs it when we are root.
    pub user: Option<Account>,
    /// The port on loopback.
    pub port: u16,
}

impl Cluster {
    /// Makes the cluster unless it is there. Made beside its place and then moved, so that it is whole or not there.
    pub async fn make(&self, password: &SecretString) -> anyhow::Result<()> {
        if self.folder.join("PG_VERSION").exists() {
            return Ok(());
        }
        let draft = self.folder.with_extension("making");
        if draft.exists() {
            fs::remove_dir_all(&draft).context("what an interrupted start left can't be removed")?;
        }
        self.own_folder(&draft)?;
        let secret = self.folder.with_extension("password");
        self.write_password(&secret, password)?;
        let mut initdb = self.command("initdb");
        initdb.arg("--pgdata").arg(&draft).arg("--pwfile").arg(&secret).args(["--username", OWNER]);
        initdb.args(["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--data-checksums"]);
        let done = tokio::time::timeout(INITDB_WITHIN, initdb.kill_on_drop(true).output()).await;
        fs::remove_file(&secret).context("the database's first password can't be removed")?;
        let done = done.context("initdb takes too long")?.context("initdb can't be run")?;
        if !done.status.success() {
            bail!("initdb failed: {}", String::from_utf8_lossy(&done.stderr).trim());
        }
        fs::rename(&draft, &self.folder).context("the new database can't be moved to its place")
    }

    /// Ends a server that a killed predecessor left running, and removes the file of one that is gone.
    pub async fn end_leftover(&self) -> anyhow::Result<()> {
        match look(&self.folder) {
            Leftover::Nothing => Ok(()),
            Leftover::Stale => {
                fs::remove_file(self.folder.join("postmaster.pid")).context("a stale postmaster.pid can't be removed")
            }
            Leftover::Running => {
                tracing::warn!("the database of a killed predecessor still runs; it is stopped first");
                self.pg_ctl_stop("fast").await
            }
        }
    }

    /// Starts the server as a child, in a process group of its own: Ctrl-C is for us, and we stop it at the end.
    pub fn launch(&self) -> anyhow::Result<Child> {
        let log = self.open_log()?;
        let mut server = self.command("postgres");
        server.arg("-D").arg(&self.folder);
        for setting in self.server_settings() {
            server.arg("-c").arg(setting);
        }
        server.process_group(0).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        server.spawn().context("the embedded database can't be started")
    }

    /// Stops the server and waits for its end.
    pub async fn stop(&self, mut server: Child) {
        for mode in ["fast", "immediate"] {
            match self.pg_ctl_stop(mode).await {
                Ok(()) => break,
                Err(error) => tracing::warn!(%error, mode, "the embedded database did not stop"),
            }
        }
        if let Err(error) = tokio::time::timeout(Duration::from_secs(STOP_SECONDS), server.wait()).await {
            tracing::error!(%error, "the embedded database still runs");
        }
    }

    /// Where to read why it failed.
    pub fn see_log(&self) -> String {
        format!("the embedded database can't be used; its log is {}", self.log_path().display())
    }

    fn server_settings(&self) -> Vec<String> {
        let mut settings = vec![format!("port={}", self.port), format!("max_connections={MAX_CONNECTIONS}")];
        let fixed = [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "fsync=on",
            "synchronous_commit=on",
            "full_page_writes=on",
            "timezone=UTC",
            "log_timezone=UTC",
        ];
        settings.extend(fixed.map(str::to_owned));
        settings
    }

    async fn pg_ctl_stop(&self, mode: &str) -> anyhow::Result<()> {
        let mut stop = self.command("pg_ctl");
        stop.args(["stop", "--wait", "--silent", "--mode", mode, "--timeout", &STOP_SECONDS.to_string()]);
        let done = stop.arg("--pgdata").arg(&self.folder).output().await.context("pg_ctl can't be run")?;
        if done.status.success() || look(&self.folder) != Leftover::Running {
            return Ok(());
        }
        bail!("pg_ctl failed: {}", String::from_utf8_lossy(&done.stderr).trim())
    }

    /// A program of PostgreSQL, run by the database's user, from a folder that this user can be in.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.binaries.join(program));
        command.current_dir(self.folder.parent().unwrap_or(Path::new("/"))).env("LC_ALL", "C");
        if let Some(user) = &self.user {
            command.uid(user.uid).gid(user.gid);
        }
        command
    }

    fn own_folder(&self, folder: &Path) -> anyhow::Result<()> {
        fs::DirBuilder::new().mode(0o700).create(folder).context("the database's folder can't be made")?;
        self.hand_over(folder)
    }

    fn write_password(&self, path: &Path, password: &SecretString) -> anyhow::Result<()> {
        crate::embedded::data_dir::write_private(path, password.expose_secret())?;
        self.hand_over(path)
    }

    fn hand_over(&self, path: &Path) -> anyhow::Result<()> {
        let Some(user) = &self.user else { return Ok(()) };
        chown(path, Some(user.uid), Some(user.gid))
            .with_context(|| format!("{} can't be handed to {}", path.display(), user.name))
    }

    fn log_path(&self) -> PathBuf {
        self.folder.with_extension("log")
    }

    fn open_log(&self) -> anyhow::Result<File> {
        let path = self.log_path();
        let too_long = fs::metadata(&path).is_ok_and(|found| found.len() > LOG_MAX_BYTES);
        let mut options = File::options();
        let options = if too_long { options.write(true).truncate(true) } else { options.append(true) };
        options.create(true).open(&path).with_context(|| format!("{} can't be written", path.display()))
    }
}
