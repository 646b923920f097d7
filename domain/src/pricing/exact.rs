//! `Exact`: a fraction of micro-credits, so that no line of a charge is rounded on its way to the sum.
//!
//! All arithmetic is checked; there is no float. As text it is a decimal number of credits, or `n/d` where the decimals would not end.

use std::{cmp::Ordering, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::credits::{Credits, MICRO_PER_CREDIT};

/// The most decimals that a number may have in a price, a condition or an exact amount.
const MAX_DECIMALS: usize = 30;
/// The most characters of a number's text: a sign, digits, a point or a stroke, digits.
const MAX_TEXT: usize = 90;

/// An exact rational number; as an amount, it counts micro-credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Exact {
    numerator: i128,
    /// Always above zero, and without a common divisor with the numerator.
    denominator: i128,
}

/// A text is no decimal number or fraction, or a calculation left the range of 128 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal number, or too large to calculate with exactly")]
pub struct NotExact;

impl Exact {
    /// Nothing.
    pub const ZERO: Self = Self { numerator: 0, denominator: 1 };
    /// One.
    pub const ONE: Self = Self { numerator: 1, denominator: 1 };

    /// The fraction of two integers, in lowest terms.
    ///
    /// # Errors
    /// The denominator is zero, or a sign does not fit.
    pub fn new(numerator: i128, denominator: i128) -> Result<Self, NotExact> {
        if denominator == 0 {
            return Err(NotExact);
        }
        let divisor =
            i128::try_from(gcd(numerator.unsigned_abs(), denominator.unsigned_abs())).map_err(|_| NotExact)?;
        let (n, d) = (numerator / divisor, denominator / divisor);
        if d > 0 {
            return Ok(Self { numerator: n, denominator: d });
        }
        let (n, d) = (n.checked_neg().ok_or(NotExact)?, d.checked_neg().ok_or(NotExact)?);
        Ok(Self { numerator: n, denominator: d })
    }

    /// A whole number.
    #[must_use]
    pub const fn whole(number: i128) -> Self {
        Self { numerator: number, denominator: 1 }
    }

    /// An amount of credits, in micro-credits.
    #[must_use]
    pub fn of(amount: Credits) -> Self {
        Self::whole(amount.micro().into())
    }

    /// The sum.
    ///
    /// # Errors
    /// It does not fit.
    pub fn plus(self, other: Self) -> Result<Self, NotExact> {
        let shared = gcd(self.denominator.unsigned_abs(), other.denominator.unsigned_abs());
        let shared = i128::try_from(shared).map_err(|_| NotExact)?;
        let (left, right) = (other.denominator / shared, self.denominator / shared);
        let numerator = self.numerator.checked_mul(left).zip(other.numerator.checked_mul(right));
        let numerator = numerator.and_then(|(a, b)| a.checked_add(b)).ok_or(NotExact)?;
        Self::new(numerator, self.denominator.checked_mul(left).ok_or(NotExact)?)
    }

    /// The difference.
    ///
    /// # Errors
    /// It does not fit.
    pub fn minus(self, other: Self) -> Result<Self, NotExact> {
        let negated = other.numerator.checked_neg().ok_or(NotExact)?;
        self.plus(Self { numerator: negated, denominator: other.denominator })
    }

    /// The product.
    ///
    /// # Errors
    /// It does not fit.
    pub fn times(self, other: Self) -> Result<Self, NotExact> {
        let a = Self::new(self.numerator, other.denominator)?;
        let b = Self::new(other.numerator, self.denominator)?;
        let numerator = a.numerator.checked_mul(b.numerator).ok_or(NotExact)?;
        Self::new(numerator, a.denominator.checked_mul(b.denominator).ok_or(NotExact)?)
    }

    /// The quotient by a whole number.
    ///
    /// # Errors
    /// The divisor is zero, or the result does not fit.
    pub fn over(self, divisor: u64) -> Result<Self, NotExact> {
        self.times(Self::new(1, divisor.into())?)
    }

    /// The smallest whole number that is not below this.
    #[must_use]
    pub fn ceiling(self) -> i128 {
        self.numerator.div_euclid(self.denominator) + i128::from(self.numerator.rem_euclid(self.denominator) != 0)
    }

    /// Whether this is less than zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.numerator < 0
    }

    /// Whether this is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// How many digits after the point the decimal text has, or `None` when it does not end soon enough.
    fn decimals(self) -> Option<u32> {
        let (mut rest, mut twos, mut fives) = (self.denominator, 0, 0);
        while rest % 2 == 0 {
            (rest, twos) = (rest / 2, twos + 1);
        }
        while rest % 5 == 0 {
            (rest, fives) = (rest / 5, fives + 1);
        }
        let decimals = std::cmp::max::<u32>(twos, fives);
        (rest == 1 && decimals as usize <= MAX_DECIMALS).then_some(decimals)
    }

    /// The plain number as text, not divided into credits.
    fn text(self) -> String {
        let fraction = || format!("{}/{}", self.numerator, self.denominator);
        let Some(decimals) = self.decimals() else { return fraction() };
        let scale = 10_i128.pow(decimals);
        let Some(scaled) = (scale / self.denominator).checked_mul(self.numerator) else { return fraction() };
        let sign = if scaled < 0 { "-" } else { "" };
        let (whole, part) =
            (scaled.unsigned_abs() / scale.unsigned_abs(), scaled.unsigned_abs() % scale.unsigned_abs());
        match decimals {
            0 => format!("{sign}{whole}"),
            _ => format!("{sign}{whole}.{part:0width$}", width = decimals as usize),
        }
    }

    /// Reads a decimal number (`-1.25`, `2e3`) or a fraction (`1/3`) as a plain number.
    ///
    /// # Errors
    /// Anything else, and numbers that are out of range.
    pub fn parse(text: &str) -> Result<Self, NotExact> {
        if text.len() > MAX_TEXT {
            return Err(NotExact);
        }
        if let Some((numerator, denominator)) = text.split_once('/') {
            return Self::new(integer(numerator)?, integer(denominator)?);
        }
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if part.len() > MAX_DECIMALS || (mantissa.contains('.') && part.is_empty()) {
            return Err(NotExact);
        }
        let value = integer(&format!("{whole}{part}"))?;
        let exponent: i32 = exponent.parse().map_err(|_| NotExact)?;
        let places = exponent.checked_sub(i32::try_from(part.len()).map_err(|_| NotExact)?).ok_or(NotExact)?;
        let scale = 10_i128.checked_pow(places.unsigned_abs()).ok_or(NotExact)?;
        if places < 0 { Self::new(value, scale) } else { value.checked_mul(scale).map(Self::whole).ok_or(NotExact) }
    }
}

/// Only an optional minus and digits: no plus, no blanks.
fn integer(text: &str) -> Result<i128, NotExact> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NotExact);
    }
    text.parse().map_err(|_| NotExact)
}

const fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    if a == 0 { 1 } else { a }
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Compares by continued fractions, so that nothing can overflow.
impl Ord for Exact {
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut a, mut b, mut flipped) = (*self, *other, false);
        loop {
            let (whole_a, whole_b) = (a.numerator.div_euclid(a.denominator), b.numerator.div_euclid(b.denominator));
            let (rest_a, rest_b) = (a.numerator.rem_euclid(a.denominator), b.numerator.rem_euclid(b.denominator));
            let order = whole_a.cmp(&whole_b).then_with(|| match (rest_a, rest_b) {
                (0, 0) => Ordering::Equal,
                (0, _) => Ordering::Less,
                (_, 0) => Ordering::Greater,
                _ => Ordering::Equal,
            });
            if order != Ordering::Equal || rest_a == 0 {
                return if flipped { order.reverse() } else { order };
            }
            a = Self { numerator: a.denominator, denominator: rest_a };
            b = Self { numerator: b.denominator, denominator: rest_b };
            flipped = !flipped;
        }
    }
}

/// The amount in credits: decimal, or a fraction.
impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.over(MICRO_PER_CREDIT.unsigned_abs()) {
            Ok(credits) => f.pad(&credits.text()),
            Err(NotExact) => write!(f, "{}/{}e6", self.numerator, self.denominator),
        }
    }
}

/// Reads an amount in credits.
impl FromStr for Exact {
    type Err = NotExact;

    fn from_str(text: &str) -> Result<Self, NotExact> {
        if let Some(micro) = text.strip_suffix("e6").filter(|text| text.contains('/')) {
            return Self::parse(micro);
        }
        Self::parse(text)?.times(Self::whole(MICRO_PER_CREDIT.into()))
    }
}

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A plain decimal ratio above or equal to zero, such as a modifier's `"1.25"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Factor(Exact);

impl Factor {
    /// The largest factor that a price may hold: a thousand.
    pub const MAX: Self = Self(Exact::whole(1_000));
    /// Leaves an amount as it is.
    pub const ONE: Self = Self(Exact::ONE);

    /// The number.
    #[must_use]
    pub const fn exact(self) -> Exact {
        self.0
    }
}

/// At most six decimals, from `0` to `1000`.
impl FromStr for Factor {
    type Err = NotExact;

    fn from_str(text: &str) -> Result<Self, NotExact> {
        let decimals = text.split_once('.').map_or(0, |(_, part)| part.len());
        let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let factor = Self(Exact::parse(text)?);
        if plain && decimals <= 6 && factor <= Self::MAX { Ok(factor) } else { Err(NotExact) }
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.text())
    }
}

impl Serialize for Factor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Factor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| {
            serde::de::Error::custom("a factor is a decimal text from \"0\" to \"1000\" with at most six decimals")
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("0.25", "0.25")]
    #[case("1/3", "1/3")]
    #[case("-2.50", "-2.5")]
    #[case("10", "10")]
    #[case("1e2", "100")]
    #[case("-1/2000000", "-0.0000005")]
    fn reads_and_writes_credits(#[case] text: &str, #[case] shown: &str) {
        assert_eq!(text.parse::<Exact>().map(|amount| amount.to_string()).as_deref(), Ok(shown));
    }

    #[rstest]
    #[case("")]
    #[case("NaN")]
    #[case("1/0")]
    #[case("1.")]
    #[case("+1")]
    #[case("1e999999999999")]
    #[case("1e-2147483648")]
    #[case("inf")]
    fn refuses_what_is_no_number(#[case] text: &str) {
        assert_eq!(text.parse::<Exact>(), Err(NotExact));
    }

    #[rstest]
    #[case("-1")]
    #[case("1e1")]
    #[case("1/2")]
    #[case("1000.1")]
    #[case("0.1234567")]
    #[case("NaN")]
    fn refuses_what_is_no_factor(#[case] text: &str) {
        assert!(text.parse::<Factor>().is_err());
    }

    proptest! {
        #[test]
        fn text_round_trips(n in -(1_i128 << 90)..(1_i128 << 90), d in 1_i128..(1 << 30)) {
            let amount = Exact::new(n, d).expect("fits");
            prop_assert_eq!(amount.to_string().parse(), Ok(amount));
        }

        #[test]
        fn sums_and_compares_exactly(a in any::<i32>(), b in 1..i32::MAX, c in any::<i32>(), d in 1..i32::MAX) {
            let (x, y) = (Exact::new(a.into(), b.into()).expect("fits"), Exact::new(c.into(), d.into()).expect("fits"));
            prop_assert_eq!(x.plus(y).and_then(|sum| sum.minus(y)), Ok(x));
            let (left, right) = (i128::from(a) * i128::from(d), i128::from(c) * i128::from(b));
            prop_assert_eq!(x.cmp(&y), left.cmp(&right));
            prop_assert!(Exact::whole(x.ceiling()) >= x);
            prop_assert!(Exact::whole(x.ceiling() - 1) < x);
        }

        #[test]
        fn never_panics(a in any::<i128>(), b in any::<i128>(), c in any::<i128>(), d in any::<i128>(), text in ".{0,40}") {
            let _ = text.parse::<Exact>();
            if let (Ok(x), Ok(y)) = (Exact::new(a, b), Exact::new(c, d)) {
                let _ = (x.plus(y), x.minus(y), x.times(y), x.cmp(&y), x.to_string());
            }
        }
    }
}
