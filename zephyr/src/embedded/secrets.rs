//! Generated secrets, kept in the data folder with mode 0600, so that a second start has those of the first.
//!
//! Never logged; `Debug` shows names only.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use rand::Rng as _;
use secrecy::SecretString;

/// How many random bytes a generated secret has.
const SECRET_BYTES: usize = 32;
/// How many random bytes a generated password has: short enough to type.
const PASSWORD_BYTES: usize = 9;

/// The secrets of one data folder.
pub struct Secrets {
    file: PathBuf,
    known: BTreeMap<String, String>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").field("names", &self.known.keys()).finish_non_exhaustive()
    }
}

impl Secrets {
    /// Reads the secrets of a data folder, if it has some.
    ///
    /// # Errors
    /// When the file is there and can't be understood: what it protects would be lost with new ones.
    pub fn open(data_dir: &Path) -> anyhow::Result<Self> {
        let file = data_dir.join("secrets.json");
        let known = match fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .with_context(|| format!("{} is damaged; restore it, or move the data folder away", file.display()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error).with_context(|| format!("{} can't be read", file.display())),
        };
        Ok(Self { file, known })
    }

    /// The secret of this name; made and kept at the first time.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn keep(&mut self, name: &str, make: impl FnOnce() -> String) -> anyhow::Result<SecretString> {
        if let Some(secret) = self.known.get(name) {
            return Ok(secret.as_str().into());
        }
        let secret = make();
        self.known.insert(name.to_owned(), secret.clone());
        let text = serde_json::to_string_pretty(&self.known)?;
        super::data_dir::write_private(&self.file, &text)
            .with_context(|| format!("{} can't be written", self.file.display()))?;
        Ok(secret.into())
    }

    /// The secret of this name; random hexadecimal digits at the first time.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn keep_random(&mut self, name: &str) -> anyhow::Result<SecretString> {
        self.keep(name, || random_hex(SECRET_BYTES))
    }

    /// The password of this name; random at the first time.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn keep_password(&mut self, name: &str) -> anyhow::Result<SecretString> {
        self.keep(name, random_password)
    }
}

/// A password that nobody guesses and anybody can type.
#[must_use]
pub fn random_password() -> String {
    random_hex(PASSWORD_BYTES)
}

fn random_hex(bytes: usize) -> String {
    let mut random = vec![0; bytes];
    rand::rng().fill_bytes(&mut random);
    hex::encode(random)
}
