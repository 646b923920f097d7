//! A simulator of one's own for a test, and an adapter that calls it over HTTP.

use std::time::Duration;

use domain::{capability::CapabilityKind, id::AttemptId};
use providers::{Adapter, Call, Endpoint, Timeouts, Trusted};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub const KEY: &str = "sim-tests-0123456789";
pub const CHAT: &str = "doubao-seed-1-6-250615";
pub const IMAGES: &str = "doubao-seedream-4-0-250828";
pub const VIDEO: &str = "doubao-seedance-1-0-pro-250528";

/// A running simulator; it ends with its runtime.
pub struct Sim {
    pub adapter: Adapter,
    pub http: Trusted,
    pub endpoint: Endpoint,
    origin: String,
    client: reqwest::Client,
}

pub fn quick() -> Timeouts {
    let (short, long) = (Duration::from_secs(2), Duration::from_secs(20));
    Timeouts { connect: long, headers: short, work: short, idle: short, total: long }
}

impl Sim {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let config = simulator::Config { time_scale: 0.001, ..Default::default() };
        tokio::spawn(simulator::serve(listener, config, std::future::pending()));
        let endpoint = Endpoint { base_url: format!("{origin}/ark/api/v3/"), key: KEY.into() };
        let http = Trusted::new(quick()).unwrap();
        let adapter = Adapter::named("ark", &http).unwrap();
        Self { adapter, http, endpoint, origin, client: reqwest::Client::new() }
    }

    /// What happens to the next call of an operation.
    pub async fn fault(&self, op: &str, mut fault: Value) {
        fault["match"] = json!({ "op": op });
        let body = json!({ "faults": [fault] }).to_string();
        let request = self.client.post(format!("{}/_sim/faults", self.origin));
        let answer = request.header("content-type", "application/json").body(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    pub async fn time_scale(&self, scale: f64) {
        let request = self.client.post(format!("{}/_sim/clock", self.origin)).json(&json!({ "time_scale": scale }));
        assert!(request.send().await.unwrap().status().is_success());
    }

    pub async fn requests(&self, op: &str) -> Vec<Value> {
        let answer = self.client.get(format!("{}/_sim/requests?op={op}", self.origin)).send().await.unwrap();
        let log: Value = answer.json().await.unwrap();
        log["requests"].as_array().unwrap().clone()
    }
}

pub fn call(model: &str, params: Value) -> Call {
    Call {
        attempt_id: AttemptId::from_uuid(uuid::Uuid::now_v7()),
        upstream_model: model.to_owned(),
        capability: CapabilityKind::Chat,
        params,
        callback_url: None,
        end_user_hash: None,
    }
}

pub fn chat(text: &str) -> Call {
    call(CHAT, json!({ "messages": [{ "role": "user", "content": text }], "thinking": { "type": "disabled" } }))
}

pub fn images(count: u64) -> Call {
    call(IMAGES, json!({ "prompt": "a kite", "size": "1024x1024", "n": count }))
}

pub fn video() -> Call {
    call(VIDEO, json!({ "prompt": "a kite", "resolution": "480p", "ratio": "16:9", "duration": 5 }))
}
