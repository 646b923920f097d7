//! `zephyr admin create-user`: a person with a tenant and its account. One that is there gets the role, and keeps all else.

use secrecy::ExposeSecret as _;
use store::identity::PlatformRole;

use super::{Office, secret_from_stdin};
use crate::{
    cli::{CreateUser, PersonRole},
    config::Config,
    console::say,
    embedded::secrets::random_password,
    people::{Person, ensure_person},
};

/// Runs the command. A password that was made up is shown once.
pub async fn run(office: &Office, config: &Config, arguments: CreateUser) -> anyhow::Result<()> {
    let given = if arguments.password_stdin { Some(secret_from_stdin("the password")?) } else { None };
    let made_up = given.is_none();
    let password = given.unwrap_or_else(|| random_password().into());
    let name = arguments.name.as_deref().or(arguments.email.split('@').next()).unwrap_or_default().to_owned();
    let person = Person {
        email: arguments.email,
        display_name: name,
        password: password.clone(),
        platform_role: platform_role(arguments.role),
    };
    let ensured = ensure_person(&office.store, &office.live, &office.identity(config)?, person).await?;
    let verb = if ensured.created { "created" } else { "was there already" };
    say(&format!("{} {verb}: {} of tenant {}", ensured.user.email, ensured.user.id, ensured.tenant_id));
    if ensured.created && made_up {
        say(&format!("password: {}", password.expose_secret()));
    }
    Ok(())
}

const fn platform_role(role: PersonRole) -> Option<PlatformRole> {
    match role {
        PersonRole::User => None,
        PersonRole::Admin => Some(PlatformRole::Admin),
        PersonRole::Auditor => Some(PlatformRole::Auditor),
    }
}
