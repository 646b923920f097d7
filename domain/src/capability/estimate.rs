//! How a request becomes the upper bound of what can be counted, and its likely amount. Data, never code: a small arithmetic over parameters.
//!
//! A hold that is priced with the upper bounds covers every usage within them, because a valid price never falls while usage rises.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::text::TextMeasure;
use crate::pricing::{
    Condition, Derivation, Exact, Factor, Facts, MAX_QUANTITY, Meter, Price, PriceError, PricedParams, Quantities,
    Subject,
};

/// The bounds of all that a price counts. A call is one, and cached tokens are none, without being named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Estimate(pub BTreeMap<Meter, Bound>);

/// How much of one thing a request can use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// At most.
    pub hold: Count,
    /// Likely; never more than at most. The same, when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Count>,
}

/// A whole number, as an expression over the parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Count {
    /// This number.
    Fixed(u64),
    /// The value of a parameter, a whole number from zero up.
    Param {
        /// Its path with dots.
        name: String,
        /// What it is when absent; without one, it must be there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        default: Option<u64>,
    },
    /// A derived fact of the price.
    Fact(String),
    /// Tokens of a text input.
    Text(TextMeasure),
    /// How many there are: the length of a list, one for anything else, none when absent.
    Items(String),
    /// The sum of these.
    Sum(Vec<Count>),
    /// The product of these.
    Product(Vec<Count>),
    /// The smallest of these.
    Least(Vec<Count>),
    /// The largest of these.
    Greatest(Vec<Count>),
    /// A count times a factor, over a divisor, rounded up.
    Scaled {
        /// Of what.
        of: Box<Count>,
        /// Times this.
        by: Factor,
        /// Over this.
        #[serde(default = "one")]
        over: u64,
    },
    /// The first one whose condition holds.
    Cases {
        /// In this order.
        of: Vec<Case>,
        /// When none holds.
        otherwise: Box<Count>,
    },
    /// By the text of a parameter.
    Lookup {
        /// Its path with dots.
        param: String,
        /// The count for each text.
        values: BTreeMap<String, Count>,
        /// For any other value, or none; without it, that is refused.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        otherwise: Option<Box<Count>>,
    },
}

/// A count under a condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// When it counts.
    pub when: Condition,
    /// The count.
    pub count: Count,
}

const fn one() -> u64 {
    1
}

/// What an expression is evaluated on.
struct Request<'a> {
    params: &'a Value,
    priced: &'a PricedParams,
}

impl Estimate {
    /// The bounds and the likely quantities of a request, for everything that the price counts.
    pub(super) fn count(
        &self,
        price: &Price,
        params: &Value,
        priced: &PricedParams,
    ) -> Result<(Quantities, Quantities), PriceError> {
        let request = Request { params, priced };
        let (mut bounds, mut expected) = (Quantities::new(), Quantities::new());
        for meter in price.meters() {
            let (most, likely) = match (meter, self.0.get(&meter)) {
                (Meter::CachedInputToken, _) => (0, 0),
                (_, Some(bound)) => bound.count(&request)?,
                (Meter::Call, None) => (1, 1),
                (_, None) => return Err(PriceError::MissingUsage(meter)),
            };
            bounds = bounds.with(meter, most);
            expected = expected.with(meter, likely);
        }
        Ok((bounds, expected))
    }

    /// Everything that its conditions read.
    pub fn subjects(&self) -> impl Iterator<Item = &Subject> {
        self.counts().flat_map(|count| match count {
            Count::Cases { of, .. } => of.iter().flat_map(|case| case.when.subjects()).collect(),
            _ => Vec::new(),
        })
    }

    /// The parameters whose values it counts with or looks up.
    pub(super) fn params_counted(&self) -> impl Iterator<Item = Subject> {
        self.counts().filter_map(|count| match count {
            Count::Param { name, .. } | Count::Lookup { param: name, .. } => Some(Subject::Param(name.clone())),
            _ => None,
        })
    }

    /// Every expression, with those inside.
    pub(super) fn counts(&self) -> impl Iterator<Item = &Count> {
        let bounds = self.0.values().flat_map(|bound| [Some(&bound.hold), bound.expected.as_ref()]);
        bounds.flatten().flat_map(Count::all)
    }
}

impl Bound {
    fn count(&self, request: &Request<'_>) -> Result<(u64, u64), PriceError> {
        let most = self.hold.count(request)?;
        let likely = self.expected.as_ref().map_or(Ok(most), |count| count.count(request))?;
        Ok((most, likely.min(most)))
    }
}

impl Count {
    fn count(&self, request: &Request<'_>) -> Result<u64, PriceError> {
        let each = |counts: &[Self]| counts.iter().map(|count| count.count(request)).collect::<Result<Vec<_>, _>>();
        let number = match self {
            Self::Fixed(number) => *number,
            Self::Param { name, default } => request.param(name, *default)?,
            Self::Fact(name) => request.facts().number(&Subject::Fact(name.clone()))?,
            Self::Text(measure) => measure.tokens(request.params)?,
            Self::Items(param) => Derivation::Count { param: param.clone() }.derive(request.params).unwrap_or(0),
            Self::Sum(counts) => fold(&each(counts)?, 0, u64::checked_add)?,
            Self::Product(counts) => fold(&each(counts)?, 1, u64::checked_mul)?,
            Self::Least(counts) => each(counts)?.into_iter().min().ok_or(PriceError::OutOfRange)?,
            Self::Greatest(counts) => each(counts)?.into_iter().max().ok_or(PriceError::OutOfRange)?,
            Self::Scaled { of, by, over } => scale(of.count(request)?, *by, *over)?,
            Self::Cases { of, otherwise } => request.case(of)?.unwrap_or(otherwise).count(request)?,
            Self::Lookup { param, values, otherwise } => {
                let text = request.priced.params.get(param).and_then(Value::as_str);
                let found = text.and_then(|text| values.get(text)).or(otherwise.as_deref());
                found.ok_or_else(|| PriceError::Unbounded(param.clone()))?.count(request)?
            }
        };
        if number > MAX_QUANTITY { Err(PriceError::OutOfRange) } else { Ok(number) }
    }

    /// This expression and all inside it.
    pub(super) fn all(&self) -> Vec<&Self> {
        let (mut all, mut open) = (Vec::new(), vec![self]);
        while let Some(count) = open.pop() {
            all.push(count);
            open.extend(count.inside());
        }
        all
    }

    /// The expressions that this one is made of.
    fn inside(&self) -> Vec<&Self> {
        match self {
            Self::Fixed(_) | Self::Param { .. } | Self::Fact(_) | Self::Text(_) | Self::Items(_) => Vec::new(),
            Self::Sum(counts) | Self::Product(counts) | Self::Least(counts) | Self::Greatest(counts) => {
                counts.iter().collect()
            }
            Self::Scaled { of, .. } => vec![of],
            Self::Cases { of, otherwise } => of.iter().map(|case| &case.count).chain([&**otherwise]).collect(),
            Self::Lookup { values, otherwise, .. } => values.values().chain(otherwise.as_deref()).collect(),
        }
    }
}

impl Request<'_> {
    fn facts(&self) -> Facts<'_> {
        const UNKNOWN: &Quantities = &Quantities::new();
        Facts { params: self.priced, quantities: UNKNOWN }
    }

    fn param(&self, name: &str, default: Option<u64>) -> Result<u64, PriceError> {
        match (self.priced.params.get(name), default) {
            (None, Some(default)) => Ok(default),
            (None, None) => Err(PriceError::MissingParam(name.to_owned())),
            (Some(value), _) => value.as_u64().ok_or_else(|| PriceError::UnreadableParam(name.to_owned())),
        }
    }

    fn case<'c>(&self, cases: &'c [Case]) -> Result<Option<&'c Count>, PriceError> {
        for case in cases {
            if case.when.holds(&self.facts())? {
                return Ok(Some(&case.count));
            }
        }
        Ok(None)
    }
}

fn fold(counts: &[u64], start: u64, step: fn(u64, u64) -> Option<u64>) -> Result<u64, PriceError> {
    counts.iter().try_fold(start, |sum, count| step(sum, *count)).ok_or(PriceError::OutOfRange)
}

fn scale(count: u64, by: Factor, over: u64) -> Result<u64, PriceError> {
    let scaled = Exact::whole(count.into()).times(by.exact())?.over(over)?;
    u64::try_from(scaled.ceiling()).map_err(|_| PriceError::OutOfRange)
}
