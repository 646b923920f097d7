//! The one executable: environment in, roles out.
//!
//! Here the environment is read, the parts are put together, and a role is run. What the roles do stands in other crates;
//! never a rule, a price, or a statement of SQL.

pub mod cli;
pub mod config;
pub mod console;
pub mod embedded;
pub mod logging;
pub mod metrics;
pub mod parts;
pub mod people;
pub mod roles;
pub mod seed;
pub mod shutdown;
pub mod stable;

use anyhow::Context as _;
use cli::{Audit, Cli, Role};
use config::{Config, Variables};

/// Reads the configuration and runs one role to its end.
///
/// # Errors
/// What kept the role from its work, as a sentence for whoever started it.
pub fn run(cli: Cli) -> anyhow::Result<()> {
    let config = Config::read(&Variables::from_process()?)?;
    logging::start(&config.logging)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime can be made")?;
    runtime.block_on(play(cli.role, &config))
}

async fn play(role: Role, config: &Config) -> anyhow::Result<()> {
    match role {
        Role::Up => roles::up::run(config).await,
        Role::Api => roles::api::run(config).await,
        Role::Worker => roles::worker::run(config).await,
        Role::Migrate => roles::migrate::run(config).await,
        Role::Rebuild(arguments) => roles::rebuild::run(config, &arguments).await,
        Role::Simulator(arguments) => roles::simulate::run(config, arguments).await,
        Role::Doctor => roles::doctor::run(config).await,
        Role::Audit(Audit::Verify) => roles::audit::verify(config).await,
        Role::Admin(command) => roles::admin::run(config, command).await,
        Role::Tour => roles::tour::run(config).await,
    }
}
