//! What a first start finds: the catalog, people, credits and an API key, and `demo.env` with what a script needs.
//!
//! Everything has a stable id or key, so that a second start changes nothing: the same people, key and balance.

use std::path::PathBuf;

use domain::{
    Credits,
    id::{ApiKeyId, TenantId},
    tenant::{ApiKey, TenantCommand},
    unit::Unit,
};
use secrecy::{ExposeSecret as _, SecretString};
use store::identity::PlatformRole;

use super::parts::Embedded;
use crate::{
    embedded::{data_dir::write_private, secrets::Secrets},
    parts::Running,
    people::{self, Person, administering, ensure_person},
    seed, stable,
};

/// What the demo tenant is given at the first start.
const GRANT: Credits = Credits::from_whole(100_000);
/// The file that `zephyr tour` and scripts read.
pub const ENV_FILE: &str = "demo.env";
const ADMIN: &str = "admin@zephyr.example";
const AUDITOR: &str = "auditor@zephyr.example";
const USER: &str = "demo@zephyr.example";

/// Who is there to log in, and where to read how.
pub struct Demo {
    /// The admin's address.
    pub admin_email: &'static str,
    /// The auditor's address.
    pub auditor_email: &'static str,
    /// The demo user's address.
    pub user_email: &'static str,
    /// The file with passwords and keys.
    pub env_file: PathBuf,
}

/// Makes whatever is missing, and writes `demo.env`.
pub async fn furnish(embedded: &Embedded, running: &Running, base_url: &str) -> anyhow::Result<Demo> {
    let data_dir = embedded.data_dir.path();
    let mut secrets = Secrets::open(data_dir)?;
    let simulator_key = seed_catalog(embedded, running, &mut secrets).await?;
    let admin = person(running, &mut secrets, ADMIN, "admin", Some(PlatformRole::Admin)).await?;
    let auditor = person(running, &mut secrets, AUDITOR, "auditor", Some(PlatformRole::Auditor)).await?;
    let user = person(running, &mut secrets, USER, "demo", None).await?;
    let api_key = issue_key(running, &mut secrets, &user.tenant_id).await?;
    people::recharge(&running.store, &user.tenant_id, GRANT, "demo", "demo-grant").await?;
    let variables = [
        ("ZEPHYR_BASE_URL", base_url),
        ("ZEPHYR_API_KEY", api_key.expose_secret()),
        ("ZEPHYR_ADMIN_EMAIL", ADMIN),
        ("ZEPHYR_ADMIN_PASSWORD", admin.password.expose_secret()),
        ("ZEPHYR_AUDITOR_EMAIL", AUDITOR),
        ("ZEPHYR_AUDITOR_PASSWORD", auditor.password.expose_secret()),
        ("ZEPHYR_USER_EMAIL", USER),
        ("ZEPHYR_USER_PASSWORD", user.password.expose_secret()),
        ("ZEPHYR_SIMULATOR_URL", &embedded.simulator_url),
        ("ZEPHYR_SIMULATOR_KEY", simulator_key.expose_secret()),
        ("DATABASE_URL", embedded.deployment.database_url.expose_secret()),
    ];
    let lines: String = variables.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    let env_file = data_dir.join(ENV_FILE);
    write_private(&env_file, &lines)?;
    Ok(Demo { admin_email: ADMIN, auditor_email: AUDITOR, user_email: USER, env_file })
}

/// The delivered models with the simulator as all their providers. A provider that somebody pointed elsewhere stays there.
async fn seed_catalog(embedded: &Embedded, running: &Running, secrets: &mut Secrets) -> anyhow::Result<SecretString> {
    let random = || format!("sim-demo-{}", crate::embedded::secrets::random_password());
    let key = secrets.keep("simulator_key", random)?;
    for provider in seed::PROVIDERS {
        let path = provider.simulator_path;
        let base_url = format!("{}{path}", embedded.simulator_url);
        let moved = |url: &str| url.starts_with("http://127.0.0.1:") && url.ends_with(path) && url != base_url;
        let provider_id = seed::register_provider(&running.store, provider.name, &base_url, moved).await?;
        seed::register_key(&running.store, &running.vault, &provider_id, "simulator", &key).await?;
    }
    let seeded = seed::publish_models(&running.store).await?;
    tracing::info!(models = seeded.models, events = seeded.events, "the catalog is seeded");
    Ok(key)
}

struct Furnished {
    tenant_id: TenantId,
    password: SecretString,
}

async fn person(
    running: &Running,
    secrets: &mut Secrets,
    email: &str,
    name: &str,
    platform_role: Option<PlatformRole>,
) -> anyhow::Result<Furnished> {
    let password = secrets.keep_password(&format!("{name}_password"))?;
    let person =
        Person { email: email.to_owned(), display_name: name.to_owned(), password: password.clone(), platform_role };
    let ensured = ensure_person(&running.store, &running.live, &running.identity, person).await?;
    Ok(Furnished { tenant_id: ensured.tenant_id, password })
}

async fn issue_key(running: &Running, secrets: &mut Secrets, tenant_id: &TenantId) -> anyhow::Result<SecretString> {
    use api::caller::api_key;
    let secret = secrets.keep("api_key", api_key::generate)?;
    let text = secret.expose_secret();
    let key = ApiKey {
        api_key_id: ApiKeyId::from_uuid(stable::uuid("api key", text)),
        name: "demo".to_owned(),
        prefix: api_key::shown(text),
        sha256: hex::encode(api_key::hash(text)),
        scopes: Vec::new(),
        models: Vec::new(),
        budget: None,
        budget_per_day: None,
        budget_per_month: None,
        requests_per_minute: None,
        tokens_per_minute: None,
        concurrent_jobs: None,
        expires_at: None,
    };
    let unit = Unit::of(tenant_id, TenantCommand::IssueApiKey(Box::new(key)));
    running.store.execute(administering(unit)).await?;
    Ok(secret)
}
