//! What a price looks at: metered quantities, the parameters it reads, and the facts derived from them.
//!
//! Only scalars get in here: prompts, messages and images are counted and measured, never kept, so that all of this may stand in an event.

use std::{borrow::Cow, collections::BTreeMap, fmt, str::FromStr};

use chrono::{DateTime, SubsecRound as _, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{
    PriceError,
    time_of_day::{TimeOfDay, Zone},
};

/// The largest quantity of anything that one charge may count. More is an absurd usage, and refused.
pub const MAX_QUANTITY: u64 = 1_000_000_000_000;
/// The longest text, in bytes, that a price may read from a parameter: options, never content.
pub const MAX_READ_BYTES: usize = 64;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meter {
    /// One answered request.
    Call,
    /// Tokens of the prompt, those from a cache included.
    InputToken,
    /// The part of the input tokens that came from a cache. Never more than the input tokens.
    CachedInputToken,
    /// Tokens of the answer, reasoning included.
    OutputToken,
    /// Seconds of output.
    Second,
    /// Images that were made.
    Image,
    /// Images that were given.
    InputImage,
    /// Tokens of a video, as the provider counts them.
    VideoToken,
    /// Seconds of video that were given.
    InputVideoSecond,
    /// Calls of a tool of the provider, such as a web search.
    ToolCall,
    /// Tokens of the images that were given, where they cost otherwise than text. Not among the input tokens.
    InputImageToken,
}

impl Meter {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Call,
        Self::InputToken,
        Self::CachedInputToken,
        Self::OutputToken,
        Self::Second,
        Self::Image,
        Self::InputImage,
        Self::VideoToken,
        Self::InputVideoSecond,
        Self::ToolCall,
        Self::InputImageToken,
    ];

    /// Its name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::InputToken => "input_token",
            Self::CachedInputToken => "cached_input_token",
            Self::OutputToken => "output_token",
            Self::Second => "second",
            Self::Image => "image",
            Self::InputImage => "input_image",
            Self::VideoToken => "video_token",
            Self::InputVideoSecond => "input_video_second",
            Self::ToolCall => "tool_call",
            Self::InputImageToken => "input_image_token",
        }
    }
}

impl fmt::Display for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A usage, measured or bounded. What it does not name is unknown, which is not zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quantities(BTreeMap<Meter, u64>);

impl Quantities {
    /// Nothing known.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// The same with one more quantity, or with another value for it.
    #[must_use]
    pub fn with(mut self, meter: Meter, quantity: u64) -> Self {
        self.0.insert(meter, quantity);
        self
    }

    /// How much of it, or `None` when nobody said.
    #[must_use]
    pub fn get(&self, meter: Meter) -> Option<u64> {
        self.0.get(&meter).copied()
    }

    /// All that is known, in the order of the meters.
    pub fn iter(&self) -> impl Iterator<Item = (Meter, u64)> {
        self.0.iter().map(|(meter, quantity)| (*meter, *quantity))
    }

    /// How much of it, for a price that needs to know.
    ///
    /// # Errors
    /// `MissingUsage` and `AbsurdUsage`.
    pub fn need(&self, meter: Meter) -> Result<u64, PriceError> {
        match self.get(meter) {
            None => Err(PriceError::MissingUsage(meter)),
            Some(quantity) if quantity > MAX_QUANTITY => Err(PriceError::AbsurdUsage { meter, quantity }),
            Some(quantity) => Ok(quantity),
        }
    }
}

impl FromIterator<(Meter, u64)> for Quantities {
    fn from_iter<I: IntoIterator<Item = (Meter, u64)>>(quantities: I) -> Self {
        Self(quantities.into_iter().collect())
    }
}

/// Where a condition or a tier looks: `params.resolution`, `facts.pixels`, `usage.input_token`, `time.UTC+08:00`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A resolved parameter, by its path with dots.
    Param(String),
    /// A derived fact of the price, by its name.
    Fact(String),
    /// A metered quantity.
    Usage(Meter),
    /// What the clocks of a zone showed when the request came.
    Time(Zone),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Param(path) => write!(f, "params.{path}"),
            Self::Fact(name) => write!(f, "facts.{name}"),
            Self::Usage(meter) => write!(f, "usage.{meter}"),
            Self::Time(zone) => write!(f, "time.{zone}"),
        }
    }
}

impl FromStr for Subject {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not of the form params.…, facts.…, usage.… or time.…");
        let (source, name) = text.split_once('.').filter(|(_, name)| !name.is_empty()).ok_or_else(wrong)?;
        match source {
            "params" => Ok(Self::Param(name.to_owned())),
            "facts" => Ok(Self::Fact(name.to_owned())),
            "usage" => serde_json::from_value(name.into()).map(Self::Usage).map_err(|_| wrong()),
            "time" => name.parse().map(Self::Time),
            _ => Err(wrong()),
        }
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// How a number is derived from parameters whose content a price must not keep or can't compare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Derivation {
    /// Width times height of a size such as `2048x2048`; words such as `2K` are looked up.
    Pixels {
        /// The parameter that holds the size.
        param: String,
        /// The pixels of each word.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        words: BTreeMap<String, u64>,
    },
    /// How many there are: the length of a list, one for anything else, none when absent.
    Count {
        /// The parameter that is counted.
        param: String,
    },
    /// The whole number that a parameter is, from zero up. Named like a meter, it is what the request alone decides and upstream
    /// does not report, such as the seconds of a video.
    Number {
        /// The parameter.
        param: String,
    },
}

impl Derivation {
    /// Derives the fact, or `None` when the parameters do not say.
    #[must_use]
    pub fn derive(&self, params: &Value) -> Option<u64> {
        match self {
            Self::Pixels { param, words } => {
                let size = at(params, param)?.as_str()?;
                words.get(size).copied().or_else(|| pixels(size))
            }
            Self::Count { param } => match at(params, param) {
                None => Some(0),
                Some(Value::Array(items)) => u64::try_from(items.len()).ok(),
                Some(_) => Some(1),
            },
            Self::Number { param } => at(params, param)?.as_u64(),
        }
    }
}

/// The area of `2048x1152`. Providers also write `×`, `*` and `:`.
fn pixels(size: &str) -> Option<u64> {
    let (width, height) = size.split_once(['x', 'X', '×', '*', ':'])?;
    let side = |text: &str| text.trim().parse::<u32>().ok().map(u64::from);
    side(width)?.checked_mul(side(height)?)
}

/// The value at a path with dots. An explicit null is absent.
#[must_use]
pub(crate) fn at<'v>(params: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(params, |value, key| value.get(key)).filter(|value| !value.is_null())
}

/// The only parameters that a price or an estimate reads, and the facts derived from the rest. This, and no more, goes into an event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PricedParams {
    /// Scalars, by their path with dots.
    #[serde(default)]
    pub params: BTreeMap<String, Value>,
    /// Numbers, by their name.
    #[serde(default)]
    pub facts: BTreeMap<String, u64>,
    /// When the request came, to the second, if a price or an estimate follows the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moment: Option<DateTime<Utc>>,
}

impl PricedParams {
    /// Picks what the subjects name from resolved parameters, derives the facts, and keeps the moment if it is read.
    ///
    /// # Errors
    /// A parameter that is read is no scalar, or a text too long to be an option.
    pub fn pick<'s>(
        params: &Value,
        subjects: impl IntoIterator<Item = &'s Subject>,
        facts: &BTreeMap<String, Derivation>,
        moment: DateTime<Utc>,
    ) -> Result<Self, PriceError> {
        let mut picked = Self::default();
        for subject in subjects {
            match subject {
                Subject::Param(path) => {
                    if let Some(value) = at(params, path) {
                        picked.params.insert(path.clone(), scalar(path, value)?);
                    }
                }
                Subject::Time(_) => picked.moment = Some(moment.trunc_subsecs(0)),
                Subject::Fact(_) | Subject::Usage(_) => {}
            }
        }
        let derived = |(name, derivation): (&String, &Derivation)| Some((name.clone(), derivation.derive(params)?));
        picked.facts = facts.iter().filter_map(derived).collect();
        Ok(picked)
    }
}

fn scalar(path: &str, value: &Value) -> Result<Value, PriceError> {
    let short = match value {
        Value::String(text) => text.len() <= MAX_READ_BYTES,
        Value::Bool(_) | Value::Number(_) => true,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    };
    if short { Ok(value.clone()) } else { Err(PriceError::UnreadableParam(path.to_owned())) }
}

/// What one evaluation sees.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The parameters, as frozen on the job.
    pub params: &'a PricedParams,
    /// The usage, measured or bounded.
    pub quantities: &'a Quantities,
}

impl<'a> Facts<'a> {
    /// The value of a subject; `None` when a parameter is absent.
    ///
    /// # Errors
    /// A fact that can't be derived, or a quantity that is unknown or absurd: neither is ever taken for zero.
    pub fn value(&self, subject: &Subject) -> Result<Option<Cow<'a, Value>>, PriceError> {
        match subject {
            Subject::Param(path) => Ok(self.params.params.get(path).map(Cow::Borrowed)),
            Subject::Fact(_) | Subject::Usage(_) => Ok(Some(Cow::Owned(self.number(subject)?.into()))),
            Subject::Time(zone) => Ok(Some(Cow::Owned(self.time(*zone)?.to_string().into()))),
        }
    }

    /// What the clocks of a zone showed when the request came.
    ///
    /// # Errors
    /// The moment was not frozen.
    pub(super) fn time(&self, zone: Zone) -> Result<TimeOfDay, PriceError> {
        let moment = self.params.moment.ok_or_else(|| PriceError::MissingFact("the time of day".to_owned()))?;
        Ok(zone.time_at(moment))
    }

    /// The whole number that a subject stands for.
    ///
    /// # Errors
    /// It is missing, absurd, or no whole number from zero up.
    pub fn number(&self, subject: &Subject) -> Result<u64, PriceError> {
        match subject {
            Subject::Usage(meter) => self.quantities.need(*meter),
            Subject::Fact(name) => {
                self.params.facts.get(name).copied().ok_or_else(|| PriceError::MissingFact(name.clone()))
            }
            Subject::Param(path) => {
                let value = self.params.params.get(path).ok_or_else(|| PriceError::MissingParam(path.clone()))?;
                value.as_u64().ok_or_else(|| PriceError::UnreadableParam(path.clone()))
            }
            Subject::Time(_) => Err(PriceError::MissingFact(subject.to_string())),
        }
    }
}
