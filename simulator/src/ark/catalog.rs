//! Which models the pretended Ark has, and what each can do.
//! A model is named with its date or without; names of the international twin (no `doubao-` prefix) mean the same models.

use super::refusal::{no_model, wrong_model};
use crate::Sim;
use crate::calls::Refusal;

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `/chat/completions`.
    Chat,
    /// `/images/generations`.
    Image,
    /// `/contents/generations/tasks`.
    Video,
    /// `/embeddings`.
    Embedding,
    /// `/embeddings/multimodal`.
    Multimodal,
}

/// A model's name without its date, its dates, and what it is for.
#[derive(Debug)]
pub struct Model {
    /// The name without a date.
    pub stem: &'static str,
    /// The dated versions.
    pub dates: &'static [&'static str],
    /// What it is for.
    pub kind: Kind,
}

const fn model(stem: &'static str, dates: &'static [&'static str], kind: Kind) -> Model {
    Model { stem, dates, kind }
}

/// All models.
pub const MODELS: &[Model] = &[
    model("doubao-seed-2-1-pro", &["260628", "260915"], Kind::Chat),
    model("doubao-seed-2-1-turbo", &["260628"], Kind::Chat),
    model("doubao-seed-2-1-lite", &["260915"], Kind::Chat),
    model("doubao-seed-2-0-pro", &["260215"], Kind::Chat),
    model("doubao-seed-2-0-lite", &["260215"], Kind::Chat),
    model("doubao-seed-2-0-mini", &["260215"], Kind::Chat),
    model("doubao-seed-1-8", &["251228"], Kind::Chat),
    model("doubao-seed-1-6", &["250615", "251015"], Kind::Chat),
    model("doubao-seed-1-6-flash", &["250615", "250828"], Kind::Chat),
    model("doubao-seed-1-6-vision", &["250815"], Kind::Chat),
    model("doubao-seedream-5-0-pro", &["260628"], Kind::Image),
    model("doubao-seedream-5-0-lite", &["260128"], Kind::Image),
    model("doubao-seedream-5-0", &["260128"], Kind::Image),
    model("doubao-seedream-4-5", &["251128"], Kind::Image),
    model("doubao-seedream-4-0", &["250828"], Kind::Image),
    model("doubao-seedream-3-0-t2i", &["250415"], Kind::Image),
    model("doubao-seededit-3-0-i2i", &["250628"], Kind::Image),
    model("doubao-seedance-2-5", &["260628"], Kind::Video),
    model("doubao-seedance-2-0", &["260128"], Kind::Video),
    model("doubao-seedance-2-0-fast", &["260128"], Kind::Video),
    model("doubao-seedance-2-0-mini", &["260615"], Kind::Video),
    model("doubao-seedance-1-5-pro", &["251215"], Kind::Video),
    model("doubao-seedance-1-0-pro", &["250528"], Kind::Video),
    model("doubao-seedance-1-0-pro-fast", &["251015"], Kind::Video),
    model("doubao-seedance-1-0-lite-t2v", &["250428"], Kind::Video),
    model("doubao-seedance-1-0-lite-i2v", &["250428"], Kind::Video),
    model("doubao-embedding", &["240715"], Kind::Embedding),
    model("doubao-embedding-text", &["240715"], Kind::Embedding),
    model("doubao-embedding-large", &["240915", "250515"], Kind::Embedding),
    model("doubao-embedding-large-text", &["240915", "250515"], Kind::Embedding),
    model("doubao-embedding-vision", &["250328", "250615", "251215"], Kind::Multimodal),
];

/// The model that a name or endpoint id means, if it is of the wanted kind.
pub fn find(sim: &Sim, name: &str, kind: Kind, interface: &str) -> Result<&'static Model, Refusal> {
    let endpoints = sim.endpoints.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let meant = endpoints.get(name).map_or(name, String::as_str);
    let found = by_name(meant).ok_or_else(|| no_model(name))?;
    match found.kind == kind {
        true => Ok(found),
        false => Err(wrong_model(name, interface)),
    }
}

fn by_name(name: &str) -> Option<&'static Model> {
    let bare = name.trim_start_matches("dreamina-").trim_start_matches("dola-").trim_start_matches("doubao-");
    MODELS.iter().find(|model| {
        let rest = bare.strip_prefix(model.stem.trim_start_matches("doubao-"));
        rest.is_some_and(|rest| rest.is_empty() || is_date(rest))
    })
}

fn is_date(rest: &str) -> bool {
    rest.len() == 7 && rest.starts_with('-') && rest[1..].bytes().all(|byte| byte.is_ascii_digit())
}
