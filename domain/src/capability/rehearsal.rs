//! A rehearsal: what past jobs would have cost, and whether they would have been taken, under another version of a capability.
//!
//! Sums are exact. Nothing is ever charged by it, and no past job is moved: their receipts stay what they are.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Capability, Route};
use crate::{
    Credits,
    pricing::{Charge, Exact, NotExact, PriceError, PricedParams, Quantities},
    schema::CompiledSchema,
};

/// What a past job was asked, and what came of it.
#[derive(Clone, Copy, Debug)]
pub struct Past<'a> {
    /// Its parameters as they were resolved; none when they were erased or can't be read.
    pub params: Option<&'a Value>,
    /// What its price read, as it was frozen.
    pub priced: &'a PricedParams,
    /// When it was submitted.
    pub moment: DateTime<Utc>,
    /// What was counted, if it did its work; none when it cost nothing by its usage.
    pub usage: Option<&'a Quantities>,
    /// What it was charged.
    pub charged: Credits,
    /// The provider and its model that did it.
    pub route: Option<(&'a str, &'a str)>,
    /// The version that it was submitted under, if that is known.
    pub version: Option<(&'a Capability, &'a CompiledSchema)>,
}

/// What becomes of one job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Rehearsed {
    /// It would be taken, and charged this.
    Charged {
        /// What it would be charged.
        amount: Credits,
        /// What it would cost us, if the route says.
        cost: Option<Credits>,
    },
    /// Its parameters would be refused.
    Rejected {
        /// Why.
        message: String,
    },
    /// Its request or its usage would have no price.
    Unpriced {
        /// Why.
        message: String,
    },
}

/// The sums of many jobs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rehearsal {
    /// How many jobs were replayed.
    pub jobs: u64,
    /// How many of them were charged.
    pub charged: u64,
    /// How many would be refused for their parameters.
    pub rejected: u64,
    /// How many would have no price.
    pub unpriced: u64,
    /// How many would be charged less than they cost us.
    pub below_cost: u64,
    /// How many have no readable parameters: they are priced by what was frozen, and never rejected.
    pub unread: u64,
    /// What they were charged.
    pub revenue_before: Exact,
    /// What they would be charged; nothing for those that would not be taken.
    pub revenue_after: Exact,
    /// What they cost us, by the costs of their own version.
    pub cost_before: Exact,
    /// What they would cost us, by the costs of the version that is rehearsed.
    pub cost_after: Exact,
}

impl Default for Rehearsal {
    fn default() -> Self {
        let nothing = Exact::ZERO;
        Self {
            jobs: 0,
            charged: 0,
            rejected: 0,
            unpriced: 0,
            below_cost: 0,
            unread: 0,
            revenue_before: nothing,
            revenue_after: nothing,
            cost_before: nothing,
            cost_after: nothing,
        }
    }
}

impl Rehearsal {
    /// Replays one job under a version, and adds it to the sums.
    ///
    /// # Errors
    /// A sum does not fit.
    pub fn add(&mut self, past: &Past<'_>, version: (&Capability, &CompiledSchema)) -> Result<Rehearsed, NotExact> {
        let rehearsed = past.replay(version);
        self.jobs += 1;
        self.charged += u64::from(past.charged > Credits::ZERO);
        self.unread += u64::from(past.params.is_none());
        self.revenue_before = self.revenue_before.plus(Exact::of(past.charged))?;
        let cost_before = past.version.and_then(|(capability, _)| past.cost(capability, past.params));
        self.cost_before = self.cost_before.plus(Exact::of(cost_before.unwrap_or(Credits::ZERO)))?;
        match &rehearsed {
            Rehearsed::Rejected { .. } => self.rejected += 1,
            Rehearsed::Unpriced { .. } => self.unpriced += 1,
            Rehearsed::Charged { amount, cost } => {
                let cost = cost.unwrap_or(Credits::ZERO);
                self.below_cost += u64::from(*amount < cost);
                self.revenue_after = self.revenue_after.plus(Exact::of(*amount))?;
                self.cost_after = self.cost_after.plus(Exact::of(cost))?;
            }
        }
        Ok(rehearsed)
    }

    /// What would be charged more; negative when less.
    ///
    /// # Errors
    /// It does not fit.
    pub fn revenue_change(&self) -> Result<Exact, NotExact> {
        self.revenue_after.minus(self.revenue_before)
    }

    /// What remained after our costs, and what would.
    ///
    /// # Errors
    /// It does not fit.
    pub fn margins(&self) -> Result<(Exact, Exact), NotExact> {
        Ok((self.revenue_before.minus(self.cost_before)?, self.revenue_after.minus(self.cost_after)?))
    }
}

impl Past<'_> {
    fn replay(&self, (capability, schema): (&Capability, &CompiledSchema)) -> Rehearsed {
        let unpriced = |error: PriceError| Rehearsed::Unpriced { message: error.to_string() };
        let resolved = match self.params.map(|params| schema.resolve(self.asked(params))).transpose() {
            Ok(resolved) => resolved,
            Err(errors) => {
                let message = errors.first().map(ToString::to_string).unwrap_or_default();
                return Rehearsed::Rejected { message };
            }
        };
        let priced = match &resolved {
            None => Ok(PricedParams { moment: Some(self.moment), ..self.priced.clone() }),
            Some(params) => capability.quote(params, self.moment).map(|quote| quote.priced),
        };
        let priced = match priced {
            Ok(priced) => priced,
            Err(error) => return unpriced(error),
        };
        let Some(usage) = self.usage else { return Rehearsed::Charged { amount: self.charged, cost: None } };
        match capability.charge(&priced, usage) {
            Ok(Charge { amount, .. }) => Rehearsed::Charged { amount, cost: self.cost(capability, resolved.as_ref()) },
            Err(error) => unpriced(error),
        }
    }

    /// What the client asked: without the defaults of the version that it was resolved by.
    fn asked(&self, params: &Value) -> Value {
        match self.version {
            Some((_, schema)) => schema.without_defaults(params.clone()),
            None => params.clone(),
        }
    }

    /// What the job costs us by a version's routes: the one that did it, or else the first.
    fn cost(&self, capability: &Capability, params: Option<&Value>) -> Option<Credits> {
        let same = |route: &&Route| self.route == Some((route.provider.as_str(), route.upstream_model.as_str()));
        let first = || capability.routes.iter().filter(|route| route.weight > 0).min_by_key(|route| route.priority);
        let price = capability.cost_of(capability.routes.iter().find(same).or_else(first)?)?;
        let picked = match params {
            Some(params) => PricedParams::pick(params, price.subjects(), &price.facts, self.moment).ok()?,
            None => PricedParams { moment: Some(self.moment), ..self.priced.clone() },
        };
        price.charge(&picked, self.usage?).ok().map(|charge| charge.amount)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{capability::tests::chat, pricing::Meter};

    fn version(rate: &str, most: u64) -> (Capability, CompiledSchema) {
        let mut value = chat();
        value["pricing"]["rates"] = json!([{"meter": "output_token", "per": 10, "tiers": [{"rate": rate}]}]);
        value["param_schema"]["properties"]["max_tokens"]["maximum"] = json!(most);
        value["routes"][0]["cost"] = json!({"currency": "CNY", "credits_per_unit": "14",
            "price": {"rates": [{"meter": "output_token", "per": 10, "tiers": [{"rate": "1.5"}]}]}});
        let capability: Capability = serde_json::from_value(value).expect("a capability");
        let schema = CompiledSchema::new(&capability.param_schema).expect("a schema");
        (capability, schema)
    }

    fn rehearse(
        params: Option<Value>,
        used: Option<u64>,
        under: &(Capability, CompiledSchema),
    ) -> (Rehearsal, Rehearsed) {
        let (capability, schema) = version("1", 1_000);
        let usage = used.map(|used| Quantities::new().with(Meter::OutputToken, used));
        let priced = PricedParams::default();
        let charged =
            usage.as_ref().map_or(Credits::ZERO, |usage| capability.charge(&priced, usage).expect("priced").amount);
        let past = Past {
            params: params.as_ref(),
            priced: &priced,
            moment: DateTime::UNIX_EPOCH,
            usage: usage.as_ref(),
            charged,
            route: Some(("ark", "some-model")),
            version: Some((&capability, &schema)),
        };
        let mut rehearsal = Rehearsal::default();
        let rehearsed = rehearsal.add(&past, (&under.0, &under.1)).expect("it fits");
        (rehearsal, rehearsed)
    }

    fn asked(most: u64) -> Option<Value> {
        Some(json!({"messages": [], "max_tokens": most}))
    }

    #[test]
    fn a_doubled_price_brings_what_was_charged_once_more() {
        let (sums, _) = rehearse(asked(100), Some(50), &version("2", 1_000));
        assert_eq!(sums.revenue_before, Exact::of(Credits::from_whole(5)));
        assert_eq!(sums.revenue_change(), Ok(sums.revenue_before));
        let (before, after) = sums.margins().expect("they fit");
        assert_eq!((before.to_string(), after.to_string()), ("-2.5".to_owned(), "2.5".to_owned()));
        assert_eq!((sums.jobs, sums.charged, sums.below_cost), (1, 1, 0));
    }

    #[test]
    fn a_job_below_its_cost_is_counted() {
        assert_eq!(rehearse(asked(100), Some(50), &version("1", 1_000)).0.below_cost, 1);
    }

    #[test]
    fn a_job_that_would_be_refused_brings_nothing() {
        let (sums, rehearsed) = rehearse(asked(500), Some(50), &version("2", 400));
        assert!(matches!(rehearsed, Rehearsed::Rejected { .. }), "{rehearsed:?}");
        assert_eq!((sums.rejected, sums.revenue_after), (1, Exact::ZERO));
    }

    #[test]
    fn a_default_of_then_is_not_what_the_client_asked() {
        let mut narrow = version("1", 50);
        narrow.0.param_schema["properties"]["max_tokens"]["default"] = json!(50);
        narrow.1 = CompiledSchema::new(&narrow.0.param_schema).expect("a schema");
        let (sums, _) = rehearse(asked(100), Some(5), &narrow);
        assert_eq!(sums.rejected, 0, "the hundred was the default");
    }

    #[test]
    fn what_can_not_be_read_is_priced_by_what_was_frozen_and_what_was_free_stays_free() {
        let (sums, _) = rehearse(None, Some(50), &version("2", 1));
        assert_eq!((sums.unread, sums.rejected), (1, 0));
        assert_eq!(sums.revenue_change(), Ok(sums.revenue_before));
        let (failed, _) = rehearse(asked(100), None, &version("2", 1_000));
        assert_eq!((failed.jobs, failed.charged, failed.revenue_after), (1, 0, Exact::ZERO));
    }

    #[test]
    fn a_usage_without_a_price_is_told() {
        let mut unpriced = version("1", 1_000);
        unpriced.0.pricing.rates[0].meter = Meter::Image;
        let (sums, _) = rehearse(asked(100), Some(5), &unpriced);
        assert_eq!(sums.unpriced, 1);
    }
}
