//! What changed between two versions of a capability: schema, hints, price, estimate, policies and routes, value by value.
//!
//! Bounded: a difference that is too long says so. Never a judgement: whether a change is a good one, a rehearsal shows.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Capability;

/// The most changes that one part lists.
pub const MAX_CHANGES: usize = 200;

/// The difference of two versions, by the parts of a capability.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapabilityDiff {
    /// Of the parameters.
    pub param_schema: PartDiff,
    /// Of the form.
    pub ui_hints: PartDiff,
    /// Of the price.
    pub pricing: PartDiff,
    /// Of the hold.
    pub estimate: PartDiff,
    /// Of what happens otherwise.
    pub policies: PartDiff,
    /// Of who does it.
    pub routes: PartDiff,
}

/// The changes of one part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartDiff {
    /// In the order of the document.
    pub changes: Vec<Change>,
    /// Whether there are more than [`MAX_CHANGES`].
    pub truncated: bool,
}

/// One value that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Where: a JSON pointer within the part.
    pub path: String,
    /// What stood there; absent when it was added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What stands there; absent when it was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

impl Capability {
    /// What is different in a later version.
    #[must_use]
    pub fn diff(&self, later: &Self) -> CapabilityDiff {
        CapabilityDiff {
            param_schema: PartDiff::of(&self.param_schema, &later.param_schema),
            ui_hints: PartDiff::of(&json(&self.ui_hints), &json(&later.ui_hints)),
            pricing: PartDiff::of(&json(&self.pricing), &json(&later.pricing)),
            estimate: PartDiff::of(&json(&self.estimate), &json(&later.estimate)),
            policies: PartDiff::of(&json(&self.policies), &json(&later.policies)),
            routes: PartDiff::of(&json(&self.routes), &json(&later.routes)),
        }
    }
}

impl CapabilityDiff {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let parts = [&self.param_schema, &self.ui_hints, &self.pricing, &self.estimate, &self.policies, &self.routes];
        parts.into_iter().all(|part| part.changes.is_empty())
    }
}

impl PartDiff {
    fn of(before: &Value, after: &Value) -> Self {
        let mut diff = Self::default();
        diff.compare("", Some(before), Some(after));
        diff
    }

    fn compare(&mut self, path: &str, before: Option<&Value>, after: Option<&Value>) {
        match (before, after) {
            (Some(before), Some(after)) if before == after => {}
            (Some(Value::Object(before)), Some(Value::Object(after))) => self.compare_fields(path, before, after),
            (Some(Value::Array(before)), Some(Value::Array(after))) if has_parts(before) && has_parts(after) => {
                for index in 0..before.len().max(after.len()) {
                    self.compare(&format!("{path}/{index}"), before.get(index), after.get(index));
                }
            }
            _ => self.note(path, before, after),
        }
    }

    fn compare_fields(&mut self, path: &str, before: &Map<String, Value>, after: &Map<String, Value>) {
        let added = after.keys().filter(|name| !before.contains_key(*name));
        for name in before.keys().chain(added) {
            let step = name.replace('~', "~0").replace('/', "~1");
            self.compare(&format!("{path}/{step}"), before.get(name), after.get(name));
        }
    }

    fn note(&mut self, path: &str, before: Option<&Value>, after: Option<&Value>) {
        if self.changes.len() == MAX_CHANGES {
            self.truncated = true;
            return;
        }
        self.changes.push(Change { path: path.to_owned(), before: before.cloned(), after: after.cloned() });
    }
}

/// Lists of plain values, such as those of an `enum`, are one value.
fn has_parts(list: &[Value]) -> bool {
    list.iter().any(|item| item.is_object() || item.is_array())
}

fn json(part: &impl Serialize) -> Value {
    serde_json::to_value(part).expect("parts of plain data are JSON")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::capability::tests::chat;

    fn capability(value: Value) -> Capability {
        serde_json::from_value(value).expect("a capability")
    }

    #[test]
    fn names_each_part_and_place_that_differs() {
        let before = capability(chat());
        let mut value = chat();
        value["pricing"]["rates"][1]["tiers"][0]["rate"] = json!("5");
        value["param_schema"]["properties"]["max_tokens"]["maximum"] = json!(9);
        value["routes"][0]["weight"] = json!(3);
        let diff = before.diff(&capability(value));
        let rate =
            Change { path: "/rates/1/tiers/0/rate".to_owned(), before: Some(json!("4")), after: Some(json!("5")) };
        assert_eq!(diff.pricing.changes, [rate]);
        let maximum = Change { path: "/properties/max_tokens/maximum".to_owned(), before: None, after: Some(json!(9)) };
        assert_eq!(diff.param_schema.changes, [maximum]);
        assert_eq!(diff.routes.changes[0].path, "/0/weight");
        assert!(diff.ui_hints.changes.is_empty() && diff.policies.changes.is_empty() && !diff.is_empty());
        assert!(before.diff(&before).is_empty());
    }

    #[test]
    fn a_list_of_plain_values_is_one_value_and_a_long_difference_says_so() {
        let one = PartDiff::of(&json!({"enum": ["a", "b"]}), &json!({"enum": ["a"]}));
        assert_eq!((one.changes.len(), one.changes[0].path.as_str()), (1, "/enum"));
        let many: Map<String, Value> = (0..300).map(|index| (format!("a/{index}"), json!(index))).collect();
        let long = PartDiff::of(&json!({}), &Value::Object(many));
        assert!(long.truncated && long.changes.len() == MAX_CHANGES);
        assert_eq!(long.changes[0].path, "/a~10");
    }
}
