//! Ids: `<prefix>_<UUIDv7 in lower-case Crockford base 32>`, one type per noun.
//!
//! They sort by the time they were made and are also the aggregate ids. This module never makes one up:
//! the UUID comes from the caller, so that `domain` stays free of clocks and randomness.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 128 bits in groups of five, the first group holding three bits.
const DIGITS: usize = 26;

/// Why a text is not an id of the expected kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an id of the form {prefix}_…")]
pub struct IdError {
    /// The prefix that was expected.
    pub prefix: &'static str,
    /// What stood there instead.
    pub text: String,
}

fn encode(prefix: &str, uuid: Uuid) -> Arc<str> {
    let bits = uuid.as_u128();
    let digits = (0..DIGITS).rev().map(|place| {
        let index = (bits >> (place * 5)) & 31;
        char::from(ALPHABET[usize::try_from(index).expect("five bits fit")])
    });
    format!("{prefix}_{}", digits.collect::<String>()).into()
}

fn decode(prefix: &'static str, text: &str) -> Result<Uuid, IdError> {
    let wrong = || IdError { prefix, text: text.chars().take(64).collect() };
    let digits = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).ok_or_else(wrong)?;
    if digits.len() != DIGITS || digits.as_bytes()[0] > b'7' {
        return Err(wrong());
    }
    let mut bits = 0_u128;
    for byte in digits.bytes() {
        let value = ALPHABET.iter().position(|letter| *letter == byte).ok_or_else(wrong)?;
        bits = (bits << 5) | u128::try_from(value).expect("a position fits");
    }
    Ok(Uuid::from_u128(bits))
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// What stands before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// The id of a UUID.
            #[must_use]
            pub fn from_uuid(uuid: Uuid) -> Self {
                Self(encode($prefix, uuid))
            }

            /// The UUID inside.
            #[must_use]
            pub fn uuid(&self) -> Uuid {
                decode($prefix, &self.0).expect("an id was checked when it was made")
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                decode($prefix, text).map(|_| Self(text.into()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A person who logs in.
    UserId = "usr";
    /// A tenant; also the id of its account.
    TenantId = "ten";
    /// A job; also the id of its hold, and of the chat or video it answers.
    JobId = "job";
    /// One try of a job at an upstream.
    AttemptId = "att";
    /// A stored file.
    AssetId = "ast";
    /// An API key of a tenant.
    ApiKeyId = "key";
    /// A key of ours at a provider.
    ProviderKeyId = "pky";
    /// A provider.
    ProviderId = "prv";
    /// A model of the catalog.
    ModelId = "mdl";
    /// A webhook endpoint.
    WebhookId = "whk";
    /// One request that reached us.
    RequestId = "req";
}

/// The UUID (version 8) of a name among things of one kind: the same for ever, so that a name stands for one thing.
#[must_use]
pub fn named_uuid(kind: &str, name: &str) -> Uuid {
    let digest = Sha256::digest(format!("zephyr/{kind}/{name}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn has_the_documented_form() {
        let id = JobId::from_uuid(Uuid::from_u128(31 << 5));
        assert_eq!(id.as_str(), "job_000000000000000000000000z0");
        assert_eq!(id.as_str().len(), 4 + DIGITS);
    }

    #[test]
    fn refuses_another_kind_and_foreign_letters() {
        let id = JobId::from_uuid(Uuid::from_u128(7));
        assert!(id.as_str().parse::<TenantId>().is_err());
        assert!(id.as_str().to_uppercase().parse::<JobId>().is_err());
        assert!("job_".parse::<JobId>().is_err());
        assert!("job_zzzzzzzzzzzzzzzzzzzzzzzzzz".parse::<JobId>().is_err());
    }

    #[test]
    fn a_name_has_one_uuid_for_ever() {
        assert_eq!(named_uuid("model", "a"), Uuid::from_u128(0x268a_c142_8756_8ffd_89f1_ec12_ab82_a2ec));
        assert_ne!(named_uuid("model", "a"), named_uuid("provider", "a"));
        assert_eq!(named_uuid("model", "a").get_version_num(), 8);
    }

    proptest! {
        #[test]
        fn text_round_trips_and_keeps_the_order(a in any::<u128>(), b in any::<u128>()) {
            let (x, y) = (JobId::from_uuid(Uuid::from_u128(a)), JobId::from_uuid(Uuid::from_u128(b)));
            prop_assert_eq!(x.as_str().parse::<JobId>().map(|id| id.uuid()), Ok(Uuid::from_u128(a)));
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        }
    }
}
