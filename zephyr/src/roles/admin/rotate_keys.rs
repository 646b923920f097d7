//! `zephyr admin rotate-keys`: encrypts every provider key with the first of `ENCRYPTION_KEYS`, beside the running system.

use anyhow::bail;
use store::vault::{KeyUse, Vault};

use super::Office;
use crate::{config::Config, console::say};

/// Runs the command. It may be stopped anywhere and given again.
pub async fn run(office: &Office, config: &Config) -> anyhow::Result<()> {
    let vault = office.vault(config)?;
    let done = vault.rotate().await?;
    say(&format!(
        "{} secrets encrypted anew, {} were current, {} written meanwhile by others",
        done.reencrypted, done.current, done.overtaken
    ));
    tell_use(&vault).await?;
    if done.unreadable > 0 {
        done.problems.iter().for_each(|problem| say(problem));
        bail!("{} secrets can't be read: keep their encryption keys, or register them again", done.unreadable);
    }
    Ok(())
}

async fn tell_use(vault: &Vault) -> anyhow::Result<()> {
    for KeyUse { key_id, secrets, current, .. } in vault.key_use().await? {
        let word = if current { "encrypts" } else { "is still needed" };
        say(&format!("{key_id:?} {word}: {secrets} secrets"));
    }
    Ok(())
}
