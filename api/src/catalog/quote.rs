//! A quote: a price that is honoured for some minutes, also when the catalog changes meanwhile.
//!
//! It is a signed text that says all of its terms, so that nothing is stored or read for it. Using it twice asks twice for the same
//! price, which is harmless.

use axum::http::{HeaderMap, HeaderName};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{capability::CapabilityKind, id::TenantId};
use serde::{Deserialize, Serialize};

use crate::{
    caller::Secrets,
    error::{ApiError, ApiResult, ErrorCode},
};

/// Where compatible routes take a quote.
pub const QUOTE: HeaderName = HeaderName::from_static("x-zephyr-quote");
/// How long a quote is honoured.
pub const VALID_FOR: TimeDelta = TimeDelta::minutes(10);
/// What a quote begins with.
const PREFIX: &str = "qt_";
/// The longest text that may be a quote.
const MAX_BYTES: usize = 2_048;

/// What was quoted, to whom, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// Whom it was given to.
    pub tenant_id: TenantId,
    /// The model.
    pub model: String,
    /// What it would be asked to do.
    pub capability: CapabilityKind,
    /// The version whose schema and price hold.
    pub price_version: u32,
    /// The sha256 of the resolved parameters, in hex.
    pub params_sha256: String,
    /// When it was asked for: prices that follow the clock look at this.
    pub moment: DateTime<Utc>,
    /// From when on it is not honoured any more.
    pub expires_at: DateTime<Utc>,
}

impl Terms {
    /// The quote as it is given out.
    #[must_use]
    pub fn seal(&self, secrets: &Secrets) -> String {
        let terms = serde_json::to_string(self).expect("terms of plain data are JSON");
        let signature = secrets.quote_signature(&terms);
        format!("{PREFIX}{}.{}", URL_SAFE_NO_PAD.encode(terms), URL_SAFE_NO_PAD.encode(signature))
    }

    /// Reads a quote of ours.
    ///
    /// # Errors
    /// `quote_invalid`.
    pub fn open(quote: &str, secrets: &Secrets) -> ApiResult<Self> {
        let invalid = || ApiError::new(ErrorCode::QuoteInvalid, "the quote is not one of ours").of("quote");
        if quote.len() > MAX_BYTES {
            return Err(invalid());
        }
        let (terms, signature) =
            quote.strip_prefix(PREFIX).and_then(|text| text.split_once('.')).ok_or_else(invalid)?;
        let terms = URL_SAFE_NO_PAD.decode(terms).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let (terms, signature) = terms.zip(URL_SAFE_NO_PAD.decode(signature).ok()).ok_or_else(invalid)?;
        if !secrets.is_quote_signature(&terms, &signature) {
            return Err(invalid());
        }
        serde_json::from_str(&terms).map_err(|_| invalid())
    }

    /// Checks that it still holds, for this tenant and this work.
    ///
    /// # Errors
    /// `quote_expired`, `quote_mismatch`.
    pub fn check(&self, tenant_id: &TenantId, model: &str, kind: CapabilityKind, now: DateTime<Utc>) -> ApiResult<()> {
        if (&self.tenant_id, self.model.as_str(), self.capability) != (tenant_id, model, kind) {
            return Err(mismatch("the quote was made for another tenant, model or capability"));
        }
        if self.expires_at <= now {
            let message = format!("the quote held until {}; ask for a new one", self.expires_at.to_rfc3339());
            return Err(ApiError::new(ErrorCode::QuoteExpired, message).of("quote"));
        }
        Ok(())
    }

    /// Checks that it was made for these parameters.
    ///
    /// # Errors
    /// `quote_mismatch`.
    pub fn check_params(&self, params_sha256: &str) -> ApiResult<()> {
        if self.params_sha256 == params_sha256 {
            return Ok(());
        }
        Err(mismatch("the quote was made for other parameters"))
    }
}

fn mismatch(message: &'static str) -> ApiError {
    ApiError::new(ErrorCode::QuoteMismatch, message).of("quote")
}

/// The quote that a request on a compatible route brings.
///
/// # Errors
/// `quote_invalid`.
pub fn of_headers(headers: &HeaderMap) -> ApiResult<Option<String>> {
    let invalid = |_| ApiError::new(ErrorCode::QuoteInvalid, "the quote is not one of ours").of("quote");
    headers.get(QUOTE).map(|value| value.to_str().map(ToOwned::to_owned).map_err(invalid)).transpose()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn tenant(number: u128) -> TenantId {
        TenantId::from_uuid(Uuid::from_u128(number))
    }

    fn moment(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn terms() -> Terms {
        Terms {
            tenant_id: tenant(1),
            model: "some-model".to_owned(),
            capability: CapabilityKind::Chat,
            price_version: 3,
            params_sha256: "ab".repeat(32),
            moment: moment(0),
            expires_at: moment(10),
        }
    }

    fn secrets(text: &str) -> Secrets {
        Secrets::derive(&text.into())
    }

    #[test]
    fn a_quote_is_read_back_by_those_who_made_it_only() {
        let quote = terms().seal(&secrets("ours"));
        assert_eq!(Terms::open(&quote, &secrets("ours")).expect("ours"), terms());
        assert_eq!(Terms::open(&quote, &secrets("theirs")).expect_err("theirs").code, ErrorCode::QuoteInvalid);
    }

    #[test]
    fn what_is_no_quote_is_refused() {
        for text in ["", "qt_", "qt_.", "qt_e30.e30", "job_1", "qt_é.é", &"x".repeat(MAX_BYTES + 1)] {
            assert_eq!(Terms::open(text, &secrets("ours")).expect_err("no quote").code, ErrorCode::QuoteInvalid);
        }
    }

    #[test]
    fn every_changed_letter_of_a_quote_is_seen() {
        let quote = terms().seal(&secrets("ours"));
        for place in PREFIX.len()..quote.len() {
            let mut forged = quote.clone().into_bytes();
            forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).expect("ASCII");
            let opened = Terms::open(&forged, &secrets("ours"));
            assert!(opened.is_err(), "{place}");
        }
    }

    #[test]
    fn a_quote_holds_for_its_tenant_its_work_and_its_time() {
        let code = |checked: ApiResult<()>| checked.err().map(|error| error.code);
        let check = |tenant_id, model, kind, now| code(terms().check(&tenant_id, model, kind, now));
        let (chat, mismatch) = (CapabilityKind::Chat, Some(ErrorCode::QuoteMismatch));
        assert_eq!(check(tenant(1), "some-model", chat, moment(9)), None);
        assert_eq!(check(tenant(2), "some-model", chat, moment(9)), mismatch);
        assert_eq!(check(tenant(1), "other", chat, moment(9)), mismatch);
        assert_eq!(check(tenant(1), "some-model", CapabilityKind::Embedding, moment(9)), mismatch);
        assert_eq!(check(tenant(1), "some-model", chat, moment(10)), Some(ErrorCode::QuoteExpired));
        assert_eq!(code(terms().check_params(&"ab".repeat(32))), None);
        assert_eq!(code(terms().check_params("other")), mismatch);
    }
}
