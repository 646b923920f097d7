//! Whether a capability may be published. What lint refuses is not callable: above all, what has no valid price.
//!
//! Checks schema, defaults, hints, price, estimate, policies and routes, and prices every example.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Capability, Count, Overrun, Route, Unknown};
use crate::{
    pricing::{Exact, MAX_PARTS, Meter, Subject},
    schema::CompiledSchema,
};

/// The most expressions that one estimate may have.
const MAX_COUNTS: usize = 1_000;
/// The most routes and examples of one capability.
const MAX_LIST: usize = 64;
/// When examples are priced: any time does, for what a price counts does not depend on it.
const EXAMPLE_MOMENT: DateTime<Utc> = DateTime::<Utc>::UNIX_EPOCH;

/// Something that is wrong with a capability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{path}: {message}")]
pub struct LintIssue {
    /// Where in the capability, as a path with dots.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

type Issues = Vec<LintIssue>;

fn note(issues: &mut Issues, path: &str, message: impl ToString) {
    issues.push(LintIssue { path: path.to_owned(), message: message.to_string() });
}

impl Capability {
    /// All that is wrong with it; nothing, if it may be published.
    #[must_use]
    pub fn lint(&self) -> Vec<LintIssue> {
        let mut issues = Issues::new();
        self.lint_price(&mut issues);
        self.lint_estimate(&mut issues);
        self.lint_policies(&mut issues);
        self.lint_routes(&mut issues);
        match CompiledSchema::new(&self.param_schema) {
            Err(error) => note(&mut issues, "param_schema", error),
            Ok(schema) => {
                lint_defaults(&self.param_schema, &self.param_schema, "param_schema", &mut issues);
                self.lint_fields(&mut issues);
                self.lint_examples(&schema, &mut issues);
            }
        }
        issues
    }

    /// What is wrong with what the routes cost us: a cost that counts what nothing bounds, or that an example can't be costed by,
    /// would hide the margin. Refused when publishing; what was published before stays callable.
    #[must_use]
    pub fn lint_costs(&self) -> Vec<LintIssue> {
        let mut issues = Issues::new();
        let Ok(schema) = CompiledSchema::new(&self.param_schema) else { return issues };
        let examples = self
            .ui_hints
            .examples
            .iter()
            .take(MAX_LIST)
            .filter_map(|example| schema.resolve(Value::Object(example.params.clone())).ok());
        let examples: Vec<Value> = examples.collect();
        for (index, route) in self.routes.iter().enumerate().take(MAX_LIST) {
            let Some(cost) = self.cost_of(route) else { continue };
            let costed = Self { pricing: cost, ..self.clone() };
            let mut found = Issues::new();
            costed.lint_estimate(&mut found);
            let refused = examples.iter().filter_map(|params| costed.quote(params, EXAMPLE_MOMENT).err()).next();
            found.extend(refused.map(|error| LintIssue { path: String::new(), message: error.to_string() }));
            if let Some(first) = found.first() {
                note(&mut issues, &format!("routes.{index}.cost"), &first.message);
            }
        }
        issues
    }

    fn lint_price(&self, issues: &mut Issues) {
        if let Err(error) = self.pricing.validate() {
            note(issues, "pricing", error);
        }
    }

    fn lint_estimate(&self, issues: &mut Issues) {
        for meter in self.pricing.meters() {
            if !matches!(meter, Meter::Call | Meter::CachedInputToken) && !self.estimate.0.contains_key(&meter) {
                note(issues, "estimate", format!("the price counts {meter}, and nothing bounds it"));
            }
        }
        if self.estimate.counts().count() > MAX_COUNTS {
            note(issues, "estimate", "has too many parts");
        }
        for subject in self.estimate.subjects() {
            if matches!(subject, Subject::Usage(_)) {
                note(issues, "estimate", "reads a usage, which nobody knows beforehand");
            }
        }
        for count in self.estimate.counts() {
            self.lint_count(count, issues);
        }
        for (meter, bound) in &self.estimate.0 {
            let loose = |count: &Count| matches!(count, Count::Text(measure) if measure.bytes_per_token != 1);
            if bound.hold.all().into_iter().any(loose) {
                note(issues, &format!("estimate.{meter}.hold"), "only one token per byte bounds a text");
            }
        }
    }

    fn lint_count(&self, count: &Count, issues: &mut Issues) {
        let fact = match count {
            Count::Fact(name) => Some(name),
            _ => None,
        };
        let read = match count {
            Count::Cases { of, .. } => of.iter().flat_map(|case| case.when.subjects()).collect(),
            _ => Vec::new(),
        };
        let read = read.into_iter().filter_map(|subject| match subject {
            Subject::Fact(name) => Some(name),
            _ => None,
        });
        for name in fact.into_iter().chain(read).filter(|name| !self.pricing.facts.contains_key(*name)) {
            note(issues, "estimate", format!("the fact {name:?} is not derived by the price"));
        }
        let empty = match count {
            Count::Least(counts) | Count::Greatest(counts) => counts.is_empty(),
            Count::Scaled { over, .. } => *over == 0,
            Count::Text(measure) => measure.bytes_per_token == 0,
            _ => false,
        };
        if empty {
            note(issues, "estimate", "has an empty choice or a division by zero");
        }
    }

    fn lint_policies(&self, issues: &mut Issues) {
        let Unknown::ReleaseAfter { seconds } = self.policies.unknown;
        if !(1..=Unknown::MAX_SECONDS).contains(&seconds) {
            note(issues, "policies.unknown", "must be between a second and a week");
        }
        if let Overrun::Debt { max } = self.policies.overrun
            && !max.is_amount()
        {
            note(issues, "policies.overrun", "the debt is negative or absurd");
        }
    }

    fn lint_routes(&self, issues: &mut Issues) {
        if !self.routes.iter().any(|route| route.weight > 0) {
            note(issues, "routes", "at least one route must take work");
        }
        if self.routes.len() > MAX_LIST {
            note(issues, "routes", "are too many");
        }
        for (index, route) in self.routes.iter().enumerate() {
            if let Err(message) = route.check() {
                note(issues, &format!("routes.{index}"), message);
            }
        }
    }

    /// Names in hints, and parameters that the price reads, must be known to the schema.
    fn lint_fields(&self, issues: &mut Issues) {
        let known: BTreeSet<&str> =
            self.param_schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        for field in self.ui_hints.fields().filter(|field| !known.contains(field)) {
            note(issues, "ui_hints", format!("the schema has no field {field:?}"));
        }
        let closed = self.param_schema.get("additionalProperties") == Some(&Value::Bool(false));
        let counted: Vec<Subject> = self.estimate.params_counted().collect();
        for subject in self.pricing.subjects().chain(self.estimate.subjects()).chain(&counted) {
            if let Subject::Param(path) = subject
                && closed
                && !path.split('.').next().is_some_and(|name| known.contains(name))
            {
                note(issues, "pricing", format!("the schema has no parameter {path:?}"));
            }
        }
    }

    fn lint_examples(&self, schema: &CompiledSchema, issues: &mut Issues) {
        if self.ui_hints.examples.len() > MAX_LIST {
            note(issues, "ui_hints.examples", "are too many");
        }
        for (index, example) in self.ui_hints.examples.iter().enumerate() {
            let path = format!("ui_hints.examples.{index}");
            match schema.resolve(Value::Object(example.params.clone())) {
                Err(errors) => errors.iter().for_each(|error| note(issues, &path, error)),
                Ok(params) => {
                    if let Err(error) = self.quote(&params, EXAMPLE_MOMENT) {
                        note(issues, &path, error);
                    }
                }
            }
        }
    }
}

impl Route {
    fn check(&self) -> Result<(), String> {
        let named = |name: &str| !name.is_empty() && name.len() <= 200 && !name.contains(char::is_whitespace);
        if !named(&self.provider) || !named(&self.upstream_model) {
            return Err("needs a provider and its model, without blanks".to_owned());
        }
        let Some(cost) = &self.cost else { return Ok(()) };
        if cost.currency.len() > MAX_PARTS || !Exact::parse(&cost.credits_per_unit).is_ok_and(|rate| rate > Exact::ZERO)
        {
            return Err("the cost needs a currency and what one unit of it was taken for".to_owned());
        }
        cost.price.validate().map_err(|error| format!("the cost: {error}"))
    }
}

/// Every default must be valid where it stands.
fn lint_defaults(root: &Value, schema: &Value, path: &str, issues: &mut Issues) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    for (name, inner) in properties {
        let path = format!("{path}.{name}");
        if let Some(default) = inner.get("default") {
            let alone = json!({"$defs": root.get("$defs").cloned().unwrap_or_else(|| json!({})),
                "type": "object", "required": ["it"], "properties": {"it": inner}});
            let valid = CompiledSchema::new(&alone).map(|schema| schema.resolve(json!({"it": default})));
            if !matches!(valid, Ok(Ok(_))) {
                note(issues, &path, "the default is not valid");
            }
        }
        lint_defaults(root, inner, &path, issues);
    }
}
