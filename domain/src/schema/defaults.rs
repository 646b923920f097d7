//! Completes parameters before they are validated: nulls of optional fields are dropped, defaults are filled in.
//!
//! Follows `properties`, `items`, `allOf` and references within the schema; never chooses between alternatives (`oneOf`, `anyOf`, `if`).

use serde_json::{Map, Value};

/// The most sub-schemas that are looked at for one value.
const MAX_PARTS: usize = 64;

/// Removes explicit nulls of fields that are optional and do not allow null: all such fields at the top, known ones inside.
///
/// Inside what passes through, a null may mean something.
pub(super) fn drop_nulls(root: &Value, params: &mut Value) {
    drop_nulls_at(root, &[root], params, 0);
}

fn drop_nulls_at(root: &Value, schemas: &[&Value], params: &mut Value, depth: usize) {
    let all = parts(root, schemas);
    match params {
        Value::Object(fields) => {
            fields.retain(|name, value| !value.is_null() || keeps_null(root, &all, name, depth));
            for (name, value) in fields.iter_mut() {
                drop_nulls_at(root, &properties(&all, name), value, depth + 1);
            }
        }
        Value::Array(list) => {
            let inner = items(&all);
            list.iter_mut().for_each(|item| drop_nulls_at(root, &inner, item, depth + 1));
        }
        _ => {}
    }
}

/// Fills in the defaults of absent fields, in the object itself and in given objects inside.
pub(super) fn fill(root: &Value, schemas: &[&Value], params: &mut Value) {
    let all = parts(root, schemas);
    match params {
        Value::Object(fields) => fill_object(root, &all, fields),
        Value::Array(list) => {
            let inner = items(&all);
            list.iter_mut().for_each(|item| fill(root, &inner, item));
        }
        _ => {}
    }
}

fn fill_object(root: &Value, all: &[&Value], fields: &mut Map<String, Value>) {
    for name in names(all) {
        let inner = parts(root, &properties(all, name));
        if let Some(value) = fields.get_mut(name) {
            fill(root, &inner, value);
        } else if let Some(default) = inner.iter().find_map(|part| part.get("default")) {
            fields.insert(name.to_owned(), default.clone());
        }
    }
}

/// The schemas with all that they include for sure: the targets of their references and of `allOf`. Each once, up to a limit.
pub(super) fn parts<'s>(root: &'s Value, schemas: &[&'s Value]) -> Vec<&'s Value> {
    let mut all: Vec<&Value> = Vec::new();
    let mut open = schemas.to_vec();
    while let Some(schema) = open.pop() {
        if all.len() >= MAX_PARTS || all.iter().any(|seen| std::ptr::eq(*seen, schema)) {
            continue;
        }
        all.push(schema);
        let reference = schema.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
        open.extend(reference.and_then(|pointer| root.pointer(pointer)));
        open.extend(schema.get("allOf").and_then(Value::as_array).into_iter().flatten());
    }
    all
}

/// What these schemas say of one field.
pub(super) fn properties<'s>(schemas: &[&'s Value], name: &str) -> Vec<&'s Value> {
    schemas.iter().filter_map(|schema| schema.get("properties")?.get(name)).collect()
}

/// What these schemas say of the items of a list.
pub(super) fn items<'s>(schemas: &[&'s Value]) -> Vec<&'s Value> {
    schemas.iter().filter_map(|schema| schema.get("items")).collect()
}

/// The names of the fields that these schemas know, each once, sorted.
pub(super) fn names<'s>(schemas: &[&'s Value]) -> std::collections::BTreeSet<&'s str> {
    let known = schemas.iter().filter_map(|schema| schema.get("properties")?.as_object());
    known.flat_map(|fields| fields.keys().map(String::as_str)).collect()
}

/// Whether a null stays there: the field is required, or null is one of its values, or nobody knows what it is.
fn keeps_null(root: &Value, all: &[&Value], name: &str, depth: usize) -> bool {
    let lists = all.iter().filter_map(|part| part.get("required")?.as_array());
    let required = lists.flatten().any(|required| required == name);
    let known = properties(all, name);
    required || (known.is_empty() && depth > 0) || parts(root, &known).into_iter().any(allows_null)
}

fn allows_null(schema: &Value) -> bool {
    let typed =
        |kind: &Value| kind == "null" || kind.as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "null"));
    let listed = schema.get("enum").and_then(Value::as_array).is_some_and(|values| values.contains(&Value::Null));
    listed || schema.get("type").is_some_and(typed) || schema.get("const") == Some(&Value::Null)
}
