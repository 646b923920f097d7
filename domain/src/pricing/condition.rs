//! Conditions over parameters, facts and usage, as data. They compare exactly, and tell what they read.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    PriceError,
    exact::Exact,
    facts::{Facts, Subject},
    time_of_day::TimeOfDay,
};

/// When a rate or a modifier applies. An absent parameter equals nothing and lies in no range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// Every one holds.
    All(Vec<Condition>),
    /// At least one holds.
    Any(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// The subject has this value; numbers compare by value, `1` and `1.0` are equal.
    Equals {
        /// What is looked at.
        subject: Subject,
        /// What it should be.
        value: Value,
    },
    /// The subject has one of these values.
    In {
        /// What is looked at.
        subject: Subject,
        /// What it may be.
        values: Vec<Value>,
    },
    /// The subject is a number within these bounds, both inclusive.
    Range {
        /// What is looked at.
        subject: Subject,
        /// Not below this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<serde_json::Number>,
        /// Not above this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<serde_json::Number>,
    },
    /// The request came within this window of the day; it may span midnight, and its end is not part of it.
    TimeOfDay {
        /// The clock that is looked at: `time.UTC+08:00`.
        subject: Subject,
        /// From this minute on.
        from: TimeOfDay,
        /// Until before this minute.
        until: TimeOfDay,
    },
    /// The parameter was given, or has a default.
    Present {
        /// What is looked at.
        subject: Subject,
    },
}

/// One value that a decision was taken on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// What was looked at.
    pub subject: Subject,
    /// What stood there; null when it was absent.
    pub value: Value,
}

impl Condition {
    /// Whether it holds.
    ///
    /// # Errors
    /// A fact or a quantity that it needs is unknown.
    pub fn holds(&self, facts: &Facts<'_>) -> Result<bool, PriceError> {
        match self {
            Self::All(parts) => parts.iter().try_fold(true, |all, part| Ok(part.holds(facts)? && all)),
            Self::Any(parts) => parts.iter().try_fold(false, |any, part| Ok(part.holds(facts)? || any)),
            Self::Not(part) => Ok(!part.holds(facts)?),
            Self::Equals { subject, value } => Ok(facts.value(subject)?.is_some_and(|seen| same(&seen, value))),
            Self::In { subject, values } => {
                Ok(facts.value(subject)?.is_some_and(|seen| values.iter().any(|value| same(&seen, value))))
            }
            Self::Range { subject, min, max } => {
                Ok(facts.value(subject)?.and_then(|seen| number(&seen)).is_some_and(|seen| within(seen, min, max)))
            }
            Self::TimeOfDay { subject, from, until } => match subject {
                Subject::Time(zone) => Ok(facts.time(*zone)?.is_within(*from, *until)),
                _ => Ok(false),
            },
            Self::Present { subject } => Ok(facts.value(subject)?.is_some()),
        }
    }

    /// Everything that it reads, in order.
    #[must_use]
    pub fn subjects(&self) -> Vec<&Subject> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::subjects).collect(),
            Self::Not(part) => part.subjects(),
            Self::Equals { subject, .. }
            | Self::In { subject, .. }
            | Self::Range { subject, .. }
            | Self::TimeOfDay { subject, .. }
            | Self::Present { subject } => vec![subject],
        }
    }

    /// The values that it was decided on.
    pub(super) fn readings(&self, facts: &Facts<'_>) -> Result<Vec<Reading>, PriceError> {
        let reading = |subject: &Subject| {
            let value = facts.value(subject)?.map_or(Value::Null, std::borrow::Cow::into_owned);
            Ok(Reading { subject: subject.clone(), value })
        };
        self.subjects().into_iter().map(reading).collect()
    }

    /// Whether more usage can only make it true, never false again. What reads no usage is steady, and so rising.
    #[must_use]
    pub fn is_rising(&self) -> bool {
        let steady = |subject: &Subject| !matches!(subject, Subject::Usage(_));
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().all(Self::is_rising),
            Self::Not(part) => part.subjects().into_iter().all(steady),
            Self::Range { subject, max: None, .. } => !reads_cache(subject),
            Self::Equals { subject, .. } | Self::In { subject, .. } | Self::Range { subject, .. } => steady(subject),
            Self::TimeOfDay { .. } | Self::Present { .. } => true,
        }
    }

    /// How deeply it is nested.
    pub(super) fn depth(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) => 1 + parts.iter().map(Self::depth).max().unwrap_or(0),
            Self::Not(part) => 1 + part.depth(),
            _ => 1,
        }
    }

    /// Whether its numbers can be compared exactly.
    pub(super) fn is_exact(&self) -> bool {
        let exact = |value: &Value| !value.is_number() || number(value).is_some();
        match self {
            Self::All(parts) | Self::Any(parts) => !parts.is_empty() && parts.iter().all(Self::is_exact),
            Self::Not(part) => part.is_exact(),
            Self::Equals { value, .. } => exact(value),
            Self::In { values, .. } => !values.is_empty() && values.iter().all(exact),
            Self::Range { min, max, .. } => {
                (min.is_some() || max.is_some())
                    && [min, max].into_iter().flatten().all(|bound| Exact::parse(&bound.to_string()).is_ok())
            }
            Self::TimeOfDay { subject, from, until } => matches!(subject, Subject::Time(_)) && from != until,
            Self::Present { .. } => true,
        }
    }
}

/// Cached tokens make a charge smaller, so a bound knows nothing of them.
pub(super) fn reads_cache(subject: &Subject) -> bool {
    *subject == Subject::Usage(super::facts::Meter::CachedInputToken)
}

fn within(seen: Exact, min: &Option<serde_json::Number>, max: &Option<serde_json::Number>) -> bool {
    let bound = |bound: &Option<serde_json::Number>| bound.as_ref().map(|number| Exact::parse(&number.to_string()));
    let above = bound(min).is_none_or(|bound| bound.is_ok_and(|bound| seen >= bound));
    above && bound(max).is_none_or(|bound| bound.is_ok_and(|bound| seen <= bound))
}

/// The exact value of a JSON number, read from its text and not from a float.
fn number(value: &Value) -> Option<Exact> {
    match value {
        Value::Number(number) => Exact::parse(&number.to_string()).ok(),
        _ => None,
    }
}

fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => {
            a == b || Exact::parse(&a.to_string()).is_ok_and(|a| Exact::parse(&b.to_string()) == Ok(a))
        }
        _ => left == right,
    }
}
