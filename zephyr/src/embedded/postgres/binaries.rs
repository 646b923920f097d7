//! Finds PostgreSQL's programs: on the search path, where distributions put them, and where `make run` put them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::bail;

use super::account::Account;

/// The oldest version that will do.
const OLDEST_MAJOR: u32 = 15;
const PROGRAMS: [&str; 3] = ["initdb", "pg_ctl", "postgres"];
/// Folders of folders by version, and what lies between version and programs.
const BY_VERSION: [(&str, &str); 3] =
    [("/usr/lib/postgresql", "bin"), ("/usr/local/opt", "bin"), ("/opt/homebrew/opt", "bin")];
/// Where the programs lie that came with the checkout's own installation, relative to it and for root.
const OWN: [&str; 2] = [".cache/postgres/bin", "/var/cache/zephyr/postgres/bin"];

/// A folder with PostgreSQL's programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    /// The folder.
    pub folder: PathBuf,
    /// The major version.
    pub major: u32,
}

impl Binaries {
    /// Finds programs that the database's user can run; of the version that made the data, when there is data.
    ///
    /// # Errors
    /// When there are none; says what to install.
    pub fn find(
        search_path: &[PathBuf],
        working_folder: &Path,
        user: Option<&Account>,
        made_by: Option<u32>,
    ) -> anyhow::Result<Self> {
        let candidates = candidates(search_path, working_folder);
        let mut usable = candidates.iter().filter_map(|folder| Self::in_folder(folder, user));
        let fits = |found: &Self| found.major >= OLDEST_MAJOR && made_by.is_none_or(|major| found.major == major);
        match (usable.find(fits), made_by) {
            (Some(found), _) => Ok(found),
            (None, Some(major)) => bail!(
                "the data was made by PostgreSQL {major}, whose programs were not found; install that version, \
                 or set DATABASE_URL"
            ),
            (None, None) => bail!(
                "no PostgreSQL {OLDEST_MAJOR} or newer was found; install it (Debian: apt-get install postgresql), \
                 or set DATABASE_URL"
            ),
        }
    }

    fn in_folder(folder: &Path, user: Option<&Account>) -> Option<Self> {
        // The link on the path may lead to a folder that has all three.
        let folder = folder.join("initdb").canonicalize().ok()?.parent()?.to_owned();
        let complete = PROGRAMS.iter().all(|program| folder.join(program).is_file());
        if !complete || user.is_some_and(|user| !user.can_reach(&folder)) {
            return None;
        }
        let told = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
        let major = major(std::str::from_utf8(&told.stdout).ok()?)?;
        Some(Self { folder, major })
    }
}

fn candidates(search_path: &[PathBuf], working_folder: &Path) -> Vec<PathBuf> {
    let mut found = search_path.to_vec();
    for (parent, inside) in BY_VERSION {
        let mut versions: Vec<PathBuf> = fs::read_dir(parent)
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path().join(inside)))
            .filter(|folder| folder.join("initdb").exists())
            .collect();
        versions.sort();
        found.extend(versions.into_iter().rev());
    }
    found.extend(OWN.iter().map(|own| working_folder.join(own)));
    found
}

/// The major version in `postgres (PostgreSQL) 15.8 (Debian 15.8-0+deb12u1)`.
fn major(told: &str) -> Option<u32> {
    let version = told.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    version.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_they_are_told() {
        for (told, expected) in [
            ("postgres (PostgreSQL) 15.8 (Debian 15.8-0+deb12u1)", Some(15)),
            ("postgres (PostgreSQL) 18beta1", Some(18)),
            ("postgres (PostgreSQL) 17.2", Some(17)),
            ("no version", None),
        ] {
            assert_eq!(major(told), expected, "{told}");
        }
    }

    #[test]
    fn says_what_to_install_when_nothing_is_found() {
        let nowhere = Path::new("/nonexistent");
        let error = Binaries::find(&[], nowhere, None, Some(3)).expect_err("there is no such version");
        assert!(error.to_string().contains("PostgreSQL 3"), "{error}");
    }
}
