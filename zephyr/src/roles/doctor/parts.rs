//! The parts that Zephyr stands on: whether each is there and answers. A part that is not configured is `up`'s to bring along.

use std::time::Duration;

use bus::Bus;
use chrono::Utc;
use secrecy::ExposeSecret as _;
use sqlx::PgPool;
use store::objects::{Objects, ObjectsConfig};

use super::Finding;
use crate::{
    config::Config,
    embedded::postgres::{account::Account, binaries::Binaries},
};

/// How long a part may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How far the clocks of this machine and of the log may be apart.
const SKEW_MAX: chrono::Duration = chrono::Duration::seconds(2);
const EMBEDDED: &str = "not configured; `zephyr up` brings its own";

/// PostgreSQL's programs, which only `up` without a database needs.
pub fn binaries(config: &Config) -> Finding {
    if config.parts.database_url.is_some() {
        return Ok("not needed, DATABASE_URL is set".to_owned());
    }
    let find = || {
        let user = Account::for_database()?;
        Binaries::find(&config.search_path, &std::env::current_dir()?, user.as_ref(), None)
    };
    let found = find().map_err(|error| error.to_string())?;
    Ok(format!("PostgreSQL {} in {}", found.major, found.folder.display()))
}

/// Whether the database answers.
pub async fn database(config: &Config) -> Result<(String, PgPool), String> {
    let Some(url) = &config.parts.database_url else {
        return Err("DATABASE_URL is not set; while `zephyr up` runs, it is in its demo.env".to_owned());
    };
    let connected = store::connect(url.expose_secret(), 4).await;
    let pool = connected.map_err(|error| format!("{error}; look at DATABASE_URL and whether PostgreSQL runs"))?;
    Ok(("it answers".to_owned(), pool))
}

/// Whether the schema is there, and where the log ends.
pub async fn log(pool: &PgPool) -> Finding {
    match store::log::head(pool).await {
        Ok(position) => Ok(format!("the schema is there; the log ends at position {position}")),
        Err(error) => Err(format!("{error}; run `zephyr migrate`")),
    }
}

/// Whether this machine's clock is behind the log.
pub async fn clock(pool: &PgPool) -> Finding {
    let recorded = store::log::last_recorded_at(pool).await.map_err(|error| error.to_string())?;
    match recorded {
        Some(recorded) if recorded - Utc::now() > SKEW_MAX => {
            Err(format!("the log's last event is of {recorded}, ahead of this machine's clock; synchronise the clocks"))
        }
        _ => Ok("not behind the log".to_owned()),
    }
}

/// Whether the broker answers.
pub async fn broker(config: &Config) -> Finding {
    let Some(url) = &config.parts.amqp_url else { return Ok(EMBEDDED.to_owned()) };
    let bus = Bus::rabbitmq(url.expose_secret(), "zephyr doctor").await.map_err(|error| error.to_string())?;
    let letters = tokio::time::timeout(ANSWER_WITHIN, bus.dead_letters()).await;
    bus.close().await;
    match letters {
        Ok(Ok(0)) => Ok("it answers; no dead letters".to_owned()),
        Ok(Ok(letters)) => {
            Err(format!("{letters} jobs lie among the dead letters; look at the workers' logs for them"))
        }
        Ok(Err(error)) => Err(format!("{error}; look at AMQP_URL and whether RabbitMQ runs")),
        Err(_) => Err("it does not answer; look at AMQP_URL and whether RabbitMQ runs".to_owned()),
    }
}

/// Whether the shared limits answer.
pub async fn limits(config: &Config) -> Finding {
    let Some(url) = &config.parts.redis_url else { return Ok(EMBEDDED.to_owned()) };
    let limits = limits::Limits::redis(url.expose_secret()).await.map_err(|error| error.to_string())?;
    match tokio::time::timeout(ANSWER_WITHIN, limits.ready()).await {
        Ok(Ok(())) => Ok("they answer".to_owned()),
        Ok(Err(error)) => Err(format!("{error}; look at REDIS_URL and whether Redis runs")),
        Err(_) => Err("they do not answer; look at REDIS_URL and whether Redis runs".to_owned()),
    }
}

/// Whether the object storage answers.
pub async fn objects(config: &Config) -> Finding {
    let Some(part) = config.parts.objects.clone() else { return Ok(EMBEDDED.to_owned()) };
    let objects = Objects::new(&ObjectsConfig::from(part)).map_err(|error| error.to_string())?;
    match objects.ready().await {
        Ok(()) => Ok("the bucket answers".to_owned()),
        Err(error) => {
            Err(format!("{error}; look at S3_ENDPOINT, S3_BUCKET and the keys, and whether the bucket exists"))
        }
    }
}
