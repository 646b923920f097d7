//! The configuration: what is missing is named, what can't be used is explained, and no secret shows.

use std::time::Duration;

use zephyr::config::{Config, ConfigError, Variables};

const COMPLETE: [(&str, &str); 7] = [
    ("DATABASE_URL", "postgres://u:topsecret@h/d"),
    ("AMQP_URL", "amqp://u:topsecret@h"),
    ("REDIS_URL", "redis://h"),
    ("S3_ENDPOINT", "http://h:9000"),
    ("S3_ACCESS_KEY", "access-topsecret"),
    ("S3_SECRET_KEY", "topsecret"),
    ("JWT_SECRET", "topsecret topsecret topsecret topsecret"),
];
const KEYS: (&str, &str) = ("ENCRYPTION_KEYS", "main:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");

fn read(pairs: impl IntoIterator<Item = (&'static str, &'static str)>) -> Result<Config, ConfigError> {
    Config::read(&Variables::from_pairs(pairs))
}

fn complete() -> impl Iterator<Item = (&'static str, &'static str)> {
    COMPLETE.into_iter().chain([KEYS])
}

#[test]
fn a_complete_configuration_is_a_deployment_and_shows_no_secret() {
    let config = read(complete()).expect("it can be read");
    let deployment = config.parts.production().expect("it is complete");
    let shown = format!("{config:?} {deployment:?}");
    assert!(!shown.contains("topsecret topsecret") && !shown.contains("u:topsecret"), "{shown}");
    assert!(!shown.contains("AAAA"), "{shown}");
}

#[test]
fn each_missing_setting_of_a_production_role_is_named() {
    for (absent, _) in complete() {
        let config = read(complete().filter(|(name, _)| *name != absent));
        let named = config.and_then(|config| config.parts.production()).expect_err(absent).to_string();
        assert!(named.contains(absent), "{absent}: {named}");
    }
}

#[test]
fn an_empty_value_counts_as_none() {
    let config = read(complete().map(|(name, value)| if name == "AMQP_URL" { (name, " ") } else { (name, value) }));
    let refused = config.expect("it can be read").parts.production().expect_err("one is missing");
    assert!(matches!(refused, ConfigError::Missing { name: "AMQP_URL", .. }), "{refused}");
}

#[test]
fn what_cannot_be_used_is_named_and_not_repeated() {
    for (name, value) in [
        ("DATABASE_URL", "mysql://hidden"),
        ("ZEPHYR_LISTEN", "hidden"),
        ("ZEPHYR_PUBLIC_URL", "hidden"),
        ("JWT_SECRET", "hidden"),
        ("ENCRYPTION_KEYS", "hidden"),
        ("ZEPHYR_POLL_EVERY_MS", "0"),
        ("ZEPHYR_POLL_EVERY_MS", "99999999999999"),
        ("ZEPHYR_POLICY_TIME_DIVISOR", "0"),
        ("ZEPHYR_WORKER_CONCURRENCY", "0"),
        ("ZEPHYR_DATABASE_CONNECTIONS", "2"),
        ("ZEPHYR_SIMULATOR_TIME_SCALE", "NaN"),
        ("ZEPHYR_LOG", "hidden"),
        ("EVENTSTORE_URL", "esdb://hidden"),
    ] {
        let refused = read([(name, value)]).expect_err(name).to_string();
        assert!(refused.contains(name) && !refused.contains("hidden"), "{refused}");
    }
}

#[test]
fn nothing_set_is_enough_for_up_and_ages_are_settings() {
    let config = read([("ZEPHYR_POLL_FIRST_MS", "7")]).expect("it can be read");
    assert_eq!(config.ages.poll_first, Duration::from_millis(7));
    assert!(config.parts.database_url.is_none() && config.parts.objects.is_none());
}
