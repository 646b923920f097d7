//! Sentences for what is wrong with parameters: where, what, and what would be right. Never repeats a value: it may be a prompt or an image.

use jsonschema::{ValidationError, Validator, error::ValidationErrorKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    MAX_ERRORS,
    defaults::{items, names, parts, properties},
    places::{Path, path_of},
};

/// The longest list of allowed values that an answer repeats.
const MAX_ALLOWED: usize = 50;
/// How different a name may be from the one that is suggested for it.
const MAX_DISTANCE: usize = 3;

/// One thing that is wrong with parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{param}: {message}")]
pub struct ParamError {
    /// Where: a path with dots, such as `messages.0.role`; empty for the whole.
    pub param: String,
    /// What is wrong, as a sentence without a full stop.
    pub message: String,
    /// The values that are allowed, where they can be listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<Vec<Value>>,
}

impl ParamError {
    pub(super) fn too_large() -> Self {
        Self {
            param: String::new(),
            message: "the parameters are nested too deeply or are too many".to_owned(),
            allowed: None,
        }
    }
}

/// Everything that is wrong, up to the limit.
pub(super) fn collect(schema: &Value, validator: &Validator, params: &Value) -> Vec<ParamError> {
    if validator.is_valid(params) {
        return Vec::new();
    }
    let mut wrong: Vec<_> =
        validator.iter_errors(params).take(MAX_ERRORS).flat_map(|error| describe(schema, &error)).collect();
    wrong.truncate(MAX_ERRORS);
    if wrong.is_empty() {
        wrong.push(ParamError {
            param: String::new(),
            message: "the parameters are not valid".to_owned(),
            allowed: None,
        });
    }
    wrong
}

/// The places that are at fault: the value itself, or the fields that are missing or unknown.
pub(super) fn places_of(error: &ValidationError<'_>) -> Vec<Path> {
    let path = path_of(error.instance_path().as_str());
    let inside = |name: &str| path.iter().cloned().chain([name.to_owned()]).collect();
    match error.kind() {
        ValidationErrorKind::Required { property } => vec![inside(property.as_str().unwrap_or_default())],
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            unexpected.iter().map(|name| inside(name)).collect()
        }
        _ => vec![path],
    }
}

/// The known name that a name was likely meant to be.
pub(super) fn nearest_name<'k>(known: &[&'k str], name: &str) -> Option<&'k str> {
    let near = known.iter().map(|known| (distance(name, known), *known)).min();
    near.filter(|(far, _)| *far <= MAX_DISTANCE).map(|(_, near)| near)
}

fn describe(schema: &Value, error: &ValidationError<'_>) -> Vec<ParamError> {
    let path = error.instance_path().as_str();
    let one = |message: String, allowed: Option<Vec<Value>>| vec![ParamError { param: dotted(path), message, allowed }];
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            vec![ParamError { param: join(path, name), message: "is required".to_owned(), allowed: None }]
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            unexpected.iter().map(|name| unknown(schema, path, name)).collect()
        }
        ValidationErrorKind::Enum { options } => {
            let allowed = options.as_array().filter(|values| values.len() <= MAX_ALLOWED).cloned();
            one("is not one of the allowed values".to_owned(), allowed)
        }
        ValidationErrorKind::Constant { expected_value } => {
            one(format!("must be {expected_value}"), Some(vec![(**expected_value).clone()]))
        }
        kind => one(sentence(schema, error, kind), None),
    }
}

/// What is wrong in a kind of error that has no list of what would be right.
fn sentence(schema: &Value, error: &ValidationError<'_>, kind: &ValidationErrorKind) -> String {
    use ValidationErrorKind as Kind;
    match kind {
        Kind::Minimum { limit } => format!("must be at least {limit}"),
        Kind::Maximum { limit } => format!("must be at most {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("must be more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        Kind::MultipleOf { .. } => "is not a multiple of the step".to_owned(),
        Kind::MinLength { limit } => format!("must have at least {limit} characters"),
        Kind::MaxLength { limit } => format!("must have at most {limit} characters"),
        Kind::MinItems { limit } => format!("must have at least {limit} items"),
        Kind::MaxItems { limit } => format!("must have at most {limit} items"),
        Kind::UniqueItems => "has an item twice".to_owned(),
        Kind::Type { .. } => format!("must be {}", expected_type(schema, error)),
        Kind::Pattern { pattern } => format!("must match {pattern}"),
        Kind::Format { format } => format!("must be a valid {format}"),
        Kind::Not { schema } => refused(schema),
        Kind::FalseSchema => "is not allowed here".to_owned(),
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } | Kind::OneOfMultipleValid { .. } => {
            "does not have one of the allowed forms".to_owned()
        }
        other => format!("does not satisfy {}", other.keyword()),
    }
}

/// The description of what a `not` refuses, if it has one.
fn refused(schema: &Value) -> String {
    let reason = schema.get("description").and_then(Value::as_str);
    reason.map_or_else(|| "has a form that is not allowed".to_owned(), ToOwned::to_owned)
}

fn expected_type(schema: &Value, error: &ValidationError<'_>) -> String {
    match schema.pointer(error.schema_path().as_str()) {
        Some(Value::String(kind)) => format!("of type {kind}"),
        Some(Value::Array(kinds)) => {
            let names: Vec<_> = kinds.iter().filter_map(Value::as_str).collect();
            format!("of type {}", names.join(" or "))
        }
        _ => "of another type".to_owned(),
    }
}

/// An unknown name, with the nearest known one.
fn unknown(schema: &Value, path: &str, name: &str) -> ParamError {
    let known = names_at(schema, path);
    let message = match nearest_name(&known, name) {
        Some(near) => format!("is unknown; did you mean {near}?"),
        None => "is unknown".to_owned(),
    };
    let allowed =
        (!known.is_empty() && known.len() <= MAX_ALLOWED).then(|| known.into_iter().map(Value::from).collect());
    ParamError { param: join(path, name), message, allowed }
}

/// The names that the schema knows at a place of the parameters.
fn names_at<'s>(root: &'s Value, path: &str) -> Vec<&'s str> {
    let mut here = parts(root, &[root]);
    for step in path.split('/').skip(1) {
        let named = properties(&here, step);
        let inner = if named.is_empty() { items(&here) } else { named };
        here = parts(root, &inner);
    }
    names(&here).into_iter().collect()
}

fn dotted(pointer: &str) -> String {
    let steps = pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~"));
    bounded(&steps.collect::<Vec<_>>().join("."))
}

fn join(pointer: &str, name: &str) -> String {
    let path = dotted(pointer);
    if path.is_empty() { bounded(name) } else { bounded(&format!("{path}.{name}")) }
}

/// A name from outside, short enough to repeat.
fn bounded(name: &str) -> String {
    name.chars().take(200).collect()
}

/// How many letters must be changed, added or removed to make one name of the other. Long names are never near.
pub(super) fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(65).collect(), b.chars().take(65).collect());
    if a.len() > 64 || b.len() > 64 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
