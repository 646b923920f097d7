//! `zephyr up`: a first start furnishes, a second finds what the first made, also after kill -9, and only one has the folder.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::process::{Folder, Up, demo, run};

const NAMES: [&str; 11] = [
    "DATABASE_URL",
    "ZEPHYR_ADMIN_EMAIL",
    "ZEPHYR_ADMIN_PASSWORD",
    "ZEPHYR_API_KEY",
    "ZEPHYR_AUDITOR_EMAIL",
    "ZEPHYR_AUDITOR_PASSWORD",
    "ZEPHYR_BASE_URL",
    "ZEPHYR_SIMULATOR_KEY",
    "ZEPHYR_SIMULATOR_URL",
    "ZEPHYR_USER_EMAIL",
    "ZEPHYR_USER_PASSWORD",
];

async fn get(demo: &std::collections::BTreeMap<String, String>, path: &str) -> Value {
    let request = reqwest::Client::new().get(format!("{}{path}", demo["ZEPHYR_BASE_URL"]));
    let answer = request.bearer_auth(&demo["ZEPHYR_API_KEY"]).send().await.expect("it answers");
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    answer.json().await.expect("JSON")
}

#[tokio::test]
async fn a_second_start_finds_the_data_of_the_first() {
    let folder = Folder::new("up");
    let data = folder.data();
    std::fs::create_dir(&data).expect("a folder");
    let up = Up::start(&data).await;
    let first = demo(&data);
    assert_eq!(first.keys().map(String::as_str).collect::<Vec<_>>(), NAMES);
    assert!(first["ZEPHYR_SIMULATOR_KEY"].starts_with("sim"));
    for private in ["demo.env", "secrets.json"] {
        let mode = std::fs::metadata(data.join(private)).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{private}");
    }
    assert_eq!(get(&first, "/readyz").await["ready"], true);
    let before = get(&first, "/v1/account").await["available"].clone();
    assert_eq!(before, "100000");
    let other = run(&data, &["up"], &[]).await;
    assert!(String::from_utf8_lossy(&other.stderr).contains("another `zephyr up`"), "{other:?}");

    // Killed without warning, its database goes on; the next one ends that and starts its own on the same data.
    up.kill().await;
    let up = Up::start(&data).await;
    let second = demo(&data);
    for same in ["ZEPHYR_API_KEY", "ZEPHYR_ADMIN_PASSWORD", "ZEPHYR_SIMULATOR_KEY", "ZEPHYR_SIMULATOR_URL"] {
        assert_eq!(first[same], second[same], "{same}");
    }
    assert_eq!(get(&second, "/v1/account").await["available"], before);
    up.stop().await;
    assert!(!data.join("postgres/postmaster.pid").exists(), "the database was stopped");

    let up = Up::start(&data).await;
    assert_eq!(get(&demo(&data), "/v1/account").await["available"], before);
    up.stop().await;
}

#[tokio::test]
async fn the_tour_ends_in_receipts_that_equal_the_ledger() {
    let folder = Folder::new("tour");
    let data = folder.data();
    std::fs::create_dir(&data).expect("a folder");
    let up = Up::start(&data).await;
    let tour = run(&data, &["tour"], &[]).await;
    let told = String::from_utf8_lossy(&tour.stdout).into_owned();
    assert!(tour.status.success(), "{told}{}", String::from_utf8_lossy(&tour.stderr));
    assert!(told.contains("every receipt equals the ledger"), "{told}");
    up.stop().await;
    let without = run(&data, &["tour"], &[]).await;
    assert!(String::from_utf8_lossy(&without.stderr).contains("start it first"), "{without:?}");
}
