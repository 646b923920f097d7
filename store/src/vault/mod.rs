//! The vault: small secrets that we must be able to use again, such as provider keys, kept encrypted by AES-256-GCM.
//!
//! Layout of a ciphertext: version (1), length of the key's id (1), the key's id, nonce (12), encrypted bytes and tag.
//! The record's id is authenticated with it, so that rows can't be swapped. Plain bytes are never stored, logged or
//! shown, and are wiped after use.

mod rotation;

use std::{fmt, sync::Arc};

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{Aead as _, KeyInit as _, Payload},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use domain::id::ProviderKeyId;
use rand::Rng as _;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use sqlx::PgPool;
use zeroize::Zeroizing;

pub use self::rotation::{KeyUse, Rotation};

const VERSION: u8 = 1;
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
const FINGERPRINT_DIGITS: usize = 12;
/// The longest id of an encryption key.
const KEY_ID_MAX_BYTES: usize = 64;

/// What is wrong with a list of encryption keys. It never repeats the keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// There is no key.
    #[error("there is no encryption key: give at least one as id:base64")]
    Empty,
    /// An entry has no colon.
    #[error("encryption key number {0} is not of the form id:base64")]
    Malformed(usize),
    /// An id is empty, too long, or has other characters than letters, digits, `-`, `_` and `.`.
    #[error("encryption key number {0} has no usable id: 1 to {KEY_ID_MAX_BYTES} letters, digits, '-', '_' or '.'")]
    BadId(usize),
    /// What follows the colon is not base64 of 32 bytes.
    #[error("encryption key {0:?} is not the base64 of {KEY_BYTES} bytes")]
    BadKey(String),
    /// Two entries have the same id.
    #[error("encryption key {0:?} is given twice")]
    Twice(String),
}

/// Why a secret can't be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// It was encrypted with a key that is not in the keyring.
    #[error("the secret was encrypted with key {0:?}, which is not among the encryption keys")]
    UnknownKey(String),
    /// The ciphertext is not ours, was changed, or belongs to another record.
    #[error("the secret can't be decrypted: it was changed, or belongs to another record")]
    Tampered,
    /// The encryption itself failed.
    #[error("the secret can't be encrypted")]
    Unencryptable,
    /// The database could not answer.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
}

/// Encryption keys by their ids: the first encrypts, all decrypt.
pub struct Keyring {
    keys: Vec<(String, Aes256Gcm)>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<_> = self.keys.iter().map(|(id, _)| id).collect();
        f.debug_struct("Keyring").field("ids", &ids).finish_non_exhaustive()
    }
}

impl Keyring {
    /// Reads `id1:base64,id2:base64`; blanks around entries are dropped.
    ///
    /// # Errors
    /// What is wrong, and with which entry.
    pub fn parse(text: &str) -> Result<Self, KeyringError> {
        let mut keys: Vec<(String, Aes256Gcm)> = Vec::new();
        for (place, entry) in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).enumerate() {
            let (id, encoded) = entry.split_once(':').ok_or(KeyringError::Malformed(place + 1))?;
            if !is_key_id(id) {
                return Err(KeyringError::BadId(place + 1));
            }
            if keys.iter().any(|(known, _)| known == id) {
                return Err(KeyringError::Twice(id.into()));
            }
            let bytes = STANDARD.decode(encoded).map(Zeroizing::new).map_err(|_| KeyringError::BadKey(id.into()))?;
            let cipher = Aes256Gcm::new_from_slice(&bytes).map_err(|_| KeyringError::BadKey(id.into()))?;
            keys.push((id.into(), cipher));
        }
        if keys.is_empty() { Err(KeyringError::Empty) } else { Ok(Self { keys }) }
    }

    /// A new random entry in the form that [`Keyring::parse`] reads.
    #[must_use]
    pub fn generate_entry(id: &str) -> SecretString {
        let mut bytes = Zeroizing::new([0_u8; KEY_BYTES]);
        rand::rng().fill_bytes(bytes.as_mut_slice());
        let encoded = Zeroizing::new(STANDARD.encode(bytes.as_slice()));
        let entry = Zeroizing::new(format!("{id}:{}", encoded.as_str()));
        entry.as_str().into()
    }

    /// Encrypts a secret of one record with the first key.
    ///
    /// # Errors
    /// `Unencryptable`, for a secret of more than 64 GiB.
    pub fn seal(&self, record_id: &str, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (key_id, cipher) = &self.keys[0];
        let mut nonce = [0_u8; NONCE_BYTES];
        rand::rng().fill_bytes(&mut nonce);
        let payload = Payload { msg: plain, aad: record_id.as_bytes() };
        let encrypted = cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| VaultError::Unencryptable)?;
        let id_length = u8::try_from(key_id.len()).expect("an id's length was checked when it was read");
        Ok([&[VERSION, id_length], key_id.as_bytes(), &nonce, &encrypted].concat())
    }

    /// Decrypts a secret of one record.
    ///
    /// # Errors
    /// `UnknownKey`; `Tampered` for anything that was not sealed for this record.
    pub fn open(&self, record_id: &str, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let (key_id, rest) = split_header(ciphertext)?;
        let (nonce, encrypted) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError::Tampered)?;
        let found = self.keys.iter().find(|(id, _)| id == key_id);
        let (_, cipher) = found.ok_or_else(|| VaultError::UnknownKey(key_id.into()))?;
        let payload = Payload { msg: encrypted, aad: record_id.as_bytes() };
        cipher.decrypt(&Nonce::from(*nonce), payload).map(Zeroizing::new).map_err(|_| VaultError::Tampered)
    }

    /// The id of the key that encrypts now.
    #[must_use]
    pub fn current_id(&self) -> &str {
        &self.keys[0].0
    }

    /// Whether a key with this id is among them.
    #[must_use]
    pub fn knows(&self, key_id: &str) -> bool {
        self.keys.iter().any(|(id, _)| id == key_id)
    }

    /// Whether it was encrypted with the key that encrypts now.
    fn is_current(&self, ciphertext: &[u8]) -> bool {
        split_header(ciphertext).is_ok_and(|(key_id, _)| key_id == self.current_id())
    }
}

/// The first twelve hexadecimal digits of a secret's sha256: enough to tell keys apart, of no use to guess one.
#[must_use]
pub fn fingerprint(secret: &SecretString) -> String {
    let mut digits = hex::encode(Sha256::digest(secret.expose_secret().as_bytes()));
    digits.truncate(FINGERPRINT_DIGITS);
    digits
}

/// Provider keys in the database; cheap to clone.
#[derive(Clone, Debug)]
pub struct Vault {
    pool: PgPool,
    keyring: Arc<Keyring>,
}

impl Vault {
    /// Over a database, with the keys that encrypt and decrypt.
    #[must_use]
    pub fn new(pool: PgPool, keyring: Keyring) -> Self {
        Self { pool, keyring: Arc::new(keyring) }
    }

    /// The keys, for secrets that are stored elsewhere.
    #[must_use]
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Keeps the secret of a provider key, replacing an older one.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn put_provider_secret(
        &self,
        id: &ProviderKeyId,
        secret: &SecretString,
        now: DateTime<Utc>,
    ) -> Result<(), VaultError> {
        let ciphertext = self.keyring.seal(id.as_str(), secret.expose_secret().as_bytes())?;
        Ok(upsert_ciphertext(&self.pool, id, &ciphertext, now).await?)
    }

    /// The secret of a provider key, if one is kept.
    ///
    /// # Errors
    /// `UnknownKey`, `Tampered`.
    pub async fn provider_secret(&self, id: &ProviderKeyId) -> Result<Option<SecretString>, VaultError> {
        let Some(ciphertext) = select_ciphertext(&self.pool, id).await? else { return Ok(None) };
        let plain = self.keyring.open(id.as_str(), &ciphertext)?;
        let text = std::str::from_utf8(&plain).map_err(|_| VaultError::Tampered)?;
        Ok(Some(text.into()))
    }

    /// Forgets the secret of a provider key.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn delete_provider_secret(&self, id: &ProviderKeyId) -> Result<(), VaultError> {
        Ok(delete_ciphertext(&self.pool, id).await?)
    }
}

fn is_key_id(id: &str) -> bool {
    (1..=KEY_ID_MAX_BYTES).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

fn split_header(ciphertext: &[u8]) -> Result<(&str, &[u8]), VaultError> {
    let (&[VERSION, id_length], rest) = ciphertext.split_first_chunk::<2>().ok_or(VaultError::Tampered)? else {
        return Err(VaultError::Tampered);
    };
    let (key_id, rest) = rest.split_at_checked(id_length.into()).ok_or(VaultError::Tampered)?;
    let key_id = std::str::from_utf8(key_id).ok().filter(|id| is_key_id(id)).ok_or(VaultError::Tampered)?;
    Ok((key_id, rest))
}

async fn upsert_ciphertext(
    pool: &PgPool,
    id: &ProviderKeyId,
    ciphertext: &[u8],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into provider_secrets (provider_key_id, ciphertext, updated_at) values ($1, $2, $3)
         on conflict (provider_key_id) do update set ciphertext = excluded.ciphertext, updated_at = excluded.updated_at",
    )
    .bind(id.as_str())
    .bind(ciphertext)
    .bind(now)
    .execute(pool)
    .await?;
    Ok(())
}

async fn select_ciphertext(pool: &PgPool, id: &ProviderKeyId) -> Result<Option<Vec<u8>>, sqlx::Error> {
    let select = sqlx::query_scalar("select ciphertext from provider_secrets where provider_key_id = $1");
    select.bind(id.as_str()).fetch_optional(pool).await
}

async fn delete_ciphertext(pool: &PgPool, id: &ProviderKeyId) -> Result<(), sqlx::Error> {
    let delete = sqlx::query("delete from provider_secrets where provider_key_id = $1");
    delete.bind(id.as_str()).execute(pool).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keyring(ids: &[&str]) -> Keyring {
        let entries: Vec<String> =
            ids.iter().map(|id| format!("{id}:{}", STANDARD.encode(Sha256::digest(id)))).collect();
        Keyring::parse(&entries.join(", ")).expect("it is a keyring")
    }

    #[test]
    fn says_what_is_wrong_with_the_keys() {
        let good = Keyring::generate_entry("a");
        let good = good.expose_secret();
        let cases = [
            (" , ".to_owned(), KeyringError::Empty),
            (format!("{good},bare"), KeyringError::Malformed(2)),
            (":AAAA".to_owned(), KeyringError::BadId(1)),
            ("a b:AAAA".to_owned(), KeyringError::BadId(1)),
            ("short:AAAA".to_owned(), KeyringError::BadKey("short".into())),
            ("foreign:§".to_owned(), KeyringError::BadKey("foreign".into())),
            (format!("{good},{good}"), KeyringError::Twice("a".into())),
        ];
        for (text, expected) in cases {
            assert_eq!(Keyring::parse(&text).err(), Some(expected), "{text}");
        }
        assert!(Keyring::parse(good).is_ok());
    }

    #[test]
    fn debug_shows_ids_only() {
        let entry = Keyring::generate_entry("main");
        let shown = format!("{:?}", Keyring::parse(entry.expose_secret()).expect("it is a keyring"));
        assert_eq!(shown, r#"Keyring { ids: ["main"], .. }"#);
        assert!(!format!("{entry:?}").contains("main:"));
    }

    #[test]
    fn the_layout_is_as_documented() {
        let sealed = keyring(&["k1"]).seal("pky_1", b"secret").expect("it seals");
        assert_eq!(sealed[..4], [1, 2, b'k', b'1']);
        assert_eq!(sealed.len(), 4 + NONCE_BYTES + b"secret".len() + 16);
    }

    #[test]
    fn fingerprints_are_the_start_of_sha256() {
        assert_eq!(fingerprint(&"abc".into()), "ba7816bf8f01");
    }

    #[test]
    fn an_older_key_still_decrypts_and_a_missing_one_is_named() {
        let sealed = keyring(&["old"]).seal("r", b"x").expect("it seals");
        assert_eq!(keyring(&["new", "old"]).open("r", &sealed).expect("it opens").as_slice(), b"x");
        let refused = keyring(&["new"]).open("r", &sealed);
        assert!(matches!(refused, Err(VaultError::UnknownKey(id)) if id == "old"));
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_for_its_record_only(record in ".{0,40}", other in ".{0,40}", plain: Vec<u8>) {
            let keys = keyring(&["a", "b"]);
            let sealed = keys.seal(&record, &plain).expect("it seals");
            let opened = keys.open(&record, &sealed).expect("it opens");
            prop_assert_eq!(opened.as_slice(), plain.as_slice());
            prop_assert_eq!(keys.open(&other, &sealed).is_ok(), record == other);
            prop_assert_ne!(keys.seal(&record, &plain).expect("it seals"), sealed);
        }

        #[test]
        fn any_changed_bit_or_missing_end_is_refused(plain: Vec<u8>, place: prop::sample::Index, bit in 0_u32..8) {
            let keys = keyring(&["a", "b"]);
            let sealed = keys.seal("r", &plain).expect("it seals");
            let mut changed = sealed.clone();
            changed[place.index(sealed.len())] ^= 1 << bit;
            prop_assert!(keys.open("r", &changed).is_err());
            prop_assert!(keys.open("r", &sealed[..place.index(sealed.len())]).is_err());
        }

        #[test]
        fn any_bytes_are_refused_without_a_panic(bytes: Vec<u8>) {
            prop_assert!(keyring(&["a"]).open("r", &bytes).is_err());
        }
    }
}
