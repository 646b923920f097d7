//! `zephyr admin seed`: the delivered catalog, its providers, and the key of one of them when it is given.

use super::{Office, secret_from_stdin};
use crate::{
    cli::Seed,
    config::Config,
    console::say,
    seed::{self, ARK, PROVIDERS},
};

/// Runs the command.
pub async fn run(office: &Office, config: &Config, arguments: Seed) -> anyhow::Result<()> {
    let of_ark = arguments.ark_base_url.iter().map(|url| (ARK.name.to_owned(), url.clone()));
    let places: Vec<(String, String)> = arguments.base_url.iter().cloned().chain(of_ark).collect();
    let key_of = arguments.key_stdin.as_deref().or(arguments.ark_key_stdin.then_some(ARK.name));
    for provider in PROVIDERS {
        let given = places.iter().rev().find(|(name, _)| name == provider.name).map(|(_, url)| url.as_str());
        let base_url = given.unwrap_or(provider.base_url);
        let replace = |_: &str| given.is_some();
        let provider_id = seed::register_provider(&office.store, provider.name, base_url, replace).await?;
        if key_of == Some(provider.name) {
            let secret = secret_from_stdin(&format!("the API key of {}", provider.name))?;
            let vault = office.vault(config)?;
            let key_id = seed::register_key(&office.store, &vault, &provider_id, "seed", &secret).await?;
            say(&format!("the key {key_id} of {} is in the pool", provider.name));
        }
    }
    let seeded = seed::publish_models(&office.store).await?;
    say(&format!("{} models; {} events written", seeded.models, seeded.events));
    Ok(())
}
