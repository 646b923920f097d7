//! The variables that a process was given: the environment over `.env`. Sections read from here, never from the environment.
//!
//! An empty value counts as none. Errors name the variable and never repeat its value, which may be a secret.

use std::{collections::BTreeMap, fmt::Display, str::FromStr, time::Duration};

use secrecy::SecretString;
use zeroize::Zeroizing;

/// What is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A variable that this role can't do without.
    #[error("{name} is not set; {purpose}")]
    Missing {
        /// The variable.
        name: &'static str,
        /// What it is for, and how to get one.
        purpose: &'static str,
    },
    /// A variable whose value is of no use.
    #[error("{name} can't be used: {why}")]
    Unusable {
        /// The variable.
        name: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The file `.env` can't be read.
    #[error("the file .env can't be read: {0}")]
    File(String),
}

/// Names and values. They are wiped when they go.
#[derive(Clone, Default)]
pub struct Variables(BTreeMap<String, Zeroizing<String>>);

impl Variables {
    /// The environment of this process over the file `.env` of the working folder, if there is one.
    ///
    /// # Errors
    /// When there is a `.env` that can't be read.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn from_process() -> Result<Self, ConfigError> {
        let mut all = match dotenvy::from_filename_iter(".env") {
            Ok(file) => file.collect::<Result<_, _>>().map_err(|error| unreadable(&error))?,
            Err(error) if error.not_found() => BTreeMap::new(),
            Err(error) => return Err(unreadable(&error)),
        };
        let texts =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        all.extend(texts);
        Ok(Self(all.into_iter().map(|(name, value)| (name, Zeroizing::new(value))).collect()))
    }

    /// Given variables only.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), Zeroizing::new(value.to_owned()))).collect())
    }

    /// A value, unless it is empty.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// A value that must be there.
    ///
    /// # Errors
    /// `Missing`.
    pub fn required(&self, name: &'static str, purpose: &'static str) -> Result<&str, ConfigError> {
        self.text(name).ok_or(ConfigError::Missing { name, purpose })
    }

    /// A secret, unless it is empty.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<SecretString> {
        self.text(name).map(SecretString::from)
    }

    /// A value of some type, or the default.
    ///
    /// # Errors
    /// `Unusable`.
    pub fn parsed<T: FromStr<Err: Display>>(&self, name: &'static str, default: T) -> Result<T, ConfigError> {
        let Some(text) = self.text(name) else { return Ok(default) };
        text.parse().map_err(|error: T::Err| ConfigError::Unusable { name, why: error.to_string() })
    }

    /// The entries of a list with commas.
    ///
    /// # Errors
    /// `Unusable`.
    pub fn list<T: FromStr<Err: Display>>(&self, name: &'static str) -> Result<Vec<T>, ConfigError> {
        let entries = self.text(name).unwrap_or_default().split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let parse =
            |entry: &str| entry.parse().map_err(|error: T::Err| ConfigError::Unusable { name, why: error.to_string() });
        entries.map(parse).collect()
    }

    /// A time in milliseconds, more than none and at most `AGE_MAX`, or the default.
    ///
    /// # Errors
    /// `Unusable`.
    pub fn milliseconds(&self, name: &'static str, default: Duration) -> Result<Duration, ConfigError> {
        let Some(text) = self.text(name) else { return Ok(default) };
        let read = text.parse().map(Duration::from_millis);
        match read {
            Ok(time) if !time.is_zero() && time <= AGE_MAX => Ok(time),
            _ => Err(ConfigError::Unusable { name, why: "it is no number of milliseconds from 1 to 30 days".into() }),
        }
    }
}

/// The longest time that can be set.
pub const AGE_MAX: Duration = Duration::from_hours(30 * 24);

fn unreadable(error: &dotenvy::Error) -> ConfigError {
    // A parse error would repeat the line, and so perhaps a secret.
    ConfigError::File(match error {
        dotenvy::Error::LineParse(_, place) => format!("a line is not of the form NAME=value (at character {place})"),
        other => other.to_string(),
    })
}
