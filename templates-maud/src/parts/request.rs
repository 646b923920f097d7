//! A request for a job as code that can be pasted and run: for a shell, in Python, in JavaScript. Never with a key in it.

use serde_json::{Map, Value};

/// By how much each level of a value stands further in, in Python.
const INDENT: usize = 4;

/// For a shell.
pub fn curl(url: &str, body: &Value) -> String {
    let quoted = format!("{body:#}").replace('\'', "'\\''");
    format!(
        "curl {url} \\\n  -H \"Authorization: Bearer $ZEPHYR_API_KEY\" \\\n  -H \"Content-Type: application/json\" \\\n  -H \"Prefer: wait=60\" \\\n  -d '{quoted}'"
    )
}

/// In Python, with nothing to install.
pub fn python(url: &str, body: &Value) -> String {
    let body = python_value(body, 0);
    format!(
        "import json, os, urllib.request\n\nbody = {body}\nrequest = urllib.request.Request(\n    \"{url}\",\n    data=json.dumps(body).encode(),\n    headers={{\n        \"Authorization\": f\"Bearer {{os.environ['ZEPHYR_API_KEY']}}\",\n        \"Content-Type\": \"application/json\",\n        \"Prefer\": \"wait=60\",\n    }},\n)\nprint(json.load(urllib.request.urlopen(request)))"
    )
}

/// In JavaScript, for Node or a browser.
pub fn javascript(url: &str, body: &Value) -> String {
    let body = format!("{body:#}").replace('\n', "\n  ");
    format!(
        "const answer = await fetch(\"{url}\", {{\n  method: \"POST\",\n  headers: {{\n    Authorization: `Bearer ${{process.env.ZEPHYR_API_KEY}}`,\n    \"Content-Type\": \"application/json\",\n    Prefer: \"wait=60\",\n  }},\n  body: JSON.stringify({body}),\n}});\nconsole.log(await answer.json());"
    )
}

/// A value of JSON as Python writes it. Its texts and numbers are written alike.
fn python_value(value: &Value, depth: usize) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(_) | Value::String(_) => value.to_string(),
        Value::Array(items) => {
            within('[', items.iter().map(|item| python_value(item, depth + 1)).collect(), ']', depth)
        }
        Value::Object(fields) => within('{', python_fields(fields, depth + 1), '}', depth),
    }
}

fn python_fields(fields: &Map<String, Value>, depth: usize) -> Vec<String> {
    let field = |(name, value)| format!("{}: {}", Value::from(String::clone(name)), python_value(value, depth));
    fields.iter().map(field).collect()
}

fn within(open: char, parts: Vec<String>, close: char, depth: usize) -> String {
    if parts.is_empty() {
        return format!("{open}{close}");
    }
    let (outer, inner) = (" ".repeat(depth * INDENT), " ".repeat((depth + 1) * INDENT));
    let lines: String = parts.iter().map(|part| format!("{inner}{part},\n")).collect();
    format!("{open}\n{lines}{outer}{close}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const URL: &str = "https://zephyr.example/v1/jobs";

    #[test]
    fn python_reads_as_python() {
        let body = json!({ "params": { "watermark": false, "seed": -1, "tags": ["a\"b", null], "none": {} } });
        let code = python(URL, &body);
        let dict = "body = {\n    \"params\": {\n        \"none\": {},\n        \"seed\": -1,\n        \"tags\": [\n            \"a\\\"b\",\n            None,\n        ],\n        \"watermark\": False,\n    },\n}\n";
        assert!(code.contains(dict), "{code}");
    }

    #[test]
    fn a_quote_in_a_prompt_does_not_end_what_a_shell_reads() {
        let code = curl(URL, &json!({ "params": { "prompt": "it's" } }));
        assert!(code.contains("it'\\''s") && code.ends_with('\''), "{code}");
    }

    #[test]
    fn javascript_stands_as_far_in_as_its_call() {
        let code = javascript(URL, &json!({ "model": "m" }));
        assert!(code.contains("body: JSON.stringify({\n    \"model\": \"m\"\n  }),"), "{code}");
    }
}
