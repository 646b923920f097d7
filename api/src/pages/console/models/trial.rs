//! What a draft would be, found out by the functions of publishing and pricing. Nothing is changed by it.

use domain::{
    capability::{Capability, CapabilityDiff, CapabilityKind},
    pricing::PriceError,
    schema::{CompiledSchema, ParamError},
};
use projections::live::ModelEntry;
use serde_json::{Map, Value, json};
use templates_maud::{
    Words,
    console::models::{
        draft::{Draft, Problem},
        preview::{Preview, Priced},
    },
    form::{self, PREFIX, Sent},
};

use crate::{admin::catalog::publish::appraise, error::ApiResult, state::AppState};

/// A draft, and all that was found out about it.
pub struct Trial {
    /// As it was typed.
    pub draft: Draft,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
    /// It as a capability, if it can be read.
    pub capability: Option<Capability>,
    version: u32,
    diff: Option<CapabilityDiff>,
    values: Map<String, Value>,
    wrong: Vec<ParamError>,
    priced: Option<Result<Priced, String>>,
}

impl Trial {
    /// Tries a draft with the sample inputs that came with it.
    ///
    /// # Errors
    /// The store's. What is wrong with the draft is a finding.
    pub async fn of(
        state: &AppState,
        entry: &ModelEntry,
        kind: CapabilityKind,
        draft: Draft,
        sent: &Sent,
    ) -> ApiResult<Self> {
        let mut trial = Self {
            problems: Vec::new(),
            capability: None,
            version: entry.model.capabilities().get(&kind).map_or(0, |published| published.version),
            diff: None,
            values: Map::new(),
            wrong: Vec::new(),
            priced: None,
            draft,
        };
        match trial.draft.capability(kind) {
            Err(problems) => trial.problems = problems,
            Ok(capability) => {
                let appraised = appraise(state, entry, &capability).await?;
                trial.problems = appraised.issues.iter().map(|issue| trial.draft.locate(issue)).collect();
                (trial.version, trial.diff) = (appraised.version, appraised.diff);
                trial.price(state, &capability, sent);
                trial.capability = Some(capability);
            }
        }
        Ok(trial)
    }

    /// Prices the sample inputs: those that were sent, or the first example.
    fn price(&mut self, state: &AppState, capability: &Capability, sent: &Sent) {
        let Ok(schema) = CompiledSchema::new(&capability.param_schema) else { return };
        let typed = sent.iter().any(|(name, _)| name.starts_with(PREFIX));
        let example = || capability.ui_hints.examples.first().map(|example| example.params.clone());
        self.values = if typed {
            form::read(&form::fields(&capability.param_schema, &capability.ui_hints), sent)
        } else {
            example().unwrap_or_default()
        };
        match schema.resolve(Value::Object(self.values.clone())) {
            Ok(params) => self.priced = Some(priced(state, capability, &params).map_err(|error| error.to_string())),
            Err(wrong) if typed => self.wrong = wrong,
            Err(_) => {}
        }
    }

    /// What was found, to be shown.
    pub fn preview<'a>(&'a self, words: &'a Words, path: &'a str) -> Preview<'a> {
        Preview {
            words,
            draft: &self.draft,
            problems: &self.problems,
            capability: self.capability.as_ref(),
            version: self.version,
            diff: self.diff.as_ref(),
            values: &self.values,
            wrong: &self.wrong,
            priced: self.priced.clone(),
            path,
        }
    }
}

fn priced(state: &AppState, capability: &Capability, params: &Value) -> Result<Priced, PriceError> {
    let now = state.parts.store.now();
    let quote = capability.quote(params, now)?;
    let first = capability.routes.iter().filter(|route| route.weight > 0).min_by_key(|route| route.priority);
    let cost = first.and_then(|route| capability.cost_of(route));
    let cost = cost.and_then(|pricing| Capability { pricing, ..capability.clone() }.quote(params, now).ok());
    Ok(Priced { hold: quote.hold, expected: quote.expected, cost: cost.map(|cost| cost.expected.amount.micro()) })
}

/// What a capability begins with that the model does not have yet: as little as can be published once it has a route.
pub fn beginning(kind: CapabilityKind) -> Draft {
    let messages = json!({"type": "object", "required": ["messages"], "properties": {"messages": {"type": "array"}}});
    let input = json!({"type": "object", "required": ["input"], "properties": {"input": {"type": "string"}}});
    let prompt = json!({"type": "object", "required": ["prompt"], "additionalProperties": false,
        "properties": {"prompt": {"type": "string", "title": "Prompt", "minLength": 1, "maxLength": 4000}}});
    let (param_schema, layout) = match kind {
        CapabilityKind::Chat => (messages, "chat"),
        CapabilityKind::Embedding => (input, "simple"),
        _ => (prompt, "studio"),
    };
    let capability = json!({
        "kind": kind,
        "param_schema": param_schema,
        "ui_hints": {"layout": layout},
        "pricing": {"rates": [{"meter": "call", "tiers": [{"rate": "1"}]}]},
        "estimate": {},
        "policies": {"interactive": matches!(kind, CapabilityKind::Chat | CapabilityKind::Embedding)},
        "routes": [],
    });
    let capability: Option<Capability> = serde_json::from_value(capability).ok();
    capability.map_or_else(Draft::default, |capability| Draft::of(&capability, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_beginning_that_only_lacks_a_route() {
        for kind in CapabilityKind::ALL {
            let capability = beginning(kind).capability(kind).expect("it can be read");
            let paths: Vec<_> = capability.lint().into_iter().map(|issue| issue.path).collect();
            assert_eq!(paths, ["routes"], "{kind}");
        }
    }
}
