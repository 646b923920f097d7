//! The vault against a real database: what is kept comes back for its own record only, through every change of keys.

mod support;

use chrono::{DateTime, Utc};
use domain::id::ProviderKeyId;
use secrecy::{ExposeSecret as _, SecretString};
use store::vault::{Keyring, Vault, VaultError};
use support::{TestDatabase, database};
use uuid::Uuid;

const SECRET: &str = "sk-upstream-0123456789";

fn some_id() -> ProviderKeyId {
    ProviderKeyId::from_uuid(Uuid::now_v7())
}

fn now() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().expect("it is a time")
}

fn vault(database: &TestDatabase, entries: &[&SecretString]) -> Vault {
    let text: Vec<&str> = entries.iter().map(|entry| entry.expose_secret()).collect();
    Vault::new(database.pool.clone(), Keyring::parse(&text.join(",")).expect("they are keys"))
}

async fn read(vault: &Vault, id: &ProviderKeyId) -> Option<String> {
    let secret = vault.provider_secret(id).await.expect("it opens");
    secret.map(|secret| secret.expose_secret().to_owned())
}

#[tokio::test]
async fn a_secret_comes_back_is_replaced_and_forgotten() {
    let database = database().await;
    let vault = vault(&database, &[&Keyring::generate_entry("a")]);
    let id = some_id();
    assert_eq!(read(&vault, &id).await, None);
    for secret in [SECRET, SECRET, "another", ""] {
        vault.put_provider_secret(&id, &secret.into(), now()).await.expect("it is kept");
        assert_eq!(read(&vault, &id).await.as_deref(), Some(secret));
    }
    vault.delete_provider_secret(&id).await.expect("it is forgotten");
    vault.delete_provider_secret(&id).await.expect("twice is once");
    assert_eq!(read(&vault, &id).await, None);
}

#[tokio::test]
async fn swapped_and_changed_rows_are_refused() {
    let database = database().await;
    let vault = vault(&database, &[&Keyring::generate_entry("a")]);
    let (one, two) = (some_id(), some_id());
    vault.put_provider_secret(&one, &SECRET.into(), now()).await.expect("it is kept");
    vault.put_provider_secret(&two, &"another".into(), now()).await.expect("it is kept");
    sqlx::query(
        "update provider_secrets a set ciphertext = b.ciphertext
         from provider_secrets b where a.provider_key_id <> b.provider_key_id",
    )
    .execute(&database.pool)
    .await
    .expect("they are swapped");
    for id in [&one, &two] {
        assert!(matches!(vault.provider_secret(id).await, Err(VaultError::Tampered)));
    }
    sqlx::query("update provider_secrets set ciphertext = ''").execute(&database.pool).await.expect("it is emptied");
    assert!(matches!(vault.provider_secret(&one).await, Err(VaultError::Tampered)));
}

#[tokio::test]
async fn the_database_and_debug_never_show_a_secret() {
    let database = database().await;
    let vault = vault(&database, &[&Keyring::generate_entry("a")]);
    let id = some_id();
    vault.put_provider_secret(&id, &SECRET.into(), now()).await.expect("it is kept");
    let stored: Vec<u8> = sqlx::query_scalar("select ciphertext from provider_secrets")
        .fetch_one(&database.pool)
        .await
        .expect("it answers");
    assert!(!stored.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
    let secret = vault.provider_secret(&id).await;
    assert!(!format!("{vault:?} {secret:?}").contains(SECRET));
}

#[tokio::test]
async fn keys_are_rotated_beside_the_running_system() {
    let database = database().await;
    let (old, new) = (Keyring::generate_entry("old"), Keyring::generate_entry("new"));
    let before = vault(&database, &[&old]);
    let ids: Vec<ProviderKeyId> = (0..205).map(|_| some_id()).collect();
    for id in &ids {
        before.put_provider_secret(id, &id.as_str().into(), now()).await.expect("it is kept");
    }
    let between = vault(&database, &[&new, &old]);
    between.put_provider_secret(&ids[7], &"written meanwhile".into(), now()).await.expect("it is kept");
    assert_eq!(between.reencrypt_all().await.expect("all can be read"), 204);
    assert_eq!(between.reencrypt_all().await.expect("all can be read"), 0);
    let after = vault(&database, &[&new]);
    for (place, id) in ids.iter().enumerate() {
        let expected = if place == 7 { "written meanwhile" } else { id.as_str() };
        assert_eq!(read(&after, id).await.as_deref(), Some(expected));
    }
    let refused = before.provider_secret(&ids[0]).await;
    assert!(matches!(refused, Err(VaultError::UnknownKey(key)) if key == "new"));
}
