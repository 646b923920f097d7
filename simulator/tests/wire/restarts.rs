//! What a restart finds: tasks, files and the request log of a simulator that was switched off in mid-work.

use serde_json::json;
use simulator::Config;

use crate::running::{Running, instant};

const PATH: &str = "/contents/generations/tasks";

struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("simulator-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    fn config(&self) -> Config {
        Config { state_dir: Some(self.0.clone()), ..instant() }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn tasks_files_and_requests_are_found_again() {
    let folder = Folder::new("again");
    let sim = Running::start(folder.config()).await;
    let body = json!({ "model": "doubao-seedance-2-0-260128", "content": [{ "type": "text", "text": "A fox" }] });
    let (_, made) = sim.post(PATH, body.clone()).await;
    let path = format!("{PATH}/{}", made["id"].as_str().expect("an id"));
    let (_, before) = sim.get(&path).await;
    let (_, film) = sim.file(&before["content"]["video_url"]).await;
    let requests = sim.requests("video_create").await;
    let address = sim.url.clone();
    drop(sim);

    let sim = Running::start(folder.config()).await;
    let (_, after) = sim.get(&path).await;
    let moved: serde_json::Value = serde_json::from_str(&before.to_string().replace(&address, &sim.url)).expect("JSON");
    assert_eq!(moved, after, "the links lead to where the simulator is now");
    assert_eq!(sim.requests("video_create").await, requests);
    assert_eq!(sim.file(&after["content"]["video_url"]).await.1, film);
    let (_, next) = sim.post(PATH, body).await;
    assert_ne!(next["id"], made["id"]);
}

#[tokio::test]
async fn waiting_tasks_go_on_and_a_torn_line_is_ignored() {
    let folder = Folder::new("torn");
    let sim = Running::start(Config { queued_ms: 1_000_000, time_scale: 1_000.0, ..folder.config() }).await;
    let body = json!({ "model": "doubao-seedance-2-0-260128", "content": [{ "type": "text", "text": "A fox" }] });
    let (_, made) = sim.post(PATH, body).await;
    drop(sim);
    let file = folder.0.join("simulator.jsonl");
    let mut bytes = std::fs::read(&file).expect("a journal");
    bytes.extend(b"{\"kind\":\"ark_task\",\"clo");
    std::fs::write(&file, bytes).expect("it can be written");

    let sim = Running::start(Config { time_scale: 1_000.0, ..folder.config() }).await;
    let path = format!("{PATH}/{}", made["id"].as_str().expect("an id"));
    assert_eq!(sim.get(&path).await.1["status"], "queued");
    assert_eq!(sim.delete(&path).await.0, 200);
}
