//! A form as the JSON that would say the same: numbers and flags by their fields, files as data URIs.
//! So that a handler reads one kind of body only.

use axum::body::Body;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::CONTENT_TYPE;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::OPENAI;
use super::refusal::bad_body;
use crate::calls::Refusal;
use crate::incoming::Incoming;

/// Fields that are whole numbers in JSON.
const NUMBERS: [&str; 3] = ["n", "output_compression", "partial_images"];
/// Fields that are flags in JSON.
const FLAGS: [&str; 1] = ["stream"];
/// The most fields and files.
const MAX_PARTS: usize = 64;

/// The body, whichever kind it is.
pub async fn read(incoming: &Incoming) -> Result<Value, Refusal> {
    let kind = incoming.header("content-type").unwrap_or_default();
    if !kind.starts_with("multipart/form-data") {
        return incoming.json(&OPENAI);
    }
    let request = Request::builder().header(CONTENT_TYPE, kind).body(Body::from(incoming.bytes(&OPENAI)?.clone()));
    let request = request.map_err(|error| bad_body(&error.to_string()))?;
    let mut form = Multipart::from_request(request, &()).await.map_err(|error| bad_body(&error.body_text()))?;
    let mut body = Map::new();
    for _ in 0..MAX_PARTS {
        let part = form.next_field().await.map_err(|error| bad_body(&error.body_text()))?;
        let Some(part) = part else { return Ok(body.into()) };
        let name = part.name().unwrap_or_default().to_owned();
        let file = part.file_name().is_some().then(|| part.content_type().unwrap_or("").to_owned());
        let bytes = part.bytes().await.map_err(|error| bad_body(&error.body_text()))?;
        match file {
            Some(kind) => add_file(&mut body, &name, format!("data:{kind};base64,{}", STANDARD.encode(bytes))),
            None => drop(body.insert(name.clone(), field(&name, &String::from_utf8_lossy(&bytes)))),
        }
    }
    Err(bad_body("it has too many parts"))
}

/// One file under its name; `name[]` is a list of them.
fn add_file(body: &mut Map<String, Value>, name: &str, uri: String) {
    match name.strip_suffix("[]") {
        None => drop(body.insert(name.to_owned(), uri.into())),
        Some(list) => {
            let list = body.entry(list).or_insert_with(|| json!([]));
            if let Some(list) = list.as_array_mut() {
                list.push(uri.into());
            }
        }
    }
}

fn field(name: &str, text: &str) -> Value {
    let number = || text.parse::<i64>().ok().map(Value::from);
    let flag = || text.parse::<bool>().ok().map(Value::from);
    let found = if NUMBERS.contains(&name) { number() } else { FLAGS.contains(&name).then(flag).flatten() };
    found.unwrap_or_else(|| text.into())
}
