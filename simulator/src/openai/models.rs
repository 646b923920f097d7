//! Which models the pretended OpenAI has, and what each is for; `GET /models` and `GET /models/{id}`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Value, json};

use super::refusal::{no_model, wrong_model};
use super::{Incoming, run};
use crate::Sim;
use crate::calls::{Answer, Refusal};

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Chat; whether it reasons before it answers.
    Chat {
        /// Then it takes no `max_tokens` and no temperature.
        reasons: bool,
    },
    /// Vectors of this length.
    Embedding(usize),
    /// Images; whether it is of the family with more qualities.
    Image {
        /// `xhigh` and `max`.
        finer: bool,
    },
    /// Videos.
    Video,
}

/// A model.
#[derive(Debug)]
pub struct Model {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub kind: Kind,
    /// When it ends, if that is known.
    shutdown: Option<&'static str>,
}

const fn model(name: &'static str, kind: Kind) -> Model {
    Model { name, kind, shutdown: None }
}

const fn ending(name: &'static str, kind: Kind, shutdown: &'static str) -> Model {
    Model { name, kind, shutdown: Some(shutdown) }
}

const REASONS: Kind = Kind::Chat { reasons: true };
const PLAIN: Kind = Kind::Chat { reasons: false };

/// All models.
const MODELS: &[Model] = &[
    model("gpt-6.1-sol", REASONS),
    model("gpt-6.1-terra", REASONS),
    model("gpt-6-luna", REASONS),
    model("gpt-6-astra", REASONS),
    model("gpt-5.5", REASONS),
    model("gpt-5.4", REASONS),
    model("gpt-5.4-mini", REASONS),
    ending("gpt-5.4-nano", REASONS, "2027-04-01"),
    ending("gpt-5-mini", REASONS, "2026-12-11"),
    model("gpt-4.1", PLAIN),
    model("gpt-4.1-mini", PLAIN),
    model("gpt-4o", PLAIN),
    model("gpt-4o-mini", PLAIN),
    model("text-embedding-3-small", Kind::Embedding(1_536)),
    model("text-embedding-3-large", Kind::Embedding(3_072)),
    model("gpt-image-2", Kind::Image { finer: false }),
    model("gpt-image-2.5-flare", Kind::Image { finer: true }),
    model("gpt-image-2.5-sunburst", Kind::Image { finer: true }),
    ending("sora-2", Kind::Video, "2026-09-24"),
    ending("sora-2-pro", Kind::Video, "2026-09-24"),
];

/// The model of a name, if it is of a kind that `wanted` takes.
pub fn find<T>(name: &str, wanted: impl FnOnce(Kind) -> Option<T>) -> Result<T, Refusal> {
    let found = MODELS.iter().find(|model| model.name == name).ok_or_else(|| no_model(name))?;
    wanted(found.kind).ok_or_else(|| wrong_model(name))
}

/// Lists all models.
pub async fn list(sim: State<Arc<Sim>>, incoming: Incoming) -> Response {
    run(sim, incoming, ("models", None), |_| {
        let data: Vec<Value> = MODELS.iter().map(entry).collect();
        Ok(Answer::Json { after_ms: 0, body: json!({ "object": "list", "data": data }) })
    })
    .await
}

/// One model.
pub async fn show(sim: State<Arc<Sim>>, Path(id): Path<String>, incoming: Incoming) -> Response {
    run(sim, incoming, ("models", None), |_| {
        let found = MODELS.iter().find(|model| model.name == id).ok_or_else(|| no_model(&id))?;
        Ok(Answer::Json { after_ms: 0, body: entry(found) })
    })
    .await
}

/// When the pretended models were made (unix seconds).
const CREATED: u64 = 1_767_225_600;

fn entry(model: &Model) -> Value {
    let mut entry = json!({ "id": model.name, "object": "model", "created": CREATED, "owned_by": "openai" });
    if let Some(shutdown) = model.shutdown {
        entry["shutdown_date"] = json!(shutdown);
    }
    entry
}
