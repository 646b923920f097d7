//! Refuses prices that are no prices: missing, negative or absurd rates, open tiers, unknown facts.
//!
//! And it refuses prices that fall while usage rises, because then no upper bound of the usage bounds the charge, and a hold would be too small.

use super::{
    Condition, Effect, Factor, Meter, Modifier, Price, Rate, Subject, Tier, condition::reads_cache, facts::MAX_QUANTITY,
};
use crate::Credits;

/// The most rates, modifiers, tiers, facts or parts of a condition that one list of a price may hold.
pub const MAX_PARTS: usize = 64;
/// The most units that one rate may be for.
const MAX_PER: u64 = 1_000_000_000;
/// How deeply conditions may be nested.
const MAX_DEPTH: usize = 8;
/// The longest label or note, in bytes.
const MAX_LABEL: usize = 500;

/// Why something is no price.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPrice {
    /// Nothing is counted.
    #[error("a price needs at least one rate")]
    NoRates,
    /// A list, a text or a nesting is longer than allowed.
    #[error("{0} is too long or nested too deeply")]
    TooLarge(&'static str),
    /// A rate, addition or minimum is negative, or above the largest amount.
    #[error("{0} is negative or absurd")]
    BadAmount(String),
    /// A rate for no units, or for too many, or with nothing but free units.
    #[error("the units of {0} are zero or absurd")]
    BadUnits(Meter),
    /// Tiers that are missing, do not rise, do not end open, or do not say what decides on them.
    #[error("the tiers of {0} must rise, end with an open one, and say what they go by")]
    BadTiers(Meter),
    /// A cached rate that is above the normal one, given for only some tiers, or for something else than input tokens.
    #[error("the cached rate of {0} must stand in every tier, be at most the rate, and be for input tokens")]
    BadCachedRate(Meter),
    /// A condition that is empty, or compares with a number that can't be compared exactly.
    #[error("the condition of {0} is empty or compares with something that is no exact number")]
    BadCondition(String),
    /// More usage could cost less: a rate that falls, a discount that usage unlocks, a charge that usage ends.
    #[error("{0} lets the charge fall while the usage rises")]
    Falls(String),
    /// A condition or tier that reads a fact which the price does not derive.
    #[error("the fact {0:?} is not derived")]
    UnknownFact(String),
}

impl Price {
    /// Whether this is a price that can be charged and held for.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn validate(&self) -> Result<(), InvalidPrice> {
        let long = |list: usize| list > MAX_PARTS;
        if self.rates.is_empty() {
            return Err(InvalidPrice::NoRates);
        }
        if long(self.rates.len()) || long(self.modifiers.len()) || long(self.facts.len()) {
            return Err(InvalidPrice::TooLarge("a list of the price"));
        }
        if self.note.as_ref().is_some_and(|note| note.len() > MAX_LABEL) {
            return Err(InvalidPrice::TooLarge("the note"));
        }
        if self.minimum.is_some_and(|minimum| !minimum.is_amount()) {
            return Err(InvalidPrice::BadAmount("the minimum".to_owned()));
        }
        self.rates.iter().try_for_each(Rate::validate)?;
        self.modifiers.iter().try_for_each(Modifier::validate)?;
        let unknown = self.subjects().find_map(|subject| match subject {
            Subject::Fact(name) if !self.facts.contains_key(name) => Some(name.clone()),
            _ => None,
        });
        unknown.map_or(Ok(()), |name| Err(InvalidPrice::UnknownFact(name)))
    }
}

impl Rate {
    fn validate(&self) -> Result<(), InvalidPrice> {
        let name = || format!("the rate of {}", self.meter);
        if !(1..=MAX_PER).contains(&self.per) || self.included > MAX_QUANTITY {
            return Err(InvalidPrice::BadUnits(self.meter));
        }
        if self.meter == Meter::CachedInputToken {
            return Err(InvalidPrice::BadCachedRate(self.meter));
        }
        if self.label.as_ref().is_some_and(|label| label.len() > MAX_LABEL) {
            return Err(InvalidPrice::TooLarge("a label"));
        }
        if let Some(when) = &self.when {
            validate_condition(when, name)?;
            if !when.is_rising() {
                return Err(InvalidPrice::Falls(name()));
            }
        }
        self.validate_tiers()?;
        self.validate_amounts()
    }

    fn validate_tiers(&self) -> Result<(), InvalidPrice> {
        if self.tiers.len() > MAX_PARTS {
            return Err(InvalidPrice::TooLarge("a list of tiers"));
        }
        let Some((last, ended)) = self.tiers.split_last() else { return Err(InvalidPrice::BadTiers(self.meter)) };
        let rising = ended.windows(2).all(|pair| pair[0].up_to < pair[1].up_to);
        let ends = last.up_to.is_none() && ended.iter().all(|tier| tier.up_to.is_some());
        let timed = matches!(self.by, Some(Subject::Time(_)));
        if !rising || !ends || timed || (self.by.is_none() && !ended.is_empty()) {
            return Err(InvalidPrice::BadTiers(self.meter));
        }
        let dearer = |pair: &[Tier]| pair[0].rate <= pair[1].rate && pair[0].cached_rate <= pair[1].cached_rate;
        let by_usage = matches!(self.by, Some(Subject::Usage(_)));
        if by_usage && !self.tiers.windows(2).all(dearer) || self.by.as_ref().is_some_and(reads_cache) {
            return Err(InvalidPrice::Falls(format!("the tiers of {}", self.meter)));
        }
        Ok(())
    }

    fn validate_amounts(&self) -> Result<(), InvalidPrice> {
        let amounts = || self.tiers.iter().flat_map(|tier| [Some(tier.rate), tier.cached_rate]).flatten();
        if !amounts().all(Credits::is_amount) {
            return Err(InvalidPrice::BadAmount(format!("the rate of {}", self.meter)));
        }
        let fits = |tier: &Tier| tier.cached_rate.is_some_and(|cached| cached <= tier.rate);
        let cached_is_good = self.meter == Meter::InputToken && self.included == 0 && self.tiers.iter().all(fits);
        if self.has_cached_rate() && !cached_is_good {
            return Err(InvalidPrice::BadCachedRate(self.meter));
        }
        Ok(())
    }
}

impl Modifier {
    fn validate(&self) -> Result<(), InvalidPrice> {
        let name = || format!("the modifier {:?}", self.label);
        if self.label.is_empty() || self.label.len() > MAX_LABEL {
            return Err(InvalidPrice::TooLarge("a label"));
        }
        validate_condition(&self.when, name)?;
        let reads_usage = self.when.subjects().into_iter().any(|subject| matches!(subject, Subject::Usage(_)));
        let (amount, falls) = match self.effect {
            Effect::Multiply(factor) => (Credits::ZERO, reads_usage && factor < Factor::ONE),
            Effect::Add(rate) => (rate, false),
            Effect::AddEach { rate, per, meter } => {
                if !(1..=MAX_PER).contains(&per) {
                    return Err(InvalidPrice::BadUnits(meter));
                }
                (rate, meter == Meter::CachedInputToken)
            }
        };
        if !amount.is_amount() {
            return Err(InvalidPrice::BadAmount(name()));
        }
        if falls || !self.when.is_rising() { Err(InvalidPrice::Falls(name())) } else { Ok(()) }
    }
}

fn validate_condition(condition: &Condition, name: impl Fn() -> String) -> Result<(), InvalidPrice> {
    if condition.depth() > MAX_DEPTH || condition.subjects().len() > MAX_PARTS {
        return Err(InvalidPrice::TooLarge("a condition"));
    }
    if condition.is_exact() { Ok(()) } else { Err(InvalidPrice::BadCondition(name())) }
}
