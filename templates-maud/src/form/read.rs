//! What a browser sent, as parameters. A text that is no number stays a text, so that the schema says what is wrong.

use domain::capability::Widget;
use serde_json::{Map, Value, json};

use super::{FILE_PREFIX, Field, PREFIX};

/// The names and values of a form, in the order in which the browser sent them.
pub type Sent = [(String, String)];

/// The parameters of a form. Empty inputs are absent; so are those whose condition does not hold.
#[must_use]
pub fn read(fields: &[Field<'_>], sent: &Sent) -> Map<String, Value> {
    let mut params = Map::new();
    for field in fields {
        let name = field.name();
        let texts: Vec<&str> = texts(sent, PREFIX, &name).chain(texts(sent, FILE_PREFIX, &name)).collect();
        if let Some(value) = value(field, &texts) {
            put(&mut params, &field.path, value);
        }
    }
    for field in fields {
        if field.depends_on.is_some_and(|on| !holds(&params, &on.field, &on.values)) {
            params.remove(field.path[0]);
        }
    }
    params
}

fn texts<'a>(sent: &'a Sent, prefix: &'static str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let ours = move |given: &str| given.strip_prefix(prefix).is_some_and(|rest| rest == name);
    sent.iter().filter(move |(given, _)| ours(given)).map(|(_, text)| text.as_str())
}

fn holds(params: &Map<String, Value>, field: &str, values: &[Value]) -> bool {
    params.get(field).is_some_and(|value| values.is_empty() || values.contains(value))
}

fn put(params: &mut Map<String, Value>, path: &[&str], value: Value) {
    match path {
        [] => {}
        [last] => drop(params.insert((*last).to_owned(), value)),
        [first, rest @ ..] => {
            let inner = params.entry(*first).or_insert_with(|| json!({}));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

/// The value of one field, from all its inputs.
fn value(field: &Field<'_>, texts: &[&str]) -> Option<Value> {
    let last = texts.iter().rev().map(|text| text.trim()).find(|text| !text.is_empty());
    if !field.choices().is_empty() {
        let chosen = last?;
        let known = field.choices().iter().find(|choice| shown(choice) == chosen);
        return Some(known.cloned().unwrap_or_else(|| json!(chosen)));
    }
    match field.widget {
        // An unticked box sends nothing; the hidden input before it says that there was one.
        Widget::Toggle => texts.last().map(|text| json!(*text == "true")),
        Widget::Messages => last.map(|text| json!([{ "role": "user", "content": text }])),
        Widget::Json => last.map(|text| serde_json::from_str(text).unwrap_or_else(|_| json!(text))),
        _ if field.is_several() => several(field, texts),
        _ if field.takes("array") && !field.takes("string") => several(field, texts),
        _ if field.takes("integer") || field.takes("number") => last.map(number),
        _ => last.map(|text| json!(text)),
    }
}

/// One value a line; a single one stays single where the schema takes that.
fn several(field: &Field<'_>, texts: &[&str]) -> Option<Value> {
    let lines = texts.iter().flat_map(|text| text.lines()).map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<&str> = lines.collect();
    match lines[..] {
        [] => None,
        [only] if field.takes("string") => Some(json!(only)),
        _ => Some(json!(lines)),
    }
}

fn number(text: &str) -> Value {
    let whole = text.parse::<i64>().map(|number| json!(number));
    whole.or_else(|_| text.parse::<f64>().map(|number| json!(number))).unwrap_or_else(|_| json!(text))
}

/// A value as an input shows it.
#[must_use]
pub fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use domain::capability::{DependsOn, UiHints};

    use super::*;
    use crate::form::fields;

    fn sent(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn texts_become_what_the_schema_speaks_of() {
        let schema = json!({"type": "object", "properties": {
            "prompt": {"type": "string"}, "seconds": {"type": "integer"}, "loud": {"type": "boolean"},
            "size": {"enum": ["a", 2]}, "image": {"type": ["string", "array"]}, "refs": {"type": "array"},
            "messages": {"type": "array"}, "how": {"type": "object", "properties": {"kind": {"type": "string"}}}}});
        let mut hints = UiHints::default();
        hints.widgets.insert("image".into(), Widget::Images);
        hints.widgets.insert("refs".into(), Widget::Images);
        hints.widgets.insert("messages".into(), Widget::Messages);
        let fields = fields(&schema, &hints);
        let form = sent(&[
            ("p.prompt", " a boat "),
            ("p.seconds", "5"),
            ("p.loud", "false"),
            ("p.loud", "true"),
            ("p.size", "2"),
            ("p.image", "one"),
            ("p.refs", "x\n\ny"),
            ("p.messages", "hello"),
            ("p.how.kind", "z"),
            ("other", "1"),
        ]);
        let expected = json!({"prompt": "a boat", "seconds": 5, "loud": true, "size": 2, "image": "one",
            "refs": ["x", "y"], "messages": [{"role": "user", "content": "hello"}], "how": {"kind": "z"}});
        assert_eq!(Value::Object(read(&fields, &form)), expected);
        let wrong = read(&fields, &sent(&[("p.seconds", "soon"), ("p.prompt", "  "), ("p.loud", "false")]));
        assert_eq!(Value::Object(wrong), json!({"seconds": "soon", "loud": false}), "the schema judges it");
    }

    #[test]
    fn a_field_whose_condition_does_not_hold_is_not_sent() {
        let schema =
            json!({"type": "object", "properties": {"mode": {"enum": ["a", "b"]}, "extra": {"type": "string"}}});
        let mut hints = UiHints::default();
        hints.depends_on.insert("extra".into(), DependsOn { field: "mode".into(), values: vec![json!("b")] });
        let fields = fields(&schema, &hints);
        let read = |mode: &str| Value::Object(read(&fields, &sent(&[("p.mode", mode), ("p.extra", "x")])));
        assert_eq!(read("a"), json!({"mode": "a"}));
        assert_eq!(read("b"), json!({"mode": "b", "extra": "x"}));
    }
}
