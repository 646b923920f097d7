//! What the other crates refuse, in the words of the API. Causes that only we can mend go to the log.

use std::time::Duration;

use domain::{
    account::AccountError,
    job::JobError,
    model::ModelError,
    once::OnceError,
    schema::{ParamChange, ParamError, Refused},
    stream::Refusal,
    tenant::TenantError,
};
use limits::LimitError;
use projections::ReadError;
use serde_json::{Value, json};
use store::{
    ExecuteError, assets::AssetsError, contents::ContentsError, identity::IdentityError, load::LoadError,
    objects::ObjectsError,
};

use super::{ApiError, ErrorCode};

/// After this long the store may have room again.
const BUSY_FOR: Duration = Duration::from_secs(1);

/// After this long one of many jobs may have ended.
const JOB_ENDS_IN: Duration = Duration::from_secs(2);

impl From<ExecuteError> for ApiError {
    fn from(error: ExecuteError) -> Self {
        match error {
            ExecuteError::Refused(refusal) => (*refusal).into(),
            ExecuteError::Busy => {
                Self::new(ErrorCode::Overloaded, "more work waits than is taken; try again in a moment").after(BUSY_FOR)
            }
            ExecuteError::Unavailable(cause) => Self::unavailable("the database", &cause),
            ExecuteError::Diverged(cause) => Self::internal(&cause),
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Account(error) => error.into(),
            Refusal::Job(error) => error.into(),
            Refusal::Model(error) => error.into(),
            Refusal::Once(error) => error.into(),
            Refusal::Tenant(error) => error.into(),
            Refusal::Provider(error) => Self::new(ErrorCode::Conflict, error.to_string()),
            Refusal::ProviderKey(error) => Self::new(ErrorCode::Conflict, error.to_string()),
        }
    }
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        let message = error.to_string();
        match error {
            AccountError::InsufficientCredits { needed, available, held } => {
                Self::new(ErrorCode::InsufficientCredits, message)
                    .with_details(json!({"needed": needed, "available": available, "held": held}))
            }
            AccountError::BudgetExceeded { whose, period, limit, spent, held, needed, resets_on } => {
                let resets_at = resets_on.map(|day| day.and_time(chrono::NaiveTime::MIN).and_utc());
                Self::new(ErrorCode::BudgetExceeded, message).with_details(json!({
                    "budget": whose, "period": period, "limit": limit, "spent": spent, "held": held, "needed": needed,
                    "resets_at": resets_at,
                }))
            }
            AccountError::TooManyJobs { whose, limit } => Self::new(ErrorCode::RateLimitExceeded, message)
                .with_details(json!({ "limit": "concurrent_jobs", "of": whose, "most": limit }))
                .after(JOB_ENDS_IN),
            AccountError::Frozen { .. } => Self::new(ErrorCode::AccountFrozen, message),
            AccountError::InvalidAmount { .. } => Self::parameter("amount", message),
            AccountError::NotOpen | AccountError::NoSuchAdjustment { .. } => Self::new(ErrorCode::NotFound, message),
            AccountError::SamePerson => Self::new(ErrorCode::Forbidden, message),
            AccountError::NoOpenHold { .. } | AccountError::HoldDiffers { .. } => {
                Self::new(ErrorCode::Conflict, message)
            }
        }
    }
}

impl From<JobError> for ApiError {
    fn from(error: JobError) -> Self {
        match error {
            JobError::Absent => Self::not_found("job"),
            JobError::RefundTooLarge { .. } => Self::parameter("amount", error.to_string()),
            other => Self::new(ErrorCode::Conflict, other.to_string()),
        }
    }
}

impl From<ModelError> for ApiError {
    fn from(error: ModelError) -> Self {
        let message = error.to_string();
        match error {
            ModelError::NotRegistered => Self::new(ErrorCode::ModelNotFound, message).of("model"),
            ModelError::NoCapability(_) => Self::new(ErrorCode::NotFound, message),
            ModelError::BadName => Self::parameter("name", message),
            ModelError::BadDeprecation => Self::parameter("sunset_at", message),
            ModelError::Unfit(issues) => Self::unfit(&issues),
            ModelError::OtherIdentity { .. } => Self::new(ErrorCode::Conflict, message),
        }
    }
}

impl From<OnceError> for ApiError {
    fn from(error: OnceError) -> Self {
        match error {
            OnceError::Replayed { .. } => Self::new(ErrorCode::Conflict, error.to_string()),
            OnceError::UsedForAnother => {
                Self::new(ErrorCode::IdempotencyKeyReused, "the idempotency key was used for another request")
            }
        }
    }
}

impl From<TenantError> for ApiError {
    fn from(error: TenantError) -> Self {
        let code = match error {
            TenantError::Absent | TenantError::NotAMember { .. } | TenantError::NoSuchKey => ErrorCode::NotFound,
            TenantError::LastOwner => ErrorCode::Conflict,
            TenantError::UnfitLimit(_) => ErrorCode::InvalidParameter,
            TenantError::TooManyKeys => ErrorCode::LimitReached,
        };
        Self::new(code, error.to_string())
    }
}

/// The longest nearest request that an answer repeats whole, as JSON: it may carry files.
const NEAREST_MAX_BYTES: usize = 64 * 1024;

/// The first of what is wrong is the message, with what would be right; all of it is in the details.
impl From<Box<Refused>> for ApiError {
    fn from(refused: Box<Refused>) -> Self {
        let Refused { errors, nearest } = *refused;
        let allowed = errors.first().and_then(|first| first.allowed.as_ref()).map(|allowed| listed(allowed));
        let mended = nearest.as_ref().map(|nearest| mended(&nearest.changes));
        let mut error = Self::from(errors);
        let right = [
            allowed.map(|allowed| format!("allowed with the other parameters: {allowed}")),
            mended.map(|changes| format!("the nearest valid request: {changes}")),
        ];
        let right = right.into_iter().flatten().collect::<Vec<_>>().join("; ");
        if !right.is_empty() {
            error.message = format!("{}; {right}", error.message).into();
        }
        if let (Some(details), Some(nearest)) = (&mut error.details, nearest) {
            details["changes"] = json!(nearest.changes.iter().map(bounded).collect::<Vec<_>>());
            let whole = nearest.params.to_string().len() <= NEAREST_MAX_BYTES;
            details["nearest"] = if whole { nearest.params } else { Value::Null };
        }
        error
    }
}

/// The longest value that an answer repeats, as JSON.
const VALUE_MAX_BYTES: usize = 200;

fn listed(values: &[Value]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn mended(changes: &[ParamChange]) -> String {
    let step = |change: &ParamChange| match &change.value {
        None => format!("without {}", change.param),
        Some(value) if value.to_string().len() > VALUE_MAX_BYTES => format!("a shorter {}", change.param),
        Some(value) => format!("{} {value}", change.param),
    };
    changes.iter().map(step).collect::<Vec<_>>().join(", ")
}

/// A change as it is told: a long value stands in the nearest request only.
fn bounded(change: &ParamChange) -> Value {
    let long = change.value.as_ref().is_some_and(|value| value.to_string().len() > VALUE_MAX_BYTES);
    if long { json!({ "param": change.param, "shortened": true }) } else { json!(change) }
}

/// The first of what is wrong with parameters is the message; all of it is in the details.
impl From<Vec<ParamError>> for ApiError {
    fn from(wrong: Vec<ParamError>) -> Self {
        let Some(first) = wrong.first() else {
            return Self::new(ErrorCode::InvalidParameter, "the parameters are not valid");
        };
        let message = if first.param.is_empty() { first.message.clone() } else { first.to_string() };
        Self::parameter(&first.param, message).with_details(json!({ "errors": wrong }))
    }
}

impl From<LoadError> for ApiError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Database(cause) => Self::unavailable("the database", &cause),
            defect => Self::internal(&defect),
        }
    }
}

impl From<IdentityError> for ApiError {
    fn from(error: IdentityError) -> Self {
        let message = error.to_string();
        match error {
            IdentityError::EmailTaken => Self::new(ErrorCode::EmailTaken, message).of("email"),
            IdentityError::InvalidEmail => Self::parameter("email", message),
            IdentityError::WeakPassword => Self::parameter("password", message),
            IdentityError::WrongCredentials => Self::new(ErrorCode::InvalidCredentials, message),
            IdentityError::Disabled => Self::new(ErrorCode::Suspended, message),
            IdentityError::UnknownUser => Self::not_found("user"),
            IdentityError::SessionEnded | IdentityError::Reused => Self::new(ErrorCode::SessionEnded, message),
            IdentityError::Busy => Self::new(ErrorCode::Overloaded, message).after(BUSY_FOR),
            IdentityError::Hashing(cause) => Self::internal(&cause),
            IdentityError::Database(cause) => Self::unavailable("the database", &cause),
        }
    }
}

impl From<AssetsError> for ApiError {
    fn from(error: AssetsError) -> Self {
        match error {
            AssetsError::Missing => Self::not_found("asset"),
            AssetsError::ObjectKeyTaken => Self::internal(&error),
            AssetsError::Database(cause) => Self::unavailable("the database", &cause),
        }
    }
}

impl From<ObjectsError> for ApiError {
    fn from(error: ObjectsError) -> Self {
        match error {
            ObjectsError::Missing => Self::not_found("file"),
            ObjectsError::TooLarge => Self::new(ErrorCode::PayloadTooLarge, error.to_string()),
            ObjectsError::Source(_) => Self::new(ErrorCode::InvalidRequest, "the body broke off"),
            ObjectsError::OutOfRange { .. } => Self::new(ErrorCode::RangeNotSatisfiable, error.to_string()),
            ObjectsError::Unavailable(cause) => Self::unavailable("the object storage", &cause),
            other => Self::internal(&other),
        }
    }
}

impl From<LimitError> for ApiError {
    fn from(error: LimitError) -> Self {
        match error {
            LimitError::Unavailable(cause) => Self::unavailable("the rate limiter", &cause),
            LimitError::NeverAdmitted { .. } => Self::new(ErrorCode::RateLimited, error.to_string()),
        }
    }
}

impl From<ReadError> for ApiError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Database(cause) => Self::unavailable("the database", &cause),
            ReadError::Log(cause) => cause.into(),
            ReadError::Json(cause) => Self::internal(&cause),
            ReadError::Missing => Self::unavailable("the read models", &error),
        }
    }
}

impl From<ContentsError> for ApiError {
    fn from(error: ContentsError) -> Self {
        match error {
            ContentsError::ReplyTooLong(_) | ContentsError::TextTooLong(_) => {
                Self::new(ErrorCode::PayloadTooLarge, error.to_string())
            }
            ContentsError::Database(cause) => Self::unavailable("the database", &cause),
        }
    }
}
