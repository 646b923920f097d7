//! `zephyr admin reset-password`: a new password, and the end of all sessions of the person.

use anyhow::Context as _;
use secrecy::ExposeSecret as _;

use super::{Office, secret_from_stdin};
use crate::{cli::ResetPassword, config::Config, console::say, embedded::secrets::random_password};

/// Runs the command. A password that was made up is shown once.
pub async fn run(office: &Office, config: &Config, arguments: ResetPassword) -> anyhow::Result<()> {
    let identity = office.identity(config)?;
    let user = identity.user_by_email(&arguments.email).await?;
    let user = user.with_context(|| format!("nobody has the address {}", arguments.email))?;
    let given = if arguments.password_stdin { Some(secret_from_stdin("the password")?) } else { None };
    let made_up = given.is_none();
    let password = given.unwrap_or_else(|| random_password().into());
    identity.set_password(&user.id, &password).await?;
    identity.revoke_sessions_of(&user.id, None, office.store.now()).await?;
    say(&format!("{} has a new password; all sessions have ended", user.email));
    if made_up {
        say(&format!("password: {}", password.expose_secret()));
    }
    Ok(())
}
