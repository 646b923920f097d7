//! A capability as it is typed: JSON texts and rows of routes, read back as typed, and put together as a capability.
//!
//! What is wrong with it has its part and its line. Never a judgement of its own: that is the lint's of publishing.

use domain::capability::{Capability, CapabilityKind, Estimate, Example, LintIssue, Policies, Route, UiHints};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::place::line_of;
use crate::form::Sent;

/// The most routes that a form sends.
pub const ROUTES_MAX: usize = 64;

/// A part of a capability that has a field of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The parameters.
    ParamSchema,
    /// The form.
    UiHints,
    /// Fillings of the form.
    Examples,
    /// The price.
    Pricing,
    /// The hold.
    Estimate,
    /// What happens otherwise.
    Policies,
    /// Who does it.
    Routes,
}

impl Part {
    /// Those that are JSON texts, in the order of the page.
    pub const TEXTS: [Self; 6] =
        [Self::ParamSchema, Self::UiHints, Self::Examples, Self::Pricing, Self::Estimate, Self::Policies];

    /// Its name in forms and anchors.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ParamSchema => "param_schema",
            Self::UiHints => "ui_hints",
            Self::Examples => "examples",
            Self::Pricing => "pricing",
            Self::Estimate => "estimate",
            Self::Policies => "policies",
            Self::Routes => "routes",
        }
    }
}

/// Something that is wrong with a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub part: Part,
    /// On which line of its text, or in which row, from one.
    pub line: usize,
    /// Where within the part, as a path with dots; often nothing.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

/// A draft as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The JSON texts, in the order of [`Part::TEXTS`].
    texts: [String; Part::TEXTS.len()],
    /// The routes.
    pub routes: Vec<RouteDraft>,
}

/// A route as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteDraft {
    /// The provider's name.
    pub provider: String,
    /// The model there.
    pub upstream_model: String,
    /// Lower goes first.
    pub priority: String,
    /// The share.
    pub weight: String,
    /// What it costs us, as JSON, or nothing.
    pub cost: String,
}

impl RouteDraft {
    const fn is_empty(&self) -> bool {
        self.provider.is_empty() && self.upstream_model.is_empty() && self.cost.is_empty()
    }
}

impl Draft {
    /// A capability as texts, with the routes of now.
    #[must_use]
    pub fn of(capability: &Capability, routes: &[Route]) -> Self {
        let hints = UiHints { examples: Vec::new(), ..capability.ui_hints.clone() };
        let mut hints = serde_json::to_value(hints).unwrap_or_default();
        hints.as_object_mut().map(|hints| hints.remove("examples"));
        let texts = [
            pretty(&capability.param_schema),
            pretty(&hints),
            pretty(&capability.ui_hints.examples),
            pretty(&capability.pricing),
            pretty(&capability.estimate),
            pretty(&capability.policies),
        ];
        Self { texts, routes: routes.iter().map(RouteDraft::of).collect() }
    }

    /// What a form sent, as it was typed.
    #[must_use]
    pub fn read(sent: &Sent) -> Self {
        let last = |name: &str| sent.iter().rev().find(|(given, _)| given == name).map(|(_, text)| text.clone());
        let texts = Part::TEXTS.map(|part| last(part.name()).unwrap_or_default().replace("\r\n", "\n"));
        let all = |name: &str| -> Vec<String> {
            sent.iter().filter(|(given, _)| given == name).map(|(_, text)| text.trim().to_owned()).collect()
        };
        let mut columns = ["provider", "upstream_model", "priority", "weight", "cost"]
            .map(|name| all(&format!("route.{name}")).into_iter());
        let mut routes = Vec::new();
        for _ in 0..ROUTES_MAX {
            let [Some(provider), upstream_model, priority, weight, cost] = columns.each_mut().map(Iterator::next)
            else {
                break;
            };
            let [upstream_model, priority, weight, cost] =
                [upstream_model, priority, weight, cost].map(Option::unwrap_or_default);
            let route = RouteDraft { provider, upstream_model, priority, weight, cost };
            routes.extend(Some(route).filter(|route| !route.is_empty()));
        }
        Self { texts, routes }
    }

    /// The text of a part.
    #[must_use]
    pub fn text(&self, part: Part) -> &str {
        let place = Part::TEXTS.iter().position(|known| *known == part);
        place.map_or("", |place| &self.texts[place])
    }

    /// The draft as a capability.
    ///
    /// # Errors
    /// All that can't be read, with its line.
    pub fn capability(&self, kind: CapabilityKind) -> Result<Capability, Vec<Problem>> {
        let mut problems = Vec::new();
        let param_schema: Option<Value> = self.part(Part::ParamSchema, &mut problems);
        let ui_hints: Option<UiHints> = self.part(Part::UiHints, &mut problems);
        let examples: Option<Vec<Example>> = self.part(Part::Examples, &mut problems);
        let pricing = self.part(Part::Pricing, &mut problems);
        let estimate: Option<Estimate> = self.part(Part::Estimate, &mut problems);
        let policies: Option<Policies> = self.part(Part::Policies, &mut problems);
        let routes = self.routes.iter().enumerate().map(|(row, route)| route.read(row, &mut problems));
        let routes: Vec<Option<Route>> = routes.collect();
        if let Some(hints) = &ui_hints
            && !hints.examples.is_empty()
        {
            let line = line_of(self.text(Part::UiHints), &["examples"]);
            problems.push(problem(Part::UiHints, line, "examples", "examples have a field of their own, below"));
        }
        match (param_schema, ui_hints, examples, pricing, estimate, policies) {
            (Some(param_schema), Some(hints), Some(examples), Some(pricing), Some(estimate), Some(policies))
                if problems.is_empty() =>
            {
                let ui_hints = UiHints { examples, ..hints };
                let routes = routes.into_iter().flatten().collect();
                Ok(Capability { kind, param_schema, ui_hints, pricing, estimate, policies, routes })
            }
            _ => Err(problems),
        }
    }

    fn part<T: DeserializeOwned>(&self, part: Part, problems: &mut Vec<Problem>) -> Option<T> {
        let empty = match part {
            Part::UiHints | Part::Estimate => "{}",
            Part::Examples => "[]",
            _ => "",
        };
        let text = Some(self.text(part)).filter(|text| !text.trim().is_empty()).unwrap_or(empty);
        match serde_json::from_str(text) {
            Ok(value) => Some(value),
            Err(error) => {
                problems.push(problem(part, error.line().max(1), "", &said(&error)));
                None
            }
        }
    }

    /// Where an issue of the lint stands in the draft.
    #[must_use]
    pub fn locate(&self, issue: &LintIssue) -> Problem {
        let steps: Vec<&str> = issue.path.split('.').collect();
        let (part, path) = match &steps[..] {
            ["param_schema", rest @ ..] => (Part::ParamSchema, rest),
            ["ui_hints", "examples", rest @ ..] => (Part::Examples, rest),
            ["ui_hints", rest @ ..] => (Part::UiHints, rest),
            ["estimate", rest @ ..] => (Part::Estimate, rest),
            ["policies", rest @ ..] => (Part::Policies, rest),
            ["routes", rest @ ..] => (Part::Routes, rest),
            ["pricing", rest @ ..] => (Part::Pricing, rest),
            rest => (Part::Pricing, rest),
        };
        let line = match part {
            Part::Routes => path.first().and_then(|row| row.parse::<usize>().ok()).map_or(1, |row| row + 1),
            Part::ParamSchema => {
                let within: Vec<&str> = path.iter().flat_map(|name| ["properties", *name]).collect();
                line_of(self.text(part), &within)
            }
            _ => line_of(self.text(part), path),
        };
        problem(part, line, &path.join("."), &issue.message)
    }
}

impl RouteDraft {
    fn of(route: &Route) -> Self {
        Self {
            provider: route.provider.clone(),
            upstream_model: route.upstream_model.clone(),
            priority: route.priority.to_string(),
            weight: route.weight.to_string(),
            cost: route.cost.as_ref().map(pretty).unwrap_or_default(),
        }
    }

    fn read(&self, row: usize, problems: &mut Vec<Problem>) -> Option<Route> {
        let line = row + 1;
        let mut number = |name: &str, text: &str, empty: u32| match text {
            "" => Some(empty),
            text => {
                text.parse().map_err(|_| problems.push(problem(Part::Routes, line, name, "is a whole number"))).ok()
            }
        };
        let (priority, weight) = (number("priority", &self.priority, 0), number("weight", &self.weight, 1));
        let cost = match self.cost.as_str() {
            "" => Some(None),
            text => serde_json::from_str(text)
                .map(Some)
                .map_err(|error| problems.push(problem(Part::Routes, line, "cost", &error.to_string())))
                .ok(),
        };
        Some(Route {
            provider: self.provider.clone(),
            upstream_model: self.upstream_model.clone(),
            priority: priority?,
            weight: weight?,
            cost: cost?,
        })
    }
}

fn problem(part: Part, line: usize, path: &str, message: &str) -> Problem {
    Problem { part, line, path: path.to_owned(), message: message.to_owned() }
}

/// The error without its place, which stands beside it, but with its column.
fn said(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&place) {
        Some(what) if error.column() > 0 => format!("{what} (column {})", error.column()),
        Some(what) => what.to_owned(),
        None => text,
    }
}

fn pretty(part: &impl Serialize) -> String {
    serde_json::to_string_pretty(part).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn capability() -> Capability {
        let value = json!({
            "kind": "text_to_image",
            "param_schema": {"type": "object", "properties": {"prompt": {"type": "string"}}},
            "ui_hints": {"layout": "studio", "examples": [{"title": "One", "params": {"prompt": "a boat"}}]},
            "pricing": {"rates": [{"meter": "call", "tiers": [{"rate": "0.5"}]}]},
            "estimate": {}, "policies": {"interactive": false},
            "routes": [{"provider": "ark", "upstream_model": "m", "priority": 2, "weight": 3}],
        });
        serde_json::from_value(value).expect("a capability")
    }

    fn sent(draft: &Draft) -> Vec<(String, String)> {
        let texts = Part::TEXTS.iter().map(|part| (part.name().to_owned(), draft.text(*part).replace('\n', "\r\n")));
        let empty = RouteDraft::default();
        let routes = draft.routes.iter().chain([&empty]).flat_map(|route| {
            let RouteDraft { provider, upstream_model, priority, weight, cost } = route.clone();
            let columns = [provider, upstream_model, priority, weight, cost];
            ["provider", "upstream_model", "priority", "weight", "cost"]
                .map(|name| format!("route.{name}"))
                .into_iter()
                .zip(columns)
        });
        texts.chain(routes).collect()
    }

    #[test]
    fn what_is_shown_reads_back_as_it_was() {
        let capability = capability();
        let draft = Draft::of(&capability, &capability.routes);
        let read = Draft::read(&sent(&draft));
        assert_eq!(read, draft, "an empty row is no route");
        assert_eq!(read.capability(capability.kind), Ok(capability));
    }

    #[test]
    fn what_can_not_be_read_has_its_part_and_line() {
        let capability = capability();
        let mut draft = Draft::of(&capability, &capability.routes);
        draft.texts[0] = "{\n  \"type\": object\n}".to_owned();
        draft.texts[3] = "{\n  \"rates\": [],\n  \"discount\": 1\n}".to_owned();
        draft.routes[0].weight = "much".to_owned();
        let problems = draft.capability(capability.kind).expect_err("it is wrong");
        let places: Vec<_> = problems.iter().map(|problem| (problem.part, problem.line)).collect();
        assert_eq!(places, [(Part::ParamSchema, 2), (Part::Pricing, 3), (Part::Routes, 1)]);
        assert!(problems[1].message.contains("discount"), "{problems:?}");
    }

    #[test]
    fn an_issue_of_the_lint_is_found_in_the_texts() {
        let capability = capability();
        let draft = Draft::of(&capability, &capability.routes);
        let at = |path: &str| {
            let problem = draft.locate(&LintIssue { path: path.to_owned(), message: "wrong".to_owned() });
            let text = draft.text(problem.part).lines().nth(problem.line - 1).unwrap_or_default().trim().to_owned();
            (problem.part, text)
        };
        assert_eq!(at("param_schema.prompt"), (Part::ParamSchema, "\"prompt\": {".to_owned()));
        assert_eq!(at("ui_hints.examples.0").0, Part::Examples);
        assert_eq!(at("policies.unknown"), (Part::Policies, "\"unknown\": {".to_owned()));
        assert_eq!(at("routes.0.cost").0, Part::Routes);
        assert_eq!(at("estimate"), (Part::Estimate, "{}".to_owned()));
    }
}
