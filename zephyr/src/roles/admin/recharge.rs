//! `zephyr admin recharge`: credits for a tenant, once for each reference.

use anyhow::{Context as _, bail};
use domain::id::TenantId;

use super::Office;
use crate::{cli::Recharge, config::Config, console::say, people};

/// Runs the command.
pub async fn run(office: &Office, config: &Config, arguments: Recharge) -> anyhow::Result<()> {
    let tenant_id = match (&arguments.tenant, &arguments.email) {
        (Some(tenant_id), _) => tenant_id.clone(),
        (None, Some(email)) => tenant_of(office, config, email).await?,
        (None, None) => bail!("give --tenant or --email"),
    };
    if office.live.tenants().tenant(&tenant_id).is_none() {
        bail!("there is no tenant {tenant_id}");
    }
    let Recharge { amount, source, reference, .. } = arguments;
    let now = people::recharge(&office.store, &tenant_id, amount, &source, &reference).await?;
    let account: domain::account::Account = office.store.read(tenant_id.as_str()).await?;
    let verb = if now { "credited" } else { "was credited already" };
    say(&format!("{tenant_id} {verb}: {amount} for {reference}; {} available", account.available()));
    Ok(())
}

async fn tenant_of(office: &Office, config: &Config, email: &str) -> anyhow::Result<TenantId> {
    let user = office.identity(config)?.user_by_email(email).await?;
    let user = user.with_context(|| format!("nobody has the address {email}"))?;
    let tenants = office.live.tenants();
    let found: Vec<&TenantId> = tenants.of_user(&user.id).collect();
    match found[..] {
        [only] => Ok(only.clone()),
        [] => bail!("{email} belongs to no tenant"),
        _ => bail!("{email} belongs to several tenants; give one of them by --tenant: {found:?}"),
    }
}
