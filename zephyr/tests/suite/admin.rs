//! `zephyr admin`, `doctor` and `audit`: every command twice, over the database of a running `up`.

use std::path::Path;

use crate::process::{Folder, Up, demo, run};

/// Runs a command with the settings of the `up` over a folder; gives what it told.
async fn told(data: &Path, arguments: &[&str]) -> String {
    let text = std::fs::read_to_string(data.join("secrets.json")).expect("secrets");
    let secrets: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    told_with(data, arguments, secrets["encryption_keys"].as_str().expect("keys")).await
}

/// The same with encryption keys of its own.
async fn told_with(data: &Path, arguments: &[&str], encryption_keys: &str) -> String {
    let text = std::fs::read_to_string(data.join("secrets.json")).expect("secrets");
    let secrets: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let demo = demo(data);
    let variables = [
        ("DATABASE_URL", demo["DATABASE_URL"].as_str()),
        ("JWT_SECRET", secrets["jwt_secret"].as_str().expect("a secret")),
        ("ENCRYPTION_KEYS", encryption_keys),
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
async fn encryption_keys_are_changed_under_a_running_gateway() {
    let folder = Folder::new("rotate");
    let data = folder.data();
    std::fs::create_dir(&data).expect("a folder");
    let up = Up::start(&data).await;
    let text = std::fs::read_to_string(data.join("secrets.json")).expect("secrets");
    let secrets: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let old = secrets["encryption_keys"].as_str().expect("keys").to_owned();
    let new = "next:bmV4dCBrZXkgb2YgYSB0ZXN0LCAzMiBieXRlcyBsb24=";
    let (both, back) = (format!("{new},{old}"), format!("{old},{new}"));
    let rotate = ["admin", "rotate-keys"];
    let first = told_with(&data, &rotate, &both).await;
    assert!(!first.starts_with("0 secrets") && first.contains("\"next\" encrypts"), "{first}");
    let again = told_with(&data, &rotate, &both).await;
    assert!(again.starts_with("0 secrets encrypted anew"), "{again}");
    // Back again, for the gateway has the old key only.
    let returned = told_with(&data, &rotate, &back).await;
    assert!(!returned.starts_with("0 secrets") && returned.contains("\"embedded\" encrypts"), "{returned}");
    let demo = demo(&data);
    let variables =
        [("DATABASE_URL", demo["DATABASE_URL"].as_str()), ("ENCRYPTION_KEYS", new), ("JWT_SECRET", &"x".repeat(32))];
    let doctor = run(&data, &["doctor"], &variables).await;
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(doctor.contains("FAIL  vault: secrets that can't be read") && doctor.contains("\"embedded\""), "{doctor}");
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
