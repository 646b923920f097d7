//! `zephyr admin`, `doctor` and `audit`: every command twice, over the database of a running `up`.

use std::path::Path;

use crate::process::{Folder, Up, demo, run};

/// Runs a command with the settings of the `up` over a folder; gives what it told.
async fn told(data: &Path, arguments: &[&str]) -> String {
    let text = std::fs::read_to_string(data.join("secrets.json")).expect("secrets");
    let secrets: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let demo = demo(data);
    let variables = [
        ("DATABASE_URL", demo["DATABASE_URL"].as_str()),
        ("JWT_SECRET", secrets["jwt_secret"].as_str().expect("a secret")),
        ("ENCRYPTION_KEYS", secrets["encryption_keys"].as_str().expect("keys")),
    ];
    let output = run(data, arguments, &variables).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[tokio::test]
async fn every_command_may_be_given_twice() {
    let folder = Folder::new("admin");
    let data = folder.data();
    std::fs::create_dir(&data).expect("a folder");
    let up = Up::start(&data).await;

    let create = ["admin", "create-user", "--email", "ada@example.com", "--role", "admin"];
    let first = told(&data, &create).await;
    assert!(first.contains("created") && first.contains("password: "), "{first}");
    let again = told(&data, &create).await;
    assert!(again.contains("was there already") && !again.contains("password: "), "{again}");

    let recharge = ["admin", "recharge", "--email", "ada@example.com", "--amount", "2.5", "--reference", "order-1"];
    assert!(told(&data, &recharge).await.contains("2.5 available"));
    let again = told(&data, &recharge).await;
    assert!(again.contains("was credited already") && again.contains("2.5 available"), "{again}");

    let reset = ["admin", "reset-password", "--email", "ada@example.com"];
    assert_ne!(told(&data, &reset).await, told(&data, &reset).await);
    assert!(told(&data, &["admin", "seed"]).await.contains(" 0 events written"));
    assert!(told(&data, &["migrate"]).await.contains("up to date"));
    assert!(told(&data, &["migrate"]).await.contains("up to date"));
    assert!(told(&data, &["audit", "verify"]).await.contains("the log is whole"));
    for _ in 0..2 {
        assert!(told(&data, &["rebuild"]).await.contains("rows are equal"));
    }
    up.stop().await;
}

#[tokio::test]
async fn the_doctor_names_what_to_do() {
    let folder = Folder::new("doctor");
    let output = run(&folder.data(), &["doctor"], &[("DATABASE_URL", "postgres://u:p@127.0.0.1:1/none")]).await;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.status.success());
    assert!(told.contains("FAIL  database") && told.contains("ok    delivered catalog"), "{told}");
    assert!(told.contains("S3_ENDPOINT is not set"), "{told}");
}

#[tokio::test]
async fn production_roles_name_what_is_missing() {
    let folder = Folder::new("missing");
    for role in ["api", "worker"] {
        let output = run(&folder.data(), &[role], &[]).await;
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(" is not set; "), "{role}: {said}");
    }
}
