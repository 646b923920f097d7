//! Prices as data, and their evaluation: what is counted, its rates, what changes them, and the explanation of every charge.
//!
//! | phase    | where          | what                                                        |
//! |----------|----------------|-------------------------------------------------------------|
//! | validate | `validate.rs`  | refuses prices that are no prices, or that fall as usage rises |
//! | evaluate | `evaluate.rs`  | rates, modifiers, minimum, rounding: one line each          |
//!
//! Never a float, and never code in a price: a price that was frozen on a job gives the same charge for ever.

mod charge;
mod condition;
mod evaluate;
mod exact;
mod facts;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
mod time_of_day;
mod validate;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub(crate) use self::facts::at;
pub use self::{
    charge::{Charge, ChargeLine, Counted, TierReading},
    condition::{Condition, Reading},
    exact::{Exact, Factor, NotExact},
    facts::{Derivation, Facts, MAX_QUANTITY, MAX_READ_BYTES, Meter, PricedParams, Quantities, Subject},
    time_of_day::{TimeOfDay, Zone},
    validate::{InvalidPrice, MAX_PARTS},
};
use crate::Credits;

/// What a capability costs. A price is only good after [`Price::validate`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// What is counted, and what it costs. Each one whose condition holds adds a line.
    pub rates: Vec<Rate>,
    /// What changes the sum of the rates, applied in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modifiers: Vec<Modifier>,
    /// The least that is charged once anything was used. A usage of zero in all that is counted costs nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Credits>,
    /// How the exact sum becomes an amount.
    #[serde(default)]
    pub rounding: Rounding,
    /// Numbers derived from the parameters, by their name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, Derivation>,
    /// A word to whoever maintains the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How an exact sum becomes whole micro-credits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// Up to the next micro-credit, once, at the end.
    #[default]
    UpToMicroCredit,
}

/// What one kind of thing costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// What is counted.
    pub meter: Meter,
    /// What a receipt calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// How many units the rates are for.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub per: u64,
    /// How many units are free.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub included: u64,
    /// When it applies; always, if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// What decides on the tier. Needed when there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Subject>,
    /// The rates, lowest tier first. The tier holds for the whole quantity.
    pub tiers: Vec<Tier>,
}

/// The rate of one tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Up to which value, inclusive; the last tier has no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<u64>,
    /// What `per` units cost.
    pub rate: Credits,
    /// What `per` units from a cache cost; input tokens only. Without it they cost as much as the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_rate: Option<Credits>,
}

/// A change of the sum so far, under a condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Modifier {
    /// What a receipt calls it.
    pub label: String,
    /// When it applies.
    pub when: Condition,
    /// What it does.
    pub effect: Effect,
}

/// What a modifier does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Effect {
    /// Multiplies the sum so far.
    Multiply(Factor),
    /// Adds this once, if anything was used.
    Add(Credits),
    /// Adds this for every `per` units of something.
    AddEach {
        /// What is counted.
        meter: Meter,
        /// How many units the rate is for.
        #[serde(default = "one", skip_serializing_if = "is_one")]
        per: u64,
        /// What they cost.
        rate: Credits,
    },
}

/// Why a price gives no amount. Nothing is held or charged then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// A rate needs a quantity that the usage does not name. It is never taken for zero.
    #[error("the usage does not say how many of {0:?}")]
    MissingUsage(Meter),
    /// A quantity is beyond [`MAX_QUANTITY`].
    #[error("a usage of {quantity} for {meter:?} is absurd")]
    AbsurdUsage {
        /// What was counted.
        meter: Meter,
        /// What it was said to be.
        quantity: u64,
    },
    /// More tokens from the cache than tokens.
    #[error("a usage of {cached} cached tokens among {input} input tokens contradicts itself")]
    Contradiction {
        /// All of them.
        input: u64,
        /// Those from the cache.
        cached: u64,
    },
    /// A fact that the price needs can't be derived from the parameters.
    #[error("{0} can't be derived from the parameters")]
    MissingFact(String),
    /// A parameter that the price counts with is absent.
    #[error("the parameter {0} is needed for the price")]
    MissingParam(String),
    /// A parameter that the price reads is not what it can read: a short text, a number, a truth value.
    #[error("the parameter {0} is not something that a price can read")]
    UnreadableParam(String),
    /// Something of the request has no upper bound for a hold.
    #[error("there is no bound for the cost of {0}")]
    Unbounded(String),
    /// The result is not between zero and `MAX_AMOUNT`, or the calculation left its range.
    #[error("the price is out of range")]
    OutOfRange,
}

impl From<NotExact> for PriceError {
    fn from(_: NotExact) -> Self {
        Self::OutOfRange
    }
}

impl Price {
    /// Everything that the price reads, in its conditions and tiers.
    pub fn subjects(&self) -> impl Iterator<Item = &Subject> {
        let of_rates =
            self.rates.iter().flat_map(|rate| rate.when.iter().flat_map(Condition::subjects).chain(&rate.by));
        of_rates.chain(self.modifiers.iter().flat_map(|modifier| modifier.when.subjects()))
    }

    /// What a usage has to name to be priced.
    #[must_use]
    pub fn meters(&self) -> std::collections::BTreeSet<Meter> {
        let rated = self.rates.iter().map(|rate| rate.meter);
        let cached = self.rates.iter().filter(|rate| rate.has_cached_rate()).map(|_| Meter::CachedInputToken);
        let added = self.modifiers.iter().filter_map(|modifier| match modifier.effect {
            Effect::AddEach { meter, .. } => Some(meter),
            Effect::Multiply(_) | Effect::Add(_) => None,
        });
        let read = self.subjects().filter_map(|subject| match subject {
            Subject::Usage(meter) => Some(*meter),
            Subject::Param(_) | Subject::Fact(_) | Subject::Time(_) => None,
        });
        rated.chain(cached).chain(added).chain(read).collect()
    }
}

impl Rate {
    fn has_cached_rate(&self) -> bool {
        self.tiers.iter().any(|tier| tier.cached_rate.is_some())
    }
}

const fn one() -> u64 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_one(number: &u64) -> bool {
    *number == 1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}
