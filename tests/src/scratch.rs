//! What a test has for itself: a database, made fresh or as a copy of another one, and a folder that outlives it only
//! when it is kept.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::Context as _;
use sqlx::{Connection as _, PgConnection};

static MADE: AtomicU32 = AtomicU32::new(0);

fn unique(what: &str) -> String {
    format!("{what}_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed))
}

/// A database of the tests' PostgreSQL.
#[derive(Debug)]
pub struct ScratchDatabase {
    server_url: String,
    name: String,
}

impl ScratchDatabase {
    /// Makes an empty one.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    pub async fn create(server_url: &str) -> anyhow::Result<Self> {
        let database = Self { server_url: server_url.to_owned(), name: unique("scratch") };
        database.admin(&format!("create database {}", database.name)).await?;
        Ok(database)
    }

    /// Makes a copy of this one; whoever is still connected to it is cut off.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    pub async fn copy(&self) -> anyhow::Result<Self> {
        let copy = Self { server_url: self.server_url.clone(), name: unique("scratch") };
        let cut_off = format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{}'", self.name);
        self.admin(&cut_off).await?;
        self.admin(&format!("create database {} template {}", copy.name, self.name)).await?;
        Ok(copy)
    }

    /// How it is reached.
    ///
    /// # Panics
    /// When the server's URL names no database.
    #[must_use]
    pub fn url(&self) -> String {
        let (server, _) = self.server_url.rsplit_once('/').expect("a database URL ends in a database");
        format!("{server}/{}", self.name)
    }

    /// A connection to it.
    ///
    /// # Errors
    /// When PostgreSQL is out of reach.
    pub async fn connect(&self) -> anyhow::Result<PgConnection> {
        PgConnection::connect(&self.url()).await.context("the test's database is out of reach")
    }

    /// Removes it, whoever is connected.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    pub async fn remove(self) -> anyhow::Result<()> {
        self.admin(&format!("drop database if exists {} with (force)", self.name)).await
    }

    async fn admin(&self, sql: &str) -> anyhow::Result<()> {
        let mut connection = PgConnection::connect(&self.server_url).await.context("PostgreSQL is out of reach")?;
        sqlx::raw_sql(sql).execute(&mut connection).await.with_context(|| sql.to_owned())?;
        Ok(connection.close().await?)
    }
}

/// A folder of its own, removed when it is dropped.
#[derive(Debug)]
pub struct ScratchFolder {
    path: PathBuf,
    kept: bool,
}

impl ScratchFolder {
    /// Makes one in the system's folder for temporary files.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn create(what: &str) -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(unique(what));
        std::fs::create_dir_all(&path).with_context(|| format!("{} can't be made", path.display()))?;
        Ok(Self { path, kept: false })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves it where it is, for a person to look into.
    pub fn keep(mut self) -> PathBuf {
        self.kept = true;
        self.path.clone()
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        if !self.kept {
            // What can't be removed is in the folder for temporary files anyway.
            drop(std::fs::remove_dir_all(&self.path));
        }
    }
}
