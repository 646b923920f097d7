//! `Charge`: an amount and the lines that it adds up from. The same list is the quote, the receipt and the explanation.
//!
//! Lines are exact; rounding is a line of its own. So the sum of the lines is the amount, to the last micro-credit.

use serde::{Deserialize, Serialize};

use super::{
    Meter, Rounding,
    condition::Reading,
    exact::{Exact, Factor, NotExact},
    facts::Subject,
};
use crate::Credits;

/// What something costs, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// What is held or charged: never negative, at most `MAX_AMOUNT`.
    pub amount: Credits,
    /// How it was rounded.
    pub rounding: Rounding,
    /// What it adds up from, in the order of the calculation.
    pub lines: Vec<ChargeLine>,
}

/// One step of the calculation, with the values that it was decided on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChargeLine {
    /// A quantity times its rate.
    Rate {
        /// What was counted.
        meter: Meter,
        /// What the price calls it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<String>,
        /// How much was counted in all.
        quantity: u64,
        /// How much of it this line charges.
        charged: u64,
        /// What `per` units cost.
        rate: Credits,
        /// How many units the rate is for.
        per: u64,
        /// Which tier the rate is from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tier: Option<TierReading>,
        /// What the condition of this rate read.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        because: Vec<Reading>,
        /// The exact result.
        amount: Exact,
    },
    /// All lines above, multiplied.
    Multiply {
        /// What the price calls it.
        label: String,
        /// By what.
        factor: Factor,
        /// What the condition read.
        because: Vec<Reading>,
        /// What this adds or takes away.
        amount: Exact,
    },
    /// An addition: flat, or for each unit of something.
    Add {
        /// What the price calls it.
        label: String,
        /// What is added, once or for every `per` units.
        rate: Credits,
        /// What is counted, when it is not flat.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        each: Option<Counted>,
        /// What the condition read.
        because: Vec<Reading>,
        /// The exact result.
        amount: Exact,
    },
    /// What was missing to the minimum charge.
    Minimum {
        /// The minimum.
        minimum: Credits,
        /// What was missing to it.
        amount: Exact,
    },
    /// What rounding added.
    Rounding {
        /// Less than one micro-credit.
        amount: Exact,
    },
}

/// The tier that a rate was taken from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierReading {
    /// What decides on the tier.
    pub by: Subject,
    /// Its value.
    pub value: u64,
    /// Where the tier ends, inclusive; none for the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<u64>,
}

/// A quantity that an addition was made for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// What was counted.
    pub meter: Meter,
    /// How much.
    pub quantity: u64,
    /// How many units the addition is for.
    pub per: u64,
}

impl ChargeLine {
    /// What this line contributes; only a discount is negative.
    #[must_use]
    pub const fn amount(&self) -> Exact {
        match self {
            Self::Rate { amount, .. }
            | Self::Multiply { amount, .. }
            | Self::Add { amount, .. }
            | Self::Minimum { amount, .. }
            | Self::Rounding { amount } => *amount,
        }
    }
}

impl Charge {
    /// Adds the lines up again.
    ///
    /// # Errors
    /// The sum does not fit: no price makes such lines.
    pub fn sum_of_lines(&self) -> Result<Exact, NotExact> {
        self.lines.iter().try_fold(Exact::ZERO, |sum, line| sum.plus(line.amount()))
    }

    /// Whether the lines add up to the amount exactly.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        self.sum_of_lines() == Ok(Exact::of(self.amount))
    }
}
