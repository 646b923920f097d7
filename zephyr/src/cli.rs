//! The command line: subcommands are the roles.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::seed::{PROVIDERS, SeedProvider};

/// A self-hosted gateway between people and AI providers, on a ledger that can be replayed.
#[derive(Debug, Parser)]
#[command(name = "zephyr", version)]
pub struct Cli {
    /// The role.
    #[command(subcommand)]
    pub role: Role,
}

/// What this process is.
#[derive(Debug, Subcommand)]
pub enum Role {
    /// All roles in one process, with embedded parts where none are configured.
    Up,
    /// HTTP: the API and the pages.
    Api,
    /// What goes on after a response: queue, timers, projections.
    Worker,
    /// Brings the database's schema up to date.
    Migrate,
    /// Builds the read models again from the log, compares, and switches.
    Rebuild(RebuildArgs),
    /// The pretended upstreams alone.
    Simulator(SimulatorArgs),
    /// Checks configuration and parts, and says what to do.
    Doctor,
    /// Proofs about the log.
    #[command(subcommand)]
    Audit(Audit),
    /// What administrators do from the command line.
    #[command(subcommand)]
    Admin(Admin),
    /// One text, one image and one video through the running gateway, with their receipts.
    Tour,
}

/// How to rebuild.
#[derive(Debug, Args)]
pub struct RebuildArgs {
    /// Only compares; the live read models stay.
    #[arg(long)]
    pub compare: bool,
}

/// How to simulate.
#[derive(Debug, Args)]
pub struct SimulatorArgs {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9100")]
    pub listen: std::net::SocketAddr,
    /// Decides everything that is random.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Keeps tasks, files and the request log here across restarts.
    #[arg(long)]
    pub state_dir: Option<PathBuf>,
}

/// Proofs about the log.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Walks the whole log and checks every hash of it.
    Verify,
}

/// What administrators do from the command line. Each may be done twice.
#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Makes a person with a tenant and its account.
    CreateUser(CreateUser),
    /// Gives a person a new password and ends their sessions.
    ResetPassword(ResetPassword),
    /// Credits a tenant, once for each reference.
    Recharge(Recharge),
    /// Publishes the delivered catalog: providers and models.
    Seed(Seed),
    /// Encrypts every provider key with the first of `ENCRYPTION_KEYS`, beside the running system.
    RotateKeys,
}

/// Who shall be there.
#[derive(Debug, Args)]
pub struct CreateUser {
    /// The address to log in with.
    #[arg(long)]
    pub email: String,
    /// What others see; the part of the address before the @ unless given.
    #[arg(long)]
    pub name: Option<String>,
    /// What they may do.
    #[arg(long, value_enum, default_value_t = PersonRole::User)]
    pub role: PersonRole,
    /// Reads the password from standard input instead of making one up.
    #[arg(long)]
    pub password_stdin: bool,
}

/// What a person may do on the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PersonRole {
    /// Uses their own tenant.
    User,
    /// Runs the platform.
    Admin,
    /// Replays the ledger.
    Auditor,
}

/// Whose password.
#[derive(Debug, Args)]
pub struct ResetPassword {
    /// Their address.
    #[arg(long)]
    pub email: String,
    /// Reads the password from standard input instead of making one up.
    #[arg(long)]
    pub password_stdin: bool,
}

/// Whom to credit, and for what.
#[derive(Debug, Args)]
pub struct Recharge {
    /// The tenant.
    #[arg(long, required_unless_present = "email", conflicts_with = "email")]
    pub tenant: Option<domain::id::TenantId>,
    /// A person with exactly one tenant.
    #[arg(long)]
    pub email: Option<String>,
    /// How many credits, such as 100 or 2.5.
    #[arg(long)]
    pub amount: domain::Credits,
    /// The payment, voucher or order that paid it; the same one again credits nothing.
    #[arg(long)]
    pub reference: String,
    /// Where the money came from.
    #[arg(long, default_value = "manual")]
    pub source: String,
}

/// How to seed.
#[derive(Debug, Args)]
pub struct Seed {
    /// Where a provider is, as NAME=URL; one that is there keeps its own unless this is given.
    #[arg(long, value_name = "NAME=URL", value_parser = place)]
    pub base_url: Vec<(String, String)>,
    /// Reads an API key of this provider from standard input and puts it into the vault.
    #[arg(long, value_name = "NAME", value_parser = provider)]
    pub key_stdin: Option<String>,
    /// The same as `--base-url ark=…`.
    #[arg(long)]
    pub ark_base_url: Option<String>,
    /// The same as `--key-stdin ark`.
    #[arg(long, conflicts_with = "key_stdin")]
    pub ark_key_stdin: bool,
}

fn place(text: &str) -> Result<(String, String), String> {
    let (name, url) = text.split_once('=').ok_or("it is not of the form NAME=URL")?;
    Ok((provider(name)?, url.to_owned()))
}

fn provider(name: &str) -> Result<String, String> {
    let names = PROVIDERS.map(|provider| provider.name).join(", ");
    SeedProvider::named(name).map(|_| name.to_owned()).ok_or_else(|| format!("it is none of {names}"))
}
