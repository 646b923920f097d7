//! The embedded database: made, stopped, found again, and recovered when its keeper was killed.

use std::{os::unix::fs::PermissionsExt as _, path::PathBuf};

use secrecy::ExposeSecret as _;
use zephyr::{
    config::{Config, Variables},
    embedded::{
        data_dir::DataDir,
        ports::Ports,
        postgres::{Postgres, PostgresSettings, account::Account},
    },
};

use crate::process::Folder;

fn settings(folder: &Folder) -> PostgresSettings {
    let config = Config::read(&Variables::from_process().expect("variables")).expect("a configuration");
    PostgresSettings {
        data_dir: folder.path().canonicalize().expect("it is there"),
        search_path: config.search_path,
        working_folder: PathBuf::from("/"),
        user: Account::for_database().expect("a user"),
        port: Ports::open(folder.path()).reserve("postgres").expect("a port"),
        password: "a password".replace(' ', "-").into(),
    }
}

fn server_pid(folder: &Folder) -> String {
    let text = std::fs::read_to_string(folder.path().join("postgres/postmaster.pid")).expect("it runs");
    text.lines().next().expect("a number").to_owned()
}

#[tokio::test]
async fn it_is_made_once_and_stopped_properly() {
    let folder = Folder::new("pg");
    let first = Postgres::start(settings(&folder)).await.expect("it starts");
    let pool = store::connect(first.url().expose_secret(), 2).await.expect("it answers");
    store::migrate(&pool).await.expect("it takes the schema");
    pool.close().await;
    let mode = std::fs::metadata(folder.path().join("postgres")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let url = first.url().expose_secret().to_owned();
    first.stop().await;
    assert!(!folder.path().join("postgres/postmaster.pid").exists());

    let second = Postgres::start(settings(&folder)).await.expect("it starts again");
    assert_eq!(second.url().expose_secret(), url);
    let pool = store::connect(second.url().expose_secret(), 2).await.expect("it answers");
    assert_eq!(store::log::head(&pool).await.expect("the schema is there"), 0);
    pool.close().await;
    second.stop().await;
}

#[tokio::test]
async fn a_server_that_dies_is_started_again() {
    let folder = Folder::new("pg-dies");
    let postgres = Postgres::start(settings(&folder)).await.expect("it starts");
    let before = server_pid(&folder);
    let killed = std::process::Command::new("kill").args(["-9", &before]).status().expect("kill can be run");
    assert!(killed.success());
    let connected = async {
        while store::connect(postgres.url().expose_secret(), 1).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), connected).await.expect("it is back");
    assert_ne!(server_pid(&folder), before);
    postgres.stop().await;
}

#[tokio::test]
async fn a_stale_file_does_not_keep_it_from_starting() {
    let folder = Folder::new("pg-stale");
    Postgres::start(settings(&folder)).await.expect("it starts").stop().await;
    // The number of a process that has nothing to do with it: this one.
    let stale = format!("{}\n{}\n", std::process::id(), folder.path().display());
    std::fs::write(folder.path().join("postgres/postmaster.pid"), stale).expect("it can be written");
    Postgres::start(settings(&folder)).await.expect("it starts").stop().await;
}

#[test]
fn two_never_share_a_folder() {
    let folder = Folder::new("lock");
    let first = DataDir::open(folder.data()).expect("it is free");
    let refused = DataDir::open(folder.data()).err().expect("it is taken").to_string();
    assert!(refused.contains("another `zephyr up`"), "{refused}");
    drop(first);
    assert!(DataDir::open(folder.data()).is_ok());
}
