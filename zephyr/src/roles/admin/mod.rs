//! `zephyr admin …`: what administrators do from the command line. Each command may be done twice; the second changes nothing.

mod create_user;
mod recharge;
mod reset_password;
mod rotate_keys;
mod seed;

use std::io::Read as _;

use anyhow::Context as _;
use projections::live::Live;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::PgPool;
use store::{
    Store,
    identity::Identity,
    vault::{Keyring, Vault},
};
use zeroize::Zeroizing;

use super::migrate::connect;
use crate::{cli::Admin, config::Config, people};

/// The longest secret that is read from standard input.
const STDIN_MAX_BYTES: u64 = 4_096;

/// Runs a command.
///
/// # Errors
/// When a setting is missing, the command is refused, or the database is out of reach.
pub async fn run(config: &Config, command: Admin) -> anyhow::Result<()> {
    let office = Office::open(config).await?;
    let done = match command {
        Admin::CreateUser(arguments) => create_user::run(&office, config, arguments).await,
        Admin::ResetPassword(arguments) => reset_password::run(&office, config, arguments).await,
        Admin::Recharge(arguments) => recharge::run(&office, config, arguments).await,
        Admin::Seed(arguments) => seed::run(&office, config, arguments).await,
        Admin::RotateKeys => rotate_keys::run(&office, config).await,
    };
    office.pool.close().await;
    done
}

/// What the commands work with: the log and what is known of it. No broker, no objects.
struct Office {
    pool: PgPool,
    store: Store,
    live: Live,
}

impl Office {
    async fn open(config: &Config) -> anyhow::Result<Self> {
        let pool = connect(config).await?;
        let (live, _) = Live::load(&pool).await.context("the log can't be read; was `zephyr migrate` run?")?;
        Ok(Self { store: Store::new(pool.clone()), pool, live })
    }

    fn identity(&self, config: &Config) -> anyhow::Result<Identity> {
        Ok(people::identity(self.pool.clone(), &config.parts.signing()?))
    }

    fn vault(&self, config: &Config) -> anyhow::Result<Vault> {
        let keyring = Keyring::parse(config.parts.vault()?.expose_secret()).context("ENCRYPTION_KEYS")?;
        Ok(Vault::new(self.pool.clone(), keyring))
    }
}

/// A secret from the first line of standard input: an argument would show in the list of processes.
fn secret_from_stdin(what: &str) -> anyhow::Result<SecretString> {
    let mut text = Zeroizing::new(String::with_capacity(STDIN_MAX_BYTES as usize));
    std::io::stdin()
        .take(STDIN_MAX_BYTES)
        .read_to_string(&mut text)
        .with_context(|| format!("{what} can't be read"))?;
    let secret = SecretString::from(text.lines().next().unwrap_or_default().trim());
    anyhow::ensure!(!secret.expose_secret().is_empty(), "{what} is expected on standard input");
    Ok(secret)
}
