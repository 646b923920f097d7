//! A capability: one contract for form, validation, docs and price of something that a model can do.
//!
//! Its parts: `schema` validates, `hints` lays the form out, `pricing` and `estimate` say what is held and charged, `policies` what
//! happens otherwise, `routes` who does it. Never a model's name: what differs between models is data.

mod diff;
mod estimate;
mod hints;
mod lint;
mod policies;
mod rehearsal;
#[cfg(test)]
pub(crate) mod tests;
mod text;

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::{
    diff::{CapabilityDiff, Change, MAX_CHANGES, PartDiff},
    estimate::{Bound, Case, Count, Estimate},
    hints::{DependsOn, Example, Group, Layout, ResultDisplay, UiHints, Widget},
    lint::LintIssue,
    policies::{Disconnect, Overrun, Policies, Unknown},
    rehearsal::{Past, Rehearsal, Rehearsed},
    text::TextMeasure,
};
use crate::pricing::{Charge, Facts, Price, PriceError, PricedParams, Quantities};

/// What a model can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapabilityKind {
    /// Text from messages.
    Chat,
    /// Images from a text.
    TextToImage,
    /// Images from images and a text.
    ImageToImage,
    /// A video from a text.
    TextToVideo,
    /// A video from images and a text.
    ImageToVideo,
    /// Vectors from texts or images.
    Embedding,
}

impl CapabilityKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Chat, Self::TextToImage, Self::ImageToImage, Self::TextToVideo, Self::ImageToVideo, Self::Embedding];

    /// Its name in JSON, in URLs and in events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::TextToImage => "text_to_image",
            Self::ImageToImage => "image_to_image",
            Self::TextToVideo => "text_to_video",
            Self::ImageToVideo => "image_to_video",
            Self::Embedding => "embedding",
        }
    }
}

impl fmt::Display for CapabilityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text that names no capability.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such capability")]
pub struct UnknownCapability;

impl std::str::FromStr for CapabilityKind {
    type Err = UnknownCapability;

    fn from_str(text: &str) -> Result<Self, UnknownCapability> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or(UnknownCapability)
    }
}

/// One thing that a model can do. Only good after [`Capability::lint`] finds nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capability {
    /// What it is.
    pub kind: CapabilityKind,
    /// JSON Schema 2020-12 of the parameters, with defaults.
    pub param_schema: Value,
    /// How a form shows them.
    #[serde(default)]
    pub ui_hints: UiHints,
    /// What it costs.
    pub pricing: Price,
    /// How a request becomes a hold.
    pub estimate: Estimate,
    /// What happens when something does not go as usual.
    pub policies: Policies,
    /// Who does it. Not frozen on a job, unlike everything else.
    pub routes: Vec<Route>,
}

/// One way to get it done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The provider's name, such as `ark`.
    pub provider: String,
    /// The model or endpoint id there.
    pub upstream_model: String,
    /// Lower goes first; others are tried when it can't.
    #[serde(default)]
    pub priority: u32,
    /// The share among routes of the same priority; zero takes no work.
    #[serde(default = "default_weight")]
    pub weight: u32,
    /// What the provider charges us, so that the margin is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<UpstreamCost>,
}

/// What the provider charges us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpstreamCost {
    /// The cost in credits, as data like a price. It is never charged to anyone.
    pub price: Price,
    /// The currency that it was stated in, such as `CNY`.
    pub currency: String,
    /// How many credits one unit of that currency was taken for, as a decimal text.
    pub credits_per_unit: String,
    /// Where the figures are from, and of when.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

const fn default_weight() -> u32 {
    1
}

/// What a request would cost: the same lines that its receipt will have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// The most that it can cost within its bounds: this is held.
    pub hold: Charge,
    /// What it likely costs.
    pub expected: Charge,
    /// The bounds that the hold was priced with.
    pub quantities: Quantities,
    /// The likely quantities.
    pub expected_quantities: Quantities,
    /// The parameters and facts that both were priced with.
    pub priced: PricedParams,
}

impl Capability {
    /// Only those resolved parameters that the price or the estimate reads, the facts derived from the rest, and the moment if
    /// either follows the clock.
    ///
    /// # Errors
    /// One of them is nothing that a price can read.
    pub fn priced_params(&self, params: &Value, moment: DateTime<Utc>) -> Result<PricedParams, PriceError> {
        let subjects = self.pricing.subjects().chain(self.estimate.subjects());
        let counted = self.estimate.params_counted();
        let subjects: Vec<_> = subjects.cloned().chain(counted).collect();
        PricedParams::pick(params, &subjects, &self.pricing.facts, moment)
    }

    /// What a request with these resolved parameters, that came at this moment, costs at most, and what it likely costs.
    ///
    /// # Errors
    /// It can't be priced or bounded; then it can't be called.
    pub fn quote(&self, params: &Value, moment: DateTime<Utc>) -> Result<Quote, PriceError> {
        let priced = self.priced_params(params, moment)?;
        let (bounds, expected_quantities) = self.estimate.count(&self.pricing, params, &priced)?;
        let hold = self.pricing.evaluate(&Facts { params: &priced, quantities: &bounds })?;
        let expected = self.pricing.evaluate(&Facts { params: &priced, quantities: &expected_quantities })?;
        Ok(Quote { hold, expected, quantities: bounds, expected_quantities, priced })
    }

    /// What a route costs us, if it says, with the facts that the price derives: a cost may count what a price counts.
    #[must_use]
    pub fn cost_of(&self, route: &Route) -> Option<Price> {
        let mut cost = route.cost.as_ref()?.price.clone();
        for (name, derivation) in &self.pricing.facts {
            cost.facts.entry(name.clone()).or_insert_with(|| derivation.clone());
        }
        Some(cost)
    }

    /// What a usage costs, by the frozen parameters: see [`Price::charge`].
    ///
    /// # Errors
    /// The usage lacks something, or is absurd: then nothing may be charged or released by it.
    pub fn charge(&self, priced: &PricedParams, usage: &Quantities) -> Result<Charge, PriceError> {
        self.pricing.charge(priced, usage)
    }
}
