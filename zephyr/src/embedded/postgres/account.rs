//! Who runs the database: PostgreSQL refuses root, so root hands it to `postgres`, else to `nobody`.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
    process::Command,
};

use anyhow::{Context as _, bail};

/// The users that root may hand the database to, best first.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

/// A user of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The name.
    pub name: String,
    /// The number.
    pub uid: u32,
    /// The number of the main group.
    pub gid: u32,
}

impl Account {
    /// Who runs the database when we are root; nobody in particular when we are not.
    ///
    /// # Errors
    /// When we are root and there is none to hand it to.
    pub fn for_database() -> anyhow::Result<Option<Self>> {
        if id(&["-u"])? != Some(0) {
            return Ok(None);
        }
        for name in CANDIDATES {
            if let (Some(uid), Some(gid)) = (id(&["-u", name])?, id(&["-g", name])?) {
                return Ok(Some(Self { name: name.to_owned(), uid, gid }));
            }
        }
        bail!("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody; set DATABASE_URL")
    }

    /// Whether this user may pass through a folder and all those above it.
    #[must_use]
    pub fn can_reach(&self, folder: &Path) -> bool {
        folder.ancestors().all(|step| fs::metadata(step).is_ok_and(|found| self.may_pass(&found)))
    }

    fn may_pass(&self, folder: &fs::Metadata) -> bool {
        let mode = folder.permissions().mode();
        match folder {
            owned if owned.uid() == self.uid => mode & 0o100 != 0,
            grouped if grouped.gid() == self.gid => mode & 0o010 != 0,
            _ => mode & 0o001 != 0,
        }
    }
}

/// What `id` says; nothing when it knows no such user.
fn id(arguments: &[&str]) -> anyhow::Result<Option<u32>> {
    let told = Command::new("id").args(arguments).output().context("the program `id` can't be run")?;
    Ok(std::str::from_utf8(&told.stdout).ok().and_then(|text| text.trim().parse().ok()))
}
