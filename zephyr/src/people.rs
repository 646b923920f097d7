//! People, their tenants and credits, as the administrator's commands and the demo make them. Everything may be done twice.

use anyhow::{Context as _, bail};
use domain::{
    Credits,
    account::AccountCommand,
    id::{TenantId, UserId},
    once::OnceError,
    stream::Refusal,
    tenant::{Role, TenantCommand},
    unit::{OnceKey, Unit},
};
use projections::live::Live;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::PgPool;
use store::{
    Context, ExecuteError, Store, Work,
    identity::{Identity, NewUser, PlatformRole, User},
};
use uuid::Uuid;

use crate::stable;

/// A person that shall be there.
pub struct Person {
    /// The address that they log in with.
    pub email: String,
    /// What others see.
    pub display_name: String,
    /// The password of a new one; an existing one keeps theirs.
    pub password: SecretString,
    /// What they may do on the whole platform.
    pub platform_role: Option<PlatformRole>,
}

/// A person that is there.
pub struct Ensured {
    /// The person.
    pub user: User,
    /// Their own tenant.
    pub tenant_id: TenantId,
    /// Whether they were made just now, and so have the given password.
    pub created: bool,
}

/// Who people are, with the secret of refresh tokens derived from that of all tokens.
#[must_use]
pub fn identity(pool: PgPool, jwt_secret: &SecretString) -> Identity {
    Identity::new(pool, stable::hash(&["zephyr refresh tokens v1", jwt_secret.expose_secret()]).into())
}

/// Makes a person with a tenant and its account; whatever of them is there already stays as it is.
///
/// # Errors
/// When the address or the password is refused, or the database is out of reach.
pub async fn ensure_person(store: &Store, live: &Live, identity: &Identity, person: Person) -> anyhow::Result<Ensured> {
    let (role, name) = (person.platform_role, person.display_name.clone());
    let (user, created) = match identity.user_by_email(&person.email).await? {
        Some(user) => (user, false),
        None => (identity.create_user(new_user(person), store.now()).await?, true),
    };
    if user.platform_role != role && role.is_some() {
        identity.set_role(&user.id, role).await?;
    }
    // Who registered by themselves has a tenant of another id.
    let tenant_id = live.tenants().of_user(&user.id).next().cloned().unwrap_or_else(|| own_tenant(&user.id));
    if live.tenants().role(&tenant_id, &user.id).is_none() {
        make_tenant(store, &tenant_id, &user.id, name).await?;
    }
    Ok(Ensured { user, tenant_id, created })
}

async fn make_tenant(store: &Store, tenant_id: &TenantId, owner: &UserId, name: String) -> anyhow::Result<()> {
    let unit = Unit::of(tenant_id, TenantCommand::CreateTenant { name })
        .then(tenant_id, TenantCommand::AddMember { user_id: owner.clone(), role: Role::Owner })
        .then(tenant_id, AccountCommand::OpenAccount);
    store.execute(administering(unit)).await.context("the person's tenant can't be made")?;
    Ok(())
}

/// Credits a tenant once for each reference. Says whether it was this time.
///
/// # Errors
/// When the reference was used for something else, the amount is none, or the database is out of reach.
pub async fn recharge(
    store: &Store,
    tenant_id: &TenantId,
    amount: Credits,
    source: &str,
    reference: &str,
) -> anyhow::Result<bool> {
    let once = OnceKey {
        id: format!("recharge:{}", stable::hash(&[source, reference])),
        fingerprint: stable::hash(&[tenant_id.as_str(), &amount.to_string()]),
    };
    let unit = Unit::recharge(once, tenant_id, amount, source.to_owned(), reference.to_owned());
    match store.execute(administering(unit)).await {
        Ok(committed) => Ok(!committed.was_done_already()),
        Err(ExecuteError::Refused(refusal)) => match *refusal {
            Refusal::Once(OnceError::Replayed { .. }) => Ok(false),
            Refusal::Once(OnceError::UsedForAnother) => {
                bail!("the reference {reference} was used for another amount or tenant; give this one its own")
            }
            other => Err(other.into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// Something that an administrator does from the command line.
#[must_use]
pub fn administering(unit: Unit) -> Work {
    let context = Context { actor: "zephyr admin".to_owned(), request_id: String::new() };
    Work { unit, context, ..Work::default() }
}

/// The tenant that comes into being with a person: the same that the API would make.
fn own_tenant(user_id: &UserId) -> TenantId {
    TenantId::from_uuid(user_id.uuid())
}

fn new_user(person: Person) -> NewUser {
    NewUser {
        id: UserId::from_uuid(Uuid::now_v7()),
        email: person.email,
        password: person.password,
        display_name: person.display_name,
        platform_role: person.platform_role,
        locale: "en".to_owned(),
    }
}
