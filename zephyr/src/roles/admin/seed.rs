//! `zephyr admin seed`: the delivered catalog, its provider, and the provider's key when one is given.

use super::{Office, secret_from_stdin};
use crate::{cli::Seed, config::Config, console::say, seed};

/// Runs the command.
pub async fn run(office: &Office, config: &Config, arguments: Seed) -> anyhow::Result<()> {
    let base_url = arguments.ark_base_url.as_deref();
    let provider_id = seed::register_provider(&office.store, seed::ARK, base_url.unwrap_or(seed::ARK_BASE_URL), |_| {
        base_url.is_some()
    })
    .await?;
    if arguments.ark_key_stdin {
        let secret = secret_from_stdin("the Ark API key")?;
        let vault = office.vault(config)?;
        let key_id = seed::register_key(&office.store, &vault, &provider_id, "seed", &secret).await?;
        say(&format!("the key {key_id} of {} is in the pool", seed::ARK));
    }
    let seeded = seed::publish_models(&office.store).await?;
    say(&format!("{} models; {} events written", seeded.models, seeded.events));
    Ok(())
}
