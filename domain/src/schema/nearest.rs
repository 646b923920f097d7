//! What a refused request could have been: the values that are allowed beside the others, and the nearest request that is valid.
//!
//! A bounded search by trial: the schema is never analysed, only asked. It never makes up a text, and gives up rather than
//! take long.

use jsonschema::Validator;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Bounds, CompiledSchema, MAX_ERRORS, ParamError,
    defaults::{parts, properties},
    errors::nearest_name,
    places::{self, Path, at, candidates, choices, put, schemas_at},
};

/// The most trials for one request, and for one that is large.
const TRIALS: (usize, usize) = (600, 8);
/// How many bytes of parameters are looked at in all trials together.
const WORK_BYTES: usize = 8 * 1024 * 1024;
/// The most fields that are changed on the way to a valid request.
const MAX_CHANGES: usize = 8;
/// The most fields that are looked at when nobody says which one is at fault.
const MAX_FIELDS: usize = 40;
/// The most values that an answer lists for one field.
const MAX_ALLOWED: usize = 50;
/// How far it is to leave a field out: further than any other value of it.
const LEFT_OUT: u64 = 10_000_000;

/// Why parameters are refused, and what would not be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refused {
    /// Each thing that is wrong, with the values that are allowed beside the others where they can be listed.
    pub errors: Vec<ParamError>,
    /// The nearest request that is valid, if one was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest: Option<Nearest>,
}

/// A valid request near to a refused one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Nearest {
    /// All of its parameters.
    pub params: Value,
    /// What is different from the refused one.
    pub changes: Vec<ParamChange>,
}

/// One parameter that is different.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParamChange {
    /// Its path with dots.
    pub param: String,
    /// Its value; null to leave it out.
    pub value: Option<Value>,
}

/// One step of the search: a place and what to put there.
#[derive(Clone)]
struct Change {
    path: Path,
    value: Option<Value>,
    /// How far it is from what was sent.
    distance: u64,
}

/// A trial of a request, as long as there is room for trials.
struct Search<'s> {
    schema: &'s Value,
    validator: &'s Validator,
    /// As it was sent, without nulls and defaults.
    given: &'s Value,
    /// With its defaults, and what was changed so far.
    params: Value,
    trials: usize,
}

impl CompiledSchema {
    /// Validates parameters and completes them, as [`CompiledSchema::resolve`]; what is refused is explained.
    ///
    /// # Errors
    /// Each thing that is wrong, and what would be right.
    pub fn resolve_or_explain(&self, params: Value) -> Result<Value, Box<Refused>> {
        if !Bounds::PARAMS.hold(&params) {
            return Err(Box::new(Refused { errors: vec![ParamError::too_large()], nearest: None }));
        }
        let completed = self.complete(params);
        let errors = super::errors::collect(self.schema(), self.validator(), &completed);
        if errors.is_empty() { Ok(completed) } else { Err(Box::new(self.explain(completed, errors))) }
    }

    fn explain(&self, completed: Value, errors: Vec<ParamError>) -> Refused {
        let given = self.without_defaults(completed.clone());
        let trials = (WORK_BYTES / size_of(&completed).max(1)).clamp(TRIALS.1, TRIALS.0);
        let search =
            |params| Search { schema: self.schema(), validator: self.validator(), given: &given, params, trials };
        let changes = search(completed.clone()).repair().unwrap_or_default();
        let mut trial = search(completed);
        let errors = errors.into_iter().map(|error| trial.allow(error, &changes)).collect();
        let nearest = if changes.is_empty() { None } else { self.near(given.clone(), &changes) };
        Refused { errors, nearest }
    }

    /// The same request without what it need not say: fields at the top that have their default.
    #[must_use]
    pub fn without_defaults(&self, mut params: Value) -> Value {
        let root = parts(self.schema(), &[self.schema()]);
        let is_default = |name: &str, value: &Value| {
            let known = parts(self.schema(), &properties(&root, name));
            known.iter().find_map(|part| part.get("default")) == Some(value)
        };
        if let Some(fields) = params.as_object_mut() {
            fields.retain(|name, value| !is_default(name, value));
        }
        params
    }

    /// The request as it was sent, with the changes, if that is valid.
    fn near(&self, mut params: Value, changes: &[Change]) -> Option<Nearest> {
        for Change { path, value, .. } in changes {
            put(&mut params, path, value.clone());
        }
        self.resolve(params.clone()).ok()?;
        let change = |change: &Change| ParamChange { param: change.path.join("."), value: change.value.clone() };
        Some(Nearest { params, changes: changes.iter().map(change).collect() })
    }
}

impl Search<'_> {
    /// The places of all that is wrong; an error of the whole has the empty place.
    fn faults(&self) -> Vec<Path> {
        let errors = self.validator.iter_errors(&self.params).take(MAX_ERRORS);
        errors.flat_map(|error| super::errors::places_of(&error)).collect()
    }

    /// How much is wrong once a change is made. The parameters are as before afterwards.
    fn try_out(&mut self, change: &Change) -> Option<Vec<Path>> {
        self.trials = self.trials.checked_sub(1)?;
        let was = put(&mut self.params, &change.path, change.value.clone());
        let faults = self.faults();
        put(&mut self.params, &change.path, was);
        Some(faults)
    }

    /// The changes that make the parameters valid, each the best of its round.
    fn repair(&mut self) -> Option<Vec<Change>> {
        let mut made: Vec<Change> = Vec::new();
        let mut faults = self.faults();
        while !faults.is_empty() {
            if made.len() == MAX_CHANGES {
                return None;
            }
            let (change, left) = self.best(&faults)?;
            if let Some(name) = renamed(self.schema, &change)
                && let Some(value) = at(&self.params, &change.path).cloned()
                && at(self.given, &name).is_none()
            {
                put(&mut self.params, &name, Some(value.clone()));
                made.push(Change { path: name, value: Some(value), distance: 0 });
            }
            put(&mut self.params, &change.path, change.value.clone());
            made.retain(|earlier| earlier.path != change.path);
            made.push(change);
            faults = if left == 0 { Vec::new() } else { self.faults() };
        }
        Some(made)
    }

    /// The change that leaves least wrong, the nearest first: of what is at fault, or else of any field.
    fn best(&mut self, faults: &[Path]) -> Option<(Change, usize)> {
        let mut suspects: Vec<Path> = faults.iter().filter(|path| !path.is_empty()).cloned().collect();
        suspects.dedup();
        let anywhere = faults.iter().any(Vec::is_empty);
        let found = self.best_of(&suspects, faults.len());
        match found {
            Some(found) if !anywhere || found.1 == 0 => Some(found),
            found => {
                let fields = places::names(self.schema).into_iter().take(MAX_FIELDS);
                let fields: Vec<Path> = fields.map(|name| vec![name.to_owned()]).collect();
                let other = self.best_of(&fields, faults.len());
                [found, other].into_iter().flatten().min_by_key(|(change, left)| (*left, change.distance))
            }
        }
    }

    fn best_of(&mut self, places: &[Path], wrong: usize) -> Option<(Change, usize)> {
        let mut best: Option<(Change, usize)> = None;
        for path in places {
            for change in self.changes_at(path) {
                let Some(left) = self.try_out(&change).map(|faults| faults.len()) else { return best };
                let nearer = |(known, fewest): &(Change, usize)| (left, change.distance) < (*fewest, known.distance);
                if left < wrong && best.as_ref().is_none_or(nearer) {
                    best = Some((change, left));
                }
            }
        }
        best
    }

    /// What could stand at a place instead, the nearest first, and nothing at all last.
    fn changes_at(&self, path: &Path) -> Vec<Change> {
        let value = at(&self.params, path);
        let schemas = schemas_at(self.schema, path);
        let others = candidates(&schemas, value).into_iter().filter(|other| Some(other) != value);
        let change = |other: Value| {
            let distance = value.map_or(1, |value| distance(value, &other));
            Change { path: path.clone(), value: Some(other), distance }
        };
        let mut changes: Vec<Change> = others.map(change).collect();
        changes.sort_by_key(|change| change.distance);
        let named = path.last().is_some_and(|step| step.parse::<usize>().is_err());
        if value.is_some() && named {
            changes.push(Change { path: path.clone(), value: None, distance: LEFT_OUT });
        }
        changes
    }

    /// Lists the values of the field at fault that would be right beside all the others.
    ///
    /// When only the whole is at fault, the field is named whose one change mends it.
    fn allow(&mut self, error: ParamError, changes: &[Change]) -> ParamError {
        let path: Path = match changes {
            [only] if error.param.is_empty() => only.path.clone(),
            _ => error.param.split('.').map(ToOwned::to_owned).collect(),
        };
        let wrong = self.faults().len();
        let mut allowed = Vec::new();
        for value in choices(&schemas_at(self.schema, &path)) {
            let change = Change { path: path.clone(), value: Some(value), distance: 0 };
            let Some(faults) = self.try_out(&change) else { return error };
            if !faults.contains(&path) && faults.len() < wrong {
                allowed.extend(change.value);
            }
        }
        match allowed.len() {
            1..=MAX_ALLOWED => ParamError { param: path.join("."), allowed: Some(allowed), ..error },
            _ if error.param.is_empty() => ParamError { param: path.join("."), ..error },
            _ => error,
        }
    }
}

/// Where an unknown field belongs: the nearest known name beside it.
fn renamed(schema: &Value, change: &Change) -> Option<Path> {
    let (last, parents) = change.path.split_last()?;
    if change.value.is_some() || !schemas_at(schema, &change.path).is_empty() {
        return None;
    }
    let here = schemas_at(schema, parents);
    let known: Vec<&str> = here
        .iter()
        .filter_map(|schema| schema.get("properties")?.as_object())
        .flat_map(|fields| fields.keys().map(String::as_str))
        .collect();
    let name = nearest_name(&known, last)?;
    Some(parents.iter().cloned().chain([name.to_owned()]).collect())
}

/// How far a value is from another, in millionths: by the numbers in both, or by their letters.
fn distance(value: &Value, other: &Value) -> u64 {
    let (left, right) = (text_of(value), text_of(other));
    let (numbers, others) = (numbers_of(&left), numbers_of(&right));
    let letters = u64::try_from(super::errors::distance(&left, &right)).unwrap_or(1_000).min(1_000);
    if numbers.is_empty() || numbers.len() != others.len() {
        return 1_000_000 + letters * 1_000;
    }
    let apart = |(a, b): (&u64, &u64)| a.abs_diff(*b).saturating_mul(1_000_000) / (*a).max(1);
    numbers.iter().zip(&others).map(apart).sum::<u64>() / numbers.len() as u64 + letters
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.chars().take(64).collect(),
        Value::Array(_) | Value::Object(_) => String::new(),
        other => other.to_string(),
    }
}

/// The whole numbers in a text: `1024x768` has two.
fn numbers_of(text: &str) -> Vec<u64> {
    let digits = text.split(|letter: char| !letter.is_ascii_digit()).filter(|digits| !digits.is_empty());
    digits.take(4).map(|digits| digits.chars().take(12).collect::<String>().parse().unwrap_or(0)).collect()
}

/// About how many bytes the parameters have.
fn size_of(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(size_of).sum::<usize>() + 2,
        Value::Object(fields) => fields.iter().map(|(name, value)| name.len() + 4 + size_of(value)).sum::<usize>() + 2,
        _ => 4,
    }
}
