//! Access tokens: JWT signed with HS256, good for fifteen minutes. What they say is checked again at each request.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::id::{TenantId, UserId};
use jsonwebtoken::{Algorithm, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use store::identity::SessionId;

use super::Secrets;
use crate::error::{ApiError, ApiResult, ErrorCode};

/// How long an access token is good.
pub const ACCESS_TOKEN_LIFETIME: Duration = Duration::from_secs(15 * 60);

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The person.
    pub sub: UserId,
    /// The session.
    pub sid: String,
    /// The tenant that the session works in.
    pub ten: Option<TenantId>,
    /// `admin` or `auditor` of the platform, else `owner` or `member` of the tenant. For clients to show: we look it up.
    pub role: String,
    /// Until when, in Unix seconds.
    pub exp: i64,
}

impl Secrets {
    /// Signs an access token.
    ///
    /// # Errors
    /// Only by a defect.
    pub fn sign(&self, claims: &Claims) -> ApiResult<String> {
        encode(&Header::new(Algorithm::HS256), claims, &self.signing).map_err(|error| ApiError::internal(&error))
    }

    /// What a token says, when we signed it and it is still good.
    ///
    /// # Errors
    /// `session_ended`.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> ApiResult<(Claims, SessionId)> {
        let ended = || ApiError::new(ErrorCode::SessionEnded, "the access token is not valid or has expired");
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_exp = false; // by our own clock, below
        let claims = decode::<Claims>(token, &self.verifying, &validation).map_err(|_| ended())?.claims;
        let session_id = claims.sid.parse().map_err(|_| ended())?;
        if claims.exp <= now.timestamp() { Err(ended()) } else { Ok((claims, session_id)) }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_token_is_good_until_it_expires_and_only_with_our_signature() {
        let secrets = Secrets::derive(&"secret".into());
        let now = DateTime::from_timestamp(1_000, 0).expect("a moment");
        let claims = Claims {
            sub: UserId::from_uuid(Uuid::from_u128(1)),
            sid: format!("ses_{}", Uuid::from_u128(2).simple()),
            ten: None,
            role: "member".into(),
            exp: 1_001,
        };
        let token = secrets.sign(&claims).expect("it signs");
        assert_eq!(secrets.verify(&token, now).expect("it is good").0, claims);
        assert!(secrets.verify(&token, now + Duration::from_secs(1)).is_err());
        assert!(Secrets::derive(&"other".into()).verify(&token, now).is_err());
        assert!(secrets.verify("eyJhbGciOiJub25lIn0.e30.", now).is_err());
    }
}
