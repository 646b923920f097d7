//! Loopback ports of the embedded parts: any free one at the first start, the same one again afterwards where it is free.
//!
//! So that a URL that somebody noted still works after a restart.

use std::{
    collections::BTreeMap,
    fs, io,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
};

/// The ports that were used before, by the names of the parts.
pub struct Ports {
    file: PathBuf,
    known: BTreeMap<String, u16>,
}

impl Ports {
    /// The ports noted in a data folder. A file that can't be read counts as none.
    #[must_use]
    pub fn open(data_dir: &Path) -> Self {
        let file = data_dir.join("ports.json");
        let known = fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Self { file, known }
    }

    /// A listener for a part, on the port that it had before where that is free.
    ///
    /// # Errors
    /// When no port can be had, or it can't be noted.
    pub fn bind(&mut self, part: &str) -> io::Result<TcpListener> {
        let before = self.known.get(part).and_then(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).ok());
        let listener = match before {
            Some(listener) => listener,
            None => TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?,
        };
        listener.set_nonblocking(true)?;
        self.known.insert(part.to_owned(), listener.local_addr()?.port());
        super::data_dir::write_private(&self.file, &serde_json::to_string_pretty(&self.known)?)?;
        Ok(listener)
    }

    /// A port for a part that binds it by itself. Free at this moment.
    ///
    /// # Errors
    /// As [`Ports::bind`].
    pub fn reserve(&mut self, part: &str) -> io::Result<u16> {
        Ok(self.bind(part)?.local_addr()?.port())
    }
}
