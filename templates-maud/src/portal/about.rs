//! What is known of a model beside its form: what it takes, as a table made of its schema, and how it did lately.

use domain::capability::Capability;
use maud::{Markup, html};
use serde_json::Value;

use crate::{
    figures::elapsed,
    form::{Field, fields, shown},
    words::Words,
};

/// How a capability did in the last day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulse {
    /// How many jobs ended.
    pub ended: u64,
    /// How many of them succeeded.
    pub succeeded: u64,
    /// Half of them took no longer than this, in milliseconds.
    pub median_ms: Option<u64>,
}

impl Pulse {
    /// In words, once anything ended.
    #[must_use]
    pub fn told(&self, words: &Words) -> Option<String> {
        let percent = (self.succeeded * 100).checked_div(self.ended)?;
        let median = self.median_ms.map(|ms| format!(" · {} {}", words.portal.median, elapsed(ms)));
        Some(format!("{percent} % {}{}", words.portal.succeeded_24h, median.unwrap_or_default()))
    }
}

/// The tab about the model.
#[must_use]
pub fn about(words: &Words, description: &str, capability: &Capability, pulse: Pulse) -> Markup {
    let fields = fields(&capability.param_schema, &capability.ui_hints);
    html! {
        p { (description) }
        @if let Some(pulse) = pulse.told(words) { p.soft { (pulse) } }
        section.card {
            header { h2 { (words.portal.takes) } }
            div.scroll { table {
                thead { tr { th scope="col" { (words.key_name) } th scope="col" { (words.kind) } th scope="col" { (words.details) } } }
                tbody {
                    @for field in &fields {
                        tr {
                            td { span.id { (field.name()) } @if field.required { " " strong title=(words.portal.required) { "*" } } }
                            td.soft { (kind(field)) }
                            td { (field.schema["description"].as_str().or(field.schema["title"].as_str()).unwrap_or_default()) }
                        }
                    }
                }
            } }
        }
    }
}

/// The type of a field with its bounds, choices and default.
fn kind(field: &Field<'_>) -> String {
    let schema = field.schema;
    let base = match &schema["type"] {
        Value::String(one) => one.clone(),
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | "),
        _ => String::new(),
    };
    let choices = field.choices().iter().map(shown).collect::<Vec<_>>().join(", ");
    let range = match (schema["minimum"].as_number(), schema["maximum"].as_number()) {
        (Some(least), Some(most)) => format!("{least}–{most}"),
        (Some(least), None) => format!("≥ {least}"),
        (None, Some(most)) => format!("≤ {most}"),
        (None, None) => String::new(),
    };
    let default = schema.get("default").map(|value| format!("= {}", shown(value))).unwrap_or_default();
    [base, choices, range, default].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}
