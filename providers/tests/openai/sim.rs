//! A simulator of one's own for a test, and OpenAI's adapter that calls it over HTTP.

use domain::{capability::CapabilityKind, id::AttemptId};
use providers::{Adapter, Call, Endpoint, Timeouts, Trusted};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A running simulator; it ends with its runtime.
pub struct Sim {
    pub adapter: Adapter,
    pub endpoint: Endpoint,
    origin: String,
    client: reqwest::Client,
}

impl Sim {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let config = simulator::Config { time_scale: 0.001, ..Default::default() };
        tokio::spawn(simulator::serve(listener, config, std::future::pending()));
        let endpoint = Endpoint { base_url: format!("{origin}/openai/v1"), key: "sim-tests-1".into() };
        let adapter = Adapter::named("openai", &Trusted::new(Timeouts::default()).unwrap()).unwrap();
        Self { adapter, endpoint, origin, client: reqwest::Client::new() }
    }

    /// What happens to the next call of an operation.
    pub async fn fault(&self, op: &str, mut fault: Value) {
        fault["match"] = json!({ "provider": "openai", "op": op });
        let request = self.client.post(format!("{}/_sim/faults", self.origin)).json(&json!({ "faults": [fault] }));
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    pub async fn requests(&self, op: &str) -> Vec<Value> {
        let answer = self.client.get(format!("{}/_sim/requests?op={op}", self.origin)).send().await.unwrap();
        let log: Value = answer.json().await.unwrap();
        log["requests"].as_array().unwrap().clone()
    }
}

pub fn call((model, capability): (&str, CapabilityKind), params: Value) -> Call {
    Call {
        attempt_id: AttemptId::from_uuid(uuid::Uuid::now_v7()),
        upstream_model: model.to_owned(),
        capability,
        params,
        callback_url: None,
        end_user_hash: None,
    }
}

pub fn chat(more: Value) -> Call {
    let mut params = json!({ "messages": [{ "role": "user", "content": "Why is the sea salty?" }] });
    params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    call(("gpt-5-mini", CapabilityKind::Chat), params)
}

pub fn images(kind: CapabilityKind, more: Value) -> Call {
    let mut params = json!({ "prompt": "a kite", "size": "1024x1536", "quality": "low" });
    params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    call(("gpt-image-2", kind), params)
}
