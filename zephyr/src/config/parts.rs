//! The parts that Zephyr stands on: database, broker, limits, objects, and its secrets.
//!
//! `PartsConfig` is what was set, `Deployment` is complete: for `api` and `worker` nothing may be missing, and `up` puts
//! its embedded parts where nothing was set. Secrets never show in `Debug`.

use secrecy::{ExposeSecret as _, SecretString};
use store::objects::ObjectsConfig;

use super::{ConfigError, Variables};

/// The shortest secret that tokens are signed with.
pub const JWT_SECRET_MIN_BYTES: usize = 32;
/// The most connections that one process may hold to the database.
const CONNECTIONS_MAX: u32 = 1_000;

/// What was set about the parts.
#[derive(Clone, Debug)]
pub struct PartsConfig {
    /// Where PostgreSQL is (`DATABASE_URL`).
    pub database_url: Option<SecretString>,
    /// How many connections one process holds to it (`ZEPHYR_DATABASE_CONNECTIONS`).
    pub database_connections: u32,
    /// Where RabbitMQ is (`AMQP_URL`).
    pub amqp_url: Option<SecretString>,
    /// Where Redis is (`REDIS_URL`).
    pub redis_url: Option<SecretString>,
    /// Where the object storage is.
    pub objects: Option<ObjectsPart>,
    /// What tokens are signed with (`JWT_SECRET`).
    pub jwt_secret: Option<SecretString>,
    /// The keys of the vault as an id:base64 list; the first encrypts, all decrypt (`ENCRYPTION_KEYS`).
    pub encryption_keys: Option<SecretString>,
}

/// The object storage as it was set.
#[derive(Clone, Debug)]
pub struct ObjectsPart {
    /// Its URL (`S3_ENDPOINT`).
    pub endpoint: String,
    /// The bucket (`S3_BUCKET`).
    pub bucket: String,
    /// The region that requests are signed for (`S3_REGION`).
    pub region: String,
    /// Who we are there (`S3_ACCESS_KEY`).
    pub access_key: SecretString,
    /// What proves it (`S3_SECRET_KEY`).
    pub secret_key: SecretString,
}

/// All parts of one deployment.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// Where PostgreSQL is.
    pub database_url: SecretString,
    /// How many connections this process holds to it.
    pub database_connections: u32,
    /// How processes talk to each other.
    pub bus: MessageBus,
    /// Where limits are counted.
    pub limits: RateLimits,
    /// Where objects are kept.
    pub objects: ObjectsConfig,
    /// What tokens are signed with.
    pub jwt_secret: SecretString,
    /// The keys of the vault.
    pub encryption_keys: SecretString,
}

/// How processes talk to each other.
#[derive(Clone, Debug)]
pub enum MessageBus {
    /// There is but one process.
    InProcess,
    /// Through the broker at this URL.
    RabbitMq(SecretString),
}

/// Where limits are counted.
#[derive(Clone, Debug)]
pub enum RateLimits {
    /// There is but one process.
    InMemory,
    /// In the Redis at this URL.
    Redis(SecretString),
}

const DATABASE: &str = "it says where PostgreSQL is: postgres://user:password@host:5432/name";
const BROKER: &str = "it says where RabbitMQ is: amqp://user:password@host:5672/%2f";
const LIMITS: &str = "it says where Redis is: redis://host:6379/0";
const OBJECTS: &str =
    "it says where the S3 object storage is: http://host:9000, beside S3_BUCKET, S3_REGION and its keys";
const SIGNING: &str = "it signs the tokens of all processes: put the output of `openssl rand -hex 32` there";
const VAULT: &str = "it encrypts the provider keys: put main: and the output of `openssl rand -base64 32` there";

impl PartsConfig {
    /// Reads the section.
    ///
    /// # Errors
    /// The first variable that can't be used.
    pub fn read(variables: &Variables) -> Result<Self, ConfigError> {
        let database_connections = variables.parsed("ZEPHYR_DATABASE_CONNECTIONS", 32)?;
        if !(4..=CONNECTIONS_MAX).contains(&database_connections) {
            let why = format!("it is no number from 4 to {CONNECTIONS_MAX}");
            return Err(ConfigError::Unusable { name: "ZEPHYR_DATABASE_CONNECTIONS", why });
        }
        Ok(Self {
            database_url: url(variables, "DATABASE_URL", &["postgres://", "postgresql://"])?,
            database_connections,
            amqp_url: url(variables, "AMQP_URL", &["amqp://", "amqps://"])?,
            redis_url: url(variables, "REDIS_URL", &["redis://", "rediss://"])?,
            objects: ObjectsPart::read(variables)?,
            jwt_secret: signing_secret(variables)?,
            encryption_keys: encryption_keys(variables)?,
        })
    }

    /// The deployment of a production role. Whatever is missing is an error, never a default.
    ///
    /// # Errors
    /// The first variable that is missing.
    pub fn production(&self) -> Result<Deployment, ConfigError> {
        let objects = self.objects.clone().ok_or(ConfigError::Missing { name: "S3_ENDPOINT", purpose: OBJECTS })?;
        Ok(Deployment {
            database_url: self.database()?,
            database_connections: self.database_connections,
            bus: MessageBus::RabbitMq(needed(&self.amqp_url, "AMQP_URL", BROKER)?),
            limits: RateLimits::Redis(needed(&self.redis_url, "REDIS_URL", LIMITS)?),
            objects: objects.into(),
            jwt_secret: self.signing()?,
            encryption_keys: self.vault()?,
        })
    }

    /// The database's URL, for roles that need no more.
    ///
    /// # Errors
    /// `Missing`.
    pub fn database(&self) -> Result<SecretString, ConfigError> {
        needed(&self.database_url, "DATABASE_URL", DATABASE)
    }

    /// What tokens are signed with.
    ///
    /// # Errors
    /// `Missing`.
    pub fn signing(&self) -> Result<SecretString, ConfigError> {
        needed(&self.jwt_secret, "JWT_SECRET", SIGNING)
    }

    /// The keys of the vault.
    ///
    /// # Errors
    /// `Missing`.
    pub fn vault(&self) -> Result<SecretString, ConfigError> {
        needed(&self.encryption_keys, "ENCRYPTION_KEYS", VAULT)
    }
}

impl ObjectsPart {
    /// Reads the section: all of it, or nothing.
    ///
    /// # Errors
    /// When the endpoint is set and a key is not.
    fn read(variables: &Variables) -> Result<Option<Self>, ConfigError> {
        let Some(endpoint) = variables.text("S3_ENDPOINT") else { return Ok(None) };
        let of_endpoint = "S3_ENDPOINT is set, and this belongs to it";
        Ok(Some(Self {
            endpoint: endpoint.to_owned(),
            bucket: variables.text("S3_BUCKET").unwrap_or("zephyr").to_owned(),
            region: variables.text("S3_REGION").unwrap_or("us-east-1").to_owned(),
            access_key: variables.required("S3_ACCESS_KEY", of_endpoint)?.into(),
            secret_key: variables.required("S3_SECRET_KEY", of_endpoint)?.into(),
        }))
    }
}

impl From<ObjectsPart> for ObjectsConfig {
    fn from(part: ObjectsPart) -> Self {
        Self {
            endpoint: part.endpoint,
            bucket: part.bucket,
            region: part.region,
            access_key: part.access_key.expose_secret().to_owned(),
            secret_key: part.secret_key,
        }
    }
}

fn needed(
    value: &Option<SecretString>,
    name: &'static str,
    purpose: &'static str,
) -> Result<SecretString, ConfigError> {
    value.clone().ok_or(ConfigError::Missing { name, purpose })
}

fn url(variables: &Variables, name: &'static str, schemes: &[&str]) -> Result<Option<SecretString>, ConfigError> {
    match variables.text(name) {
        Some(url) if !schemes.iter().any(|scheme| url.starts_with(scheme)) => {
            Err(ConfigError::Unusable { name, why: format!("it begins with {}", schemes.join(" or ")) })
        }
        found => Ok(found.map(SecretString::from)),
    }
}

fn signing_secret(variables: &Variables) -> Result<Option<SecretString>, ConfigError> {
    let name = "JWT_SECRET";
    match variables.secret(name) {
        Some(secret) if secret.expose_secret().len() < JWT_SECRET_MIN_BYTES => {
            Err(ConfigError::Unusable { name, why: format!("it has fewer than {JWT_SECRET_MIN_BYTES} characters") })
        }
        found => Ok(found),
    }
}

fn encryption_keys(variables: &Variables) -> Result<Option<SecretString>, ConfigError> {
    let name = "ENCRYPTION_KEYS";
    let Some(secret) = variables.secret(name) else { return Ok(None) };
    match store::vault::Keyring::parse(secret.expose_secret()) {
        Ok(_) => Ok(Some(secret)),
        Err(error) => Err(ConfigError::Unusable { name, why: error.to_string() }),
    }
}
