//! Which fields a form has: hints first, then required ones, then the rest; nested objects open up into their fields.

use std::collections::HashSet;

use domain::capability::{DependsOn, UiHints, Widget};
use serde_json::Value;

/// How many choices still stand side by side.
const SEGMENTED_AT_MOST: usize = 5;
/// How deep objects open up. Deeper ones are entered as JSON.
const DEPTH_AT_MOST: usize = 2;

/// A field of a form.
#[derive(Clone, Debug)]
pub struct Field<'a> {
    /// Its path in the parameters, such as `["thinking", "type"]`.
    pub path: Vec<&'a str>,
    /// Its schema.
    pub schema: &'a Value,
    /// What it is entered with.
    pub widget: Widget,
    /// Whether it must be there.
    pub required: bool,
    /// Whether it is folded away at first.
    pub advanced: bool,
    /// When it is shown.
    pub depends_on: Option<&'a DependsOn>,
}

impl Field<'_> {
    /// Its path with dots, as errors name it.
    #[must_use]
    pub fn name(&self) -> String {
        self.path.join(".")
    }

    /// The values that it may have, if they are listed.
    #[must_use]
    pub fn choices(&self) -> &[Value] {
        self.schema["enum"].as_array().map_or(&[], Vec::as_slice)
    }

    /// Whether it takes files.
    #[must_use]
    pub const fn is_media(&self) -> bool {
        matches!(self.widget, Widget::Image | Widget::Images | Widget::Video | Widget::Videos | Widget::Audios)
    }

    /// How the media types begin that it takes; for fields that take files.
    #[must_use]
    pub const fn media_type(&self) -> &'static str {
        match self.widget {
            Widget::Video | Widget::Videos => "video/",
            Widget::Audios => "audio/",
            _ => "image/",
        }
    }

    /// Whether it takes several files.
    #[must_use]
    pub const fn is_several(&self) -> bool {
        matches!(self.widget, Widget::Images | Widget::Videos | Widget::Audios)
    }

    /// Whether a type is among those of its schema.
    #[must_use]
    pub fn takes(&self, kind: &str) -> bool {
        takes(self.schema, kind)
    }
}

/// The fields of a form, in order.
#[must_use]
pub fn fields<'a>(schema: &'a Value, hints: &'a UiHints) -> Vec<Field<'a>> {
    let mut all = Vec::new();
    let Some(properties) = schema["properties"].as_object() else { return all };
    let required = names(&schema["required"]);
    let known: HashSet<&str> = properties.keys().map(String::as_str).collect();
    let hinted = hints.order.iter().map(String::as_str).filter(|name| known.contains(name));
    let needed = required.iter().copied().filter(|name| known.contains(name));
    let mut met = HashSet::new();
    for name in hinted.chain(needed).chain(properties.keys().map(String::as_str)) {
        if met.insert(name) && !hints.hidden.iter().any(|hidden| hidden == name) {
            let advanced = hints.advanced.iter().any(|advanced| advanced == name);
            let field = Field {
                path: vec![name],
                schema: &properties[name],
                widget: hints.widgets.get(name).copied().unwrap_or_else(|| widget(&properties[name])),
                required: required.contains(&name),
                advanced,
                depends_on: hints.depends_on.get(name),
            };
            open_up(field, &mut all);
        }
    }
    all
}

/// An object becomes its fields; whatever else is a field itself.
fn open_up<'a>(field: Field<'a>, all: &mut Vec<Field<'a>>) {
    let inner = field.schema["properties"].as_object();
    match inner.filter(|_| field.schema["type"] == "object" && field.path.len() < DEPTH_AT_MOST) {
        Some(properties) if field.widget != Widget::Json || properties.len() == 1 => {
            let required = names(&field.schema["required"]);
            for (name, schema) in properties {
                let path = field.path.iter().copied().chain([name.as_str()]).collect();
                let required = field.required && required.contains(&name.as_str());
                open_up(Field { path, schema, widget: widget(schema), required, ..field.clone() }, all);
            }
        }
        _ => all.push(field),
    }
}

/// What a value of this schema is entered with when no hint says so.
fn widget(schema: &Value) -> Widget {
    let choices = schema["enum"].as_array().map_or(0, Vec::len);
    let bounded = schema["minimum"].is_number() && schema["maximum"].is_number();
    match schema["type"].as_str() {
        _ if choices > SEGMENTED_AT_MOST => Widget::Select,
        _ if choices > 0 => Widget::Segmented,
        Some("boolean") => Widget::Toggle,
        Some("integer" | "number") if bounded => Widget::Slider,
        Some("integer" | "number") => Widget::Number,
        Some("string") if schema["maxLength"].as_u64().is_some_and(|most| most > 300) => Widget::Textarea,
        Some("string") => Widget::Text,
        _ => Widget::Json,
    }
}

fn takes(schema: &Value, kind: &str) -> bool {
    match &schema["type"] {
        Value::String(only) => only == kind,
        Value::Array(several) => several.iter().any(|one| one == kind),
        _ => false,
    }
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().map(|names| names.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hinted_fields_come_first_then_required_ones_and_hidden_ones_never() {
        let schema = json!({"type": "object", "required": ["z"], "properties": {
            "a": {"type": "string"}, "m": {"type": "integer", "minimum": 1, "maximum": 9}, "z": {"type": "boolean"},
            "secret": {"type": "string"}, "how": {"type": "object", "properties": {"kind": {"enum": ["x", "y"]}}}}});
        let hints = UiHints { order: vec!["m".into()], hidden: vec!["secret".into()], ..UiHints::default() };
        let found: Vec<_> = fields(&schema, &hints).iter().map(|field| (field.name(), field.widget)).collect();
        let expected =
            [("m", Widget::Slider), ("z", Widget::Toggle), ("a", Widget::Text), ("how.kind", Widget::Segmented)];
        assert_eq!(found, expected.map(|(name, widget)| (name.to_owned(), widget)));
    }
}
