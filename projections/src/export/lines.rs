//! The books as lines: JSON with everything that the log says, CSV with one posting a line.

use chrono::SecondsFormat;
use serde::Serialize;
use serde_json::value::RawValue;
use store::Recorded;

use super::book::{Entry, Side, decimal};
use crate::table::ReadError;

pub(super) const CSV_HEADER: &str =
    "position,recorded_at,tenant_id,sequence,event,job_id,reference,account,amount,balance\r\n";

#[derive(Serialize)]
struct JsonEntry<'a> {
    position: i64,
    recorded_at: String,
    tenant_id: &'a str,
    sequence: i64,
    event: &'a RawValue,
    metadata: &'a RawValue,
    postings: Vec<JsonSide<'a>>,
}

#[derive(Serialize)]
struct JsonSide<'a> {
    account: &'a str,
    amount: String,
    balance: String,
}

pub(super) fn jsonl(entry: &Entry, recorded: &Recorded, out: &mut String) -> Result<(), ReadError> {
    let event = RawValue::from_string(recorded.event.encode().payload)?;
    let metadata = RawValue::from_string(recorded.metadata.to_string())?;
    let json = JsonEntry {
        position: entry.position,
        recorded_at: time_of(entry),
        tenant_id: &entry.tenant_id,
        sequence: entry.sequence,
        event: &event,
        metadata: &metadata,
        postings: entry.sides.iter().map(json_side).collect(),
    };
    out.push_str(&serde_json::to_string(&json)?);
    out.push('\n');
    Ok(())
}

pub(super) fn jsonl_opening(opening: &Entry, out: &mut String) {
    let sides: Vec<_> = opening.sides.iter().map(json_side).collect();
    let json = serde_json::json!({"opening": {"recorded_at": time_of(opening), "postings": sides}});
    out.push_str(&json.to_string());
    out.push('\n');
}

/// RFC 4180: quoted where needed; a leading sign that a spreadsheet would run is quoted apart.
pub(super) fn csv(entry: &Entry, out: &mut String) {
    let at = time_of(entry);
    for side in &entry.sides {
        let fields = [
            entry.position.to_string(),
            at.clone(),
            entry.tenant_id.clone(),
            entry.sequence.to_string(),
            entry.event_type.clone(),
            entry.job_id.clone().unwrap_or_default(),
            text(entry.reference.as_deref().unwrap_or_default()),
            side.account.clone(),
            decimal(side.amount),
            decimal(side.balance),
        ];
        out.push_str(&fields.map(|field| quoted(&field)).join(","));
        out.push_str("\r\n");
    }
}

/// Text from outside that a spreadsheet would take for a formula gets an apostrophe before it.
fn text(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

fn json_side(side: &Side) -> JsonSide<'_> {
    JsonSide { account: &side.account, amount: decimal(side.amount), balance: decimal(side.balance) }
}

fn time_of(entry: &Entry) -> String {
    entry.recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true)
}
