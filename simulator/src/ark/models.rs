//! `GET /models`: the list of dated models.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::catalog::{Kind, MODELS, Model};
use super::{Incoming, run};
use crate::Sim;
use crate::calls::Answer;

/// Lists all models.
pub async fn list(sim: State<Arc<Sim>>, incoming: Incoming) -> Response {
    run(sim, incoming, "models", None, |_| {
        let data: Vec<Value> =
            MODELS.iter().flat_map(|model| model.dates.iter().map(|date| entry(model, date))).collect();
        Ok(Answer::Json { after_ms: 0, body: json!({ "object": "list", "data": data }) })
    })
    .await
}

fn entry(model: &Model, date: &str) -> Value {
    let domain = match model.kind {
        Kind::Chat => "LLM",
        Kind::Image => "ImageGeneration",
        Kind::Video => "VideoGeneration",
        Kind::Embedding | Kind::Multimodal => "Embedding",
    };
    let created = chrono::NaiveDate::parse_from_str(&format!("20{date}"), "%Y%m%d")
        .map_or(0, |day| day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp());
    json!({
        "id": format!("{}-{date}", model.stem),
        "object": "model",
        "created": created,
        "owned_by": "volcengine",
        "domain": domain,
        "version": date,
    })
}
