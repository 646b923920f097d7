//! Evaluates a price: rates, then modifiers in order, then the minimum, then rounding. Each step that fires leaves a line.

use super::{
    Charge, ChargeLine, Condition, Counted, Effect, Exact, Facts, Meter, Modifier, Price, PriceError, PricedParams,
    Quantities, Rate, Reading, Rounding, Tier, TierReading,
    charge::ChargeLine::{Add, Minimum, Multiply},
};
use crate::Credits;

impl Price {
    /// What these facts cost, line by line.
    ///
    /// Monotonic for a valid price: more usage never costs less, but for tokens that move to the cache.
    ///
    /// # Errors
    /// A needed quantity or fact is missing or absurd, or the result is out of range: nothing may be charged then.
    pub fn evaluate(&self, facts: &Facts<'_>) -> Result<Charge, PriceError> {
        let mut lines = Vec::new();
        let mut used = false;
        for rate in &self.rates {
            used |= rate.evaluate(facts, &mut lines)?;
        }
        let mut sum = lines.iter().try_fold(Exact::ZERO, |sum, line: &ChargeLine| sum.plus(line.amount()))?;
        for modifier in &self.modifiers {
            if let Some(line) = modifier.evaluate(sum, used, facts)? {
                sum = sum.plus(line.amount())?;
                used |= matches!(&line, Add { each: Some(each), .. } if each.quantity > 0);
                lines.push(line);
            }
        }
        if let Some(minimum) = self.minimum.filter(|minimum| used && sum < Exact::of(*minimum)) {
            let amount = Exact::of(minimum).minus(sum)?;
            lines.push(Minimum { minimum, amount });
            sum = Exact::of(minimum);
        }
        self.rounding.close(sum, lines)
    }
}

impl Price {
    /// What a usage costs, by the frozen parameters.
    ///
    /// The call itself counts as one unless the usage says otherwise, and what the request alone decides (a fact of the price that is
    /// named like a meter, such as `input_image`) need not be reported. Anything else that the price counts must be.
    ///
    /// # Errors
    /// The usage lacks something, or is absurd: then nothing may be charged or released by it.
    pub fn charge(&self, priced: &PricedParams, usage: &Quantities) -> Result<Charge, PriceError> {
        let mut quantities = usage.clone();
        for meter in self.meters() {
            let known = priced.facts.get(meter.name()).copied().or((meter == Meter::Call).then_some(1));
            if let (None, Some(quantity)) = (usage.get(meter), known) {
                quantities = quantities.with(meter, quantity);
            }
        }
        self.evaluate(&Facts { params: priced, quantities: &quantities })
    }
}

impl Rounding {
    /// Rounds the sum and makes the difference a line.
    fn close(self, sum: Exact, mut lines: Vec<ChargeLine>) -> Result<Charge, PriceError> {
        let Self::UpToMicroCredit = self;
        let micro = i64::try_from(sum.ceiling()).map_err(|_| PriceError::OutOfRange)?;
        let amount = Credits::from_micro(micro);
        if !amount.is_amount() {
            return Err(PriceError::OutOfRange);
        }
        let difference = Exact::of(amount).minus(sum)?;
        if !difference.is_zero() {
            lines.push(ChargeLine::Rounding { amount: difference });
        }
        Ok(Charge { amount, rounding: self, lines })
    }
}

impl Rate {
    /// Adds the lines of this rate, and tells whether anything was used.
    fn evaluate(&self, facts: &Facts<'_>, lines: &mut Vec<ChargeLine>) -> Result<bool, PriceError> {
        let Some(because) = fired(self.when.as_ref(), facts)? else { return Ok(false) };
        let quantity = facts.quantities.need(self.meter)?;
        let (tier, reading) = self.tier(facts)?;
        let charged = quantity.saturating_sub(self.included);
        let cached = if self.has_cached_rate() { cached_part(quantity, facts)?.min(charged) } else { 0 };
        let line = |meter: Meter, charged: u64, rate: Credits| -> Result<ChargeLine, PriceError> {
            let amount = Exact::of(rate).times(Exact::whole(charged.into()))?.over(self.per)?;
            let (label, because, tier) = (self.label.clone(), because.clone(), reading.clone());
            Ok(ChargeLine::Rate { meter, label, quantity, charged, rate, per: self.per, tier, because, amount })
        };
        lines.push(line(self.meter, charged - cached, tier.rate)?);
        if let (Some(rate), true) = (tier.cached_rate, self.has_cached_rate()) {
            lines.push(line(Meter::CachedInputToken, cached, rate)?);
        }
        Ok(quantity > 0)
    }

    /// The tier that applies to the whole quantity.
    fn tier(&self, facts: &Facts<'_>) -> Result<(&Tier, Option<TierReading>), PriceError> {
        let Some(by) = &self.by else {
            return self.tiers.first().map(|tier| (tier, None)).ok_or(PriceError::OutOfRange);
        };
        let value = facts.number(by)?;
        let reached = |tier: &&Tier| tier.up_to.is_none_or(|up_to| value <= up_to);
        let tier = self.tiers.iter().find(reached).ok_or(PriceError::OutOfRange)?;
        Ok((tier, Some(TierReading { by: by.clone(), value, up_to: tier.up_to })))
    }
}

fn cached_part(input: u64, facts: &Facts<'_>) -> Result<u64, PriceError> {
    let cached = facts.quantities.need(Meter::CachedInputToken)?;
    if cached > input { Err(PriceError::Contradiction { input, cached }) } else { Ok(cached) }
}

/// What the condition read if it holds, or `None` if it does not.
fn fired(condition: Option<&Condition>, facts: &Facts<'_>) -> Result<Option<Vec<Reading>>, PriceError> {
    match condition {
        None => Ok(Some(Vec::new())),
        Some(condition) if condition.holds(facts)? => condition.readings(facts).map(Some),
        Some(_) => Ok(None),
    }
}

impl Modifier {
    /// The line that this adds to the sum so far, if it applies.
    fn evaluate(&self, sum: Exact, used: bool, facts: &Facts<'_>) -> Result<Option<ChargeLine>, PriceError> {
        let Some(because) = fired(Some(&self.when), facts)? else { return Ok(None) };
        let label = self.label.clone();
        match self.effect {
            Effect::Multiply(factor) => {
                let amount = sum.times(factor.exact())?.minus(sum)?;
                Ok(Some(Multiply { label, factor, because, amount }))
            }
            Effect::Add(rate) => {
                let amount = if used { Exact::of(rate) } else { Exact::ZERO };
                Ok(used.then_some(Add { label, rate, each: None, because, amount }))
            }
            Effect::AddEach { meter, per, rate } => {
                let quantity = facts.quantities.need(meter)?;
                let amount = Exact::of(rate).times(Exact::whole(quantity.into()))?.over(per)?;
                Ok(Some(Add { label, rate, each: Some(Counted { meter, quantity, per }), because, amount }))
            }
        }
    }
}
