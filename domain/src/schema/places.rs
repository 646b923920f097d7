//! Finds what a schema says about one place of the parameters, in every branch it may take, and the values that it names there.
//!
//! Bounded: it looks at no more than so many sub-schemas, and lists no more than so many values.

use serde_json::{Map, Value};

/// The most sub-schemas that are looked at for one place.
const MAX_SCHEMAS: usize = 256;
/// The most values that are named for one place.
const MAX_VALUES: usize = 64;
/// The widest range of integers whose every value is named.
const MAX_RANGE: i64 = 32;
/// Keywords that hold further schemas for the same place.
const SAME_PLACE: [&str; 6] = ["if", "then", "else", "allOf", "anyOf", "oneOf"];

/// A place: the names and indices that lead to it.
pub(super) type Path = Vec<String>;

/// The place of a JSON pointer.
pub(super) fn path_of(pointer: &str) -> Path {
    pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
}

/// Everything that the schema says about a place, whatever branch it stands in.
pub(super) fn schemas_at<'s>(root: &'s Value, path: &[String]) -> Vec<&'s Value> {
    let mut here = branches(root, vec![root]);
    for step in path {
        let named = here.iter().filter_map(|schema| schema.get("properties")?.get(step));
        let inner: Vec<&Value> = match step.parse::<usize>() {
            Ok(_) => named.chain(here.iter().filter_map(|schema| schema.get("items"))).collect(),
            Err(_) => named.collect(),
        };
        here = branches(root, inner);
    }
    here
}

/// The schemas with all that they may include: references, and every branch of a choice.
fn branches<'s>(root: &'s Value, start: Vec<&'s Value>) -> Vec<&'s Value> {
    let (mut all, mut open): (Vec<&Value>, Vec<&Value>) = (Vec::new(), start);
    while let Some(schema) = open.pop() {
        if all.len() >= MAX_SCHEMAS || all.iter().any(|seen| std::ptr::eq(*seen, schema)) {
            continue;
        }
        all.push(schema);
        let reference = schema.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
        open.extend(reference.and_then(|pointer| root.pointer(pointer)));
        for keyword in SAME_PLACE {
            match schema.get(keyword) {
                Some(Value::Array(list)) => open.extend(list),
                Some(other) => open.push(other),
                None => {}
            }
        }
        open.extend(schema.get("dependentSchemas").and_then(Value::as_object).into_iter().flat_map(Map::values));
    }
    all
}

/// The names of the fields at the top, in every branch.
pub(super) fn names(root: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for schema in branches(root, vec![root]) {
        let fields = schema.get("properties").and_then(Value::as_object);
        names.extend(fields.into_iter().flatten().map(|(name, _)| name.as_str()));
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// The values that the schemas of a place name one by one: its choices, truth values, and small ranges.
pub(super) fn choices(schemas: &[&Value]) -> Vec<Value> {
    let mut values = Vec::new();
    for schema in schemas {
        extend(&mut values, schema.get("enum").and_then(Value::as_array).into_iter().flatten().cloned());
        extend(&mut values, schema.get("const").cloned());
        if schema.get("type") == Some(&Value::from("boolean")) {
            extend(&mut values, [true, false].map(Value::from));
        }
        if let Some((least, most)) = integers(schema).filter(|(least, most)| most.saturating_sub(*least) <= MAX_RANGE) {
            extend(&mut values, (least..=most).map(Value::from));
        }
    }
    values
}

/// The choices of a place, and what else could stand there instead of a value that does not fit.
pub(super) fn candidates(schemas: &[&Value], value: Option<&Value>) -> Vec<Value> {
    let mut values = choices(schemas);
    for schema in schemas {
        extend(&mut values, schema.get("default").cloned());
        extend(&mut values, ["minimum", "maximum"].into_iter().filter_map(|keyword| schema.get(keyword).cloned()));
        let Some(value) = value else { continue };
        extend(&mut values, stepped(schema, value));
        extend(&mut values, shortened(schema, value));
    }
    if let Some(value) = value {
        extend(&mut values, converted(value));
    }
    values
}

fn extend(values: &mut Vec<Value>, more: impl IntoIterator<Item = Value>) {
    for value in more {
        if values.len() < MAX_VALUES && !values.contains(&value) {
            values.push(value);
        }
    }
}

/// The bounds of a schema of integers.
fn integers(schema: &Value) -> Option<(i64, i64)> {
    let bound = |keyword: &str| schema.get(keyword).and_then(Value::as_i64);
    let least = bound("minimum").or_else(|| bound("exclusiveMinimum")?.checked_add(1))?;
    let most = bound("maximum").or_else(|| bound("exclusiveMaximum")?.checked_sub(1))?;
    (schema.get("type") == Some(&Value::from("integer")) && least <= most).then_some((least, most))
}

/// The multiples of a step around a whole number and at the bounds, and the whole numbers beside exclusive bounds.
fn stepped(schema: &Value, value: &Value) -> Vec<Value> {
    let number = |keyword: &str| schema.get(keyword).and_then(Value::as_i64);
    let least = number("minimum").or_else(|| number("exclusiveMinimum")?.checked_add(1));
    let most = number("maximum").or_else(|| number("exclusiveMaximum")?.checked_sub(1));
    let step = number("multipleOf").filter(|step| *step > 0).unwrap_or(1);
    let below = |number: i64| number.div_euclid(step).saturating_mul(step);
    let above = |number: i64| below(number.saturating_add(step - 1));
    let around = value.as_i64().map(|number| [below(number), above(number)]);
    let ends = [least.map(above), most.map(below)].into_iter().flatten();
    around.into_iter().flatten().chain(ends).map(Value::from).collect()
}

/// A list or a text cut to the longest that is allowed.
fn shortened(schema: &Value, value: &Value) -> Option<Value> {
    let most = |keyword: &str| schema.get(keyword).and_then(Value::as_u64).and_then(|most| usize::try_from(most).ok());
    match value {
        Value::Array(items) => {
            let most = most("maxItems").filter(|most| *most < items.len())?;
            Some(items[..most].to_vec().into())
        }
        Value::String(text) => {
            let most = most("maxLength")?;
            let (end, _) = text.char_indices().nth(most)?;
            Some(text[..end].into())
        }
        _ => None,
    }
}

/// The same value as another type: a number that was sent as a text, one thing instead of a list of one.
fn converted(value: &Value) -> Vec<Value> {
    match value {
        Value::String(text) => {
            let read = serde_json::from_str::<Value>(text).ok().filter(|read| read.is_number() || read.is_boolean());
            read.into_iter().chain([Value::from(vec![value.clone()])]).collect()
        }
        Value::Number(number) => {
            let whole = number.as_f64().filter(|real| real.fract() == 0.0 && real.abs() < 9e15);
            let whole = whole.and_then(|_| number.to_string().split('.').next()?.parse::<i64>().ok()).map(Value::from);
            whole.into_iter().chain([Value::from(number.to_string())]).collect()
        }
        Value::Array(items) => items.first().cloned().into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The value at a place.
pub(super) fn at<'v>(params: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(params, |value, step| match value {
        Value::Object(fields) => fields.get(step),
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        _ => None,
    })
}

/// Puts a value to a place, or takes it away, and gives what stood there. A place whose parent is missing stays as it is.
pub(super) fn put(params: &mut Value, path: &[String], value: Option<Value>) -> Option<Value> {
    let (last, parents) = path.split_last()?;
    let mut here = params;
    for step in parents {
        here = match here {
            Value::Object(fields) => fields.get_mut(step)?,
            Value::Array(items) => items.get_mut(step.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    match (here, value) {
        (Value::Object(fields), Some(value)) => fields.insert(last.clone(), value),
        (Value::Object(fields), None) => fields.remove(last),
        (Value::Array(items), Some(value)) => {
            let item = items.get_mut(last.parse::<usize>().ok()?)?;
            Some(std::mem::replace(item, value))
        }
        _ => None,
    }
}
