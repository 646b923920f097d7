//! `Credits`: amounts of prepaid money, counted in whole micro-credits.
//!
//! One credit is 1,000,000 micro-credits, an `i64` inside and a decimal string outside (`"0.0425"`).
//! Never a float: not in arithmetic, not in JSON, not on a page.

use std::{fmt, iter::Sum, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How many micro-credits one credit has.
pub const MICRO_PER_CREDIT: i64 = 1_000_000;

/// The largest amount that one command may carry: one billion credits.
///
/// Sums of such amounts stay far from the limits of `i64`, so that no fold can overflow.
pub const MAX_AMOUNT: Credits = Credits(1_000_000_000 * MICRO_PER_CREDIT);

/// An amount of credits, in micro-credits. May be negative: a debt, or the difference of two amounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Credits(i64);

/// Why a text is not an amount of credits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreditsError {
    /// Not an optional sign, digits, and at most six decimals.
    #[error("an amount is a decimal number with at most six decimals")]
    Malformed,
    /// More than an `i64` of micro-credits can hold.
    #[error("the amount is too large")]
    TooLarge,
}

impl Credits {
    /// No credits.
    pub const ZERO: Self = Self(0);

    /// An amount from micro-credits.
    #[must_use]
    pub const fn from_micro(micro: i64) -> Self {
        Self(micro)
    }

    /// An amount from whole credits.
    #[must_use]
    pub const fn from_whole(credits: i64) -> Self {
        Self(credits * MICRO_PER_CREDIT)
    }

    /// The amount in micro-credits.
    #[must_use]
    pub const fn micro(self) -> i64 {
        self.0
    }

    /// Whether this is an amount that may enter the ledger: not negative and at most [`MAX_AMOUNT`].
    #[must_use]
    pub fn is_amount(self) -> bool {
        (Self::ZERO..=MAX_AMOUNT).contains(&self)
    }

    /// Whether this is less than nothing.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// The sum, or `None` when it does not fit.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The difference, or `None` when it does not fit.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }
}

/// Adds. Overflow is a broken invariant (amounts are bounded by [`MAX_AMOUNT`]) and stops the process.
impl std::ops::Add for Credits {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.checked_add(other).expect("amounts are bounded: a sum fits")
    }
}

/// Subtracts. Overflow is a broken invariant (amounts are bounded by [`MAX_AMOUNT`]) and stops the process.
impl std::ops::Sub for Credits {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.checked_sub(other).expect("amounts are bounded: a difference fits")
    }
}

impl std::ops::Neg for Credits {
    type Output = Self;

    fn neg(self) -> Self {
        Self::ZERO - self
    }
}

impl std::ops::AddAssign for Credits {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::ops::SubAssign for Credits {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for Credits {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, |total, amount| total + amount)
    }
}

/// The shortest decimal text: `0`, `25`, `0.0425`, `-1.5`. Honours a precision: `{:.6}` pads to six decimals.
impl fmt::Display for Credits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let per_credit = MICRO_PER_CREDIT.unsigned_abs();
        let (whole, mut fraction) = (magnitude / per_credit, magnitude % per_credit);
        let sign = if self.0 < 0 { "-" } else { "" };
        let least = f.precision().unwrap_or(0).min(6);
        let mut digits = 6;
        while digits > least && fraction.is_multiple_of(10) {
            fraction /= 10;
            digits -= 1;
        }
        if digits == 0 { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{fraction:0digits$}") }
    }
}

impl FromStr for Credits {
    type Err = CreditsError;

    fn from_str(text: &str) -> Result<Self, CreditsError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !plain(whole) || !plain(fraction) || fraction.len() > 6 {
            return Err(CreditsError::Malformed);
        }
        let micro = format!("{whole}{fraction:0<6}").parse::<i64>().map_err(|_| CreditsError::TooLarge)?;
        Ok(Self(if negative { -micro } else { micro }))
    }
}

impl Serialize for Credits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Credits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("0", 0)]
    #[case("25", 25_000_000)]
    #[case("0.0425", 42_500)]
    #[case("-1.5", -1_500_000)]
    #[case("0.000001", 1)]
    fn reads_and_writes_decimal_text(#[case] text: &str, #[case] micro: i64) {
        assert_eq!(text.parse(), Ok(Credits::from_micro(micro)));
        assert_eq!(Credits::from_micro(micro).to_string(), text);
    }

    #[rstest]
    #[case("")]
    #[case("-")]
    #[case(".5")]
    #[case("1.")]
    #[case("1.0000001")]
    #[case("NaN")]
    #[case("1e3")]
    #[case("+1")]
    #[case(" 1")]
    #[case("99999999999999999999")]
    fn refuses_what_is_no_amount(#[case] text: &str) {
        assert!(text.parse::<Credits>().is_err());
    }

    #[test]
    fn pads_when_asked() {
        assert_eq!(format!("{:.6}", Credits::ZERO), "0.000000");
        assert_eq!(format!("{:.2}", Credits::from_micro(1_500_000)), "1.50");
    }

    proptest! {
        #[test]
        fn text_round_trips(micro in any::<i64>().prop_filter("has a magnitude", |m| *m != i64::MIN)) {
            let amount = Credits::from_micro(micro);
            prop_assert_eq!(amount.to_string().parse(), Ok(amount));
        }
    }
}
