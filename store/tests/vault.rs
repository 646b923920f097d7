//! The vault against a real database: what is kept comes back for its own record only, through every change of keys.

mod support;

use chrono::{DateTime, Utc};
use domain::id::ProviderKeyId;
use secrecy::{ExposeSecret as _, SecretString};
use store::vault::{Keyring, Rotation, Vault, VaultError};
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
    let (first, second) = tokio::join!(between.rotate(), between.rotate());
    let (first, second) = (first.expect("it ends"), second.expect("it ends"));
    // Two at once share the work, and neither undoes the other's.
    assert_eq!(first.reencrypted + second.reencrypted, 204);
    assert_eq!((first.unreadable, second.unreadable), (0, 0));
    let again = between.rotate().await.expect("it ends");
    assert_eq!(again, Rotation { current: 205, ..Rotation::default() });
    let after = vault(&database, &[&new]);
    for (place, id) in ids.iter().enumerate() {
        let expected = if place == 7 { "written meanwhile" } else { id.as_str() };
        assert_eq!(read(&after, id).await.as_deref(), Some(expected));
    }
    let refused = before.provider_secret(&ids[0]).await;
    assert!(matches!(refused, Err(VaultError::UnknownKey(key)) if key == "new"));
}

#[tokio::test]
async fn a_rotation_passes_over_what_it_can_not_read_and_tells_it() {
    let database = database().await;
    let (lost, old, new) =
        (Keyring::generate_entry("lost"), Keyring::generate_entry("old"), Keyring::generate_entry("new"));
    let (gone, kept) = (some_id(), some_id());
    vault(&database, &[&lost]).put_provider_secret(&gone, &SECRET.into(), now()).await.expect("it is kept");
    vault(&database, &[&old]).put_provider_secret(&kept, &SECRET.into(), now()).await.expect("it is kept");
    let vault = vault(&database, &[&new, &old]);
    let done = vault.rotate().await.expect("it ends");
    assert_eq!((done.reencrypted, done.unreadable), (1, 1));
    assert!(done.problems[0].contains(gone.as_str()) && done.problems[0].contains("lost"), "{:?}", done.problems);
    assert_eq!(read(&vault, &kept).await.as_deref(), Some(SECRET));
    let uses = vault.key_use().await.expect("it answers");
    let told: Vec<_> = uses.iter().map(|one| (one.key_id.as_str(), one.secrets, one.known, one.current)).collect();
    assert_eq!(told, [("lost", 1, false, false), ("new", 1, true, true)]);
}

#[tokio::test]
async fn a_secret_that_is_written_during_a_rotation_is_never_overwritten() {
    let database = database().await;
    let (old, new) = (Keyring::generate_entry("old"), Keyring::generate_entry("new"));
    let before = vault(&database, &[&old]);
    let id = some_id();
    before.put_provider_secret(&id, &SECRET.into(), now()).await.expect("it is kept");
    // The row is locked between the rotation's reading and its writing, and then written.
    let mut holder = database.pool.begin().await.expect("a transaction");
    sqlx::query("select 1 from provider_secrets for update").execute(&mut *holder).await.expect("it is locked");
    let rotating = vault(&database, &[&new, &old]);
    let rotation = tokio::spawn(async move { rotating.rotate().await });
    let waits =
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like 'update provider_secrets%'
                 and datname = current_database()";
    while sqlx::query_scalar::<_, i64>(waits).fetch_one(&database.pool).await.expect("it answers") == 0 {
        tokio::task::yield_now().await;
    }
    let sealed = Keyring::parse(old.expose_secret()).expect("a key").seal(id.as_str(), b"newer").expect("it seals");
    let update = sqlx::query("update provider_secrets set ciphertext = $1").bind(sealed);
    update.execute(&mut *holder).await.expect("it is written");
    holder.commit().await.expect("it is committed");
    let done = rotation.await.expect("it ends").expect("it ends");
    assert_eq!((done.reencrypted, done.overtaken), (0, 1));
    assert_eq!(read(&before, &id).await.as_deref(), Some("newer"));
}
