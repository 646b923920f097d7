//! Where the services are that `tests/with-services` started. A missing one is an error that says how to get it,
//! never a silent skip.

use std::path::PathBuf;

use anyhow::Context as _;

/// The addresses of the services.
#[derive(Clone, Debug)]
pub struct Services {
    /// A database of a PostgreSQL where databases may be made.
    pub database_url: String,
    /// RabbitMQ.
    pub amqp_url: String,
    /// Redis.
    pub redis_url: String,
}

impl Services {
    /// The services of this run.
    ///
    /// # Errors
    /// When one is not there.
    pub fn find() -> anyhow::Result<Self> {
        Ok(Self {
            database_url: Self::database_url()?,
            amqp_url: address("TEST_AMQP_URL")?,
            redis_url: address("TEST_REDIS_URL")?,
        })
    }

    /// A database of the PostgreSQL alone, for what needs no other service.
    ///
    /// # Errors
    /// When it is not there.
    pub fn database_url() -> anyhow::Result<String> {
        address("TEST_DATABASE_URL")
    }
}

/// The programs of the tests in a browser.
#[derive(Clone, Debug)]
pub struct BrowserParts {
    /// The WebDriver.
    pub driver: PathBuf,
    /// The browser.
    pub chromium: PathBuf,
}

impl BrowserParts {
    /// The programs of this run.
    ///
    /// # Errors
    /// When one is not there.
    pub fn find() -> anyhow::Result<Self> {
        Ok(Self { driver: address("TEST_CHROMEDRIVER")?.into(), chromium: address("TEST_CHROMIUM")?.into() })
    }

    /// The script of axe-core.
    ///
    /// # Errors
    /// When it is not there.
    pub fn axe() -> anyhow::Result<PathBuf> {
        Ok(address("TEST_AXE")?.into())
    }
}

#[expect(clippy::disallowed_methods, reason = "tests/with-services tells by the environment where it started things")]
fn address(name: &str) -> anyhow::Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set: run this under tests/with-services, as make does"))
}
