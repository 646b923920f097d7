//! The folder where `up` keeps everything: found, made, and locked, so that two of them never share one.
//!
//! As root it has to be a folder that the database's own user can reach; where the checkout is none, it is below /var/lib.

use std::{
    fs::{self, File, TryLockError},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

use super::postgres::account::Account;

/// The folder's name in the checkout.
const IN_CHECKOUT: &str = ".zephyr";
/// Where it is when root's database can't reach the checkout.
const BELOW_VAR: &str = "/var/lib/zephyr";

/// A folder that this process alone uses, as long as it lives.
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the folder where it is missing, and locks it.
    ///
    /// # Errors
    /// When it can't be made, or another process has it.
    pub fn open(path: PathBuf) -> anyhow::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(&path)
            .with_context(|| format!("the data folder {} can't be made; set ZEPHYR_DATA_DIR", path.display()))?;
        let path = path.canonicalize()?;
        let file = File::options().create(true).truncate(false).write(true).mode(0o600).open(path.join("lock"));
        let lock = file.with_context(|| format!("the data folder {} can't be written to", path.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                bail!("another `zephyr up` uses {}; stop it, or set ZEPHYR_DATA_DIR to another folder", path.display())
            }
            Err(TryLockError::Error(error)) => Err(error).context("the data folder can't be locked"),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Where the folder is, or would be made.
///
/// `database_user` is who the database runs as when we are root.
#[must_use]
pub fn locate(set: Option<&Path>, working_folder: &Path, database_user: Option<&Account>) -> PathBuf {
    if let Some(path) = set {
        return working_folder.join(path);
    }
    match database_user {
        Some(user) if !user.can_reach(working_folder) => PathBuf::from(BELOW_VAR),
        _ => working_folder.join(IN_CHECKOUT),
    }
}

/// Writes a file that only its owner may read, whole or not at all.
///
/// # Errors
/// When the folder can't be written to.
pub fn write_private(path: &Path, content: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let draft = path.with_added_extension("new");
    if let Err(error) = fs::remove_file(&draft)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut file = File::options().create_new(true).write(true).mode(0o600).open(&draft)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()?;
    fs::rename(&draft, path)
}
