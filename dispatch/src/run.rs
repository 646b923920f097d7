//! A run: one job and what was frozen for it, as the functions here hand it to each other.

use std::sync::Arc;

use domain::{
    Credits,
    id::{AttemptId, JobId, TenantId},
    job::{AttemptStart, Job, Submission, Usage},
    pricing::{Charge, PriceError, PricedParams},
};
use projections::live::Callable;
use store::{Context, Side, TimerChange, Work};

use crate::{ACTOR, Dispatcher, duty, queued::HandleError};

/// A hold covers the most that a request can use. A usage that costs more than this many holds is no usage but a lie.
pub const ABSURD_HOLDS: i64 = 10;

/// A job and the capability version that was frozen for it.
#[derive(Clone)]
pub struct Run {
    /// The job.
    pub job_id: JobId,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// The frozen capability.
    pub callable: Arc<Callable>,
    /// What its price reads.
    pub priced: PricedParams,
    /// What was held for it.
    pub hold: Credits,
    /// When it expires.
    pub expires_at: chrono::DateTime<chrono::Utc>,
    /// The request that led here.
    pub request_id: String,
}

/// Why a usage is not charged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Uncharged {
    #[error(transparent)]
    Unpriced(#[from] PriceError),
    #[error("it would cost {cost}, though {held} were held for the most that can be used")]
    Absurd { cost: Credits, held: Credits },
}

impl Run {
    /// What a usage costs by the frozen price, if it can be right.
    pub(crate) fn charge(&self, usage: &Usage) -> Result<Charge, Uncharged> {
        let charge = self.callable.capability.charge(&self.priced, usage)?;
        let most = self.hold.micro().saturating_mul(ABSURD_HOLDS);
        if self.hold > Credits::ZERO && charge.amount.micro() > most {
            return Err(Uncharged::Absurd { cost: charge.amount, held: self.hold });
        }
        Ok(charge)
    }

    /// The run of a job; `None` when it was never submitted.
    ///
    /// # Errors
    /// When this process has not heard yet of the version that was frozen for it. That passes by itself: whoever
    /// published it wrote it into the log before the job.
    pub(crate) fn of(dispatcher: &Dispatcher, job_id: &JobId, job: &Job) -> Result<Option<Self>, HandleError> {
        let Some(submission) = job.submission() else { return Ok(None) };
        let callable = frozen(dispatcher, submission)?;
        Ok(Some(Self {
            job_id: job_id.clone(),
            tenant_id: submission.tenant_id.clone(),
            callable,
            priced: submission.priced_params.clone(),
            hold: submission.hold,
            expires_at: submission.expires_at,
            request_id: String::new(),
        }))
    }

    /// A unit of this run, with the job's next duty.
    pub(crate) fn work(&self, unit: domain::unit::Unit, timer: TimerChange) -> Work {
        let context = Context { actor: ACTOR.into(), request_id: self.request_id.clone() };
        Work { unit, context, side: Side { timer: Some(timer), ..Side::default() } }
    }

    /// The job's next duty.
    pub(crate) fn duty(
        &self,
        kind: &str,
        due: chrono::DateTime<chrono::Utc>,
        attempt_id: Option<&AttemptId>,
    ) -> TimerChange {
        TimerChange::Set {
            reference: self.job_id.to_string(),
            kind: kind.to_owned(),
            due,
            attempt: attempt_id.map(ToString::to_string).unwrap_or_default(),
        }
    }

    pub(crate) fn no_duty(&self) -> TimerChange {
        TimerChange::Clear { reference: self.job_id.to_string() }
    }

    /// The duty of a process that makes an attempt: to stay alive.
    pub(crate) fn lease(&self, dispatcher: &Dispatcher, start: &AttemptStart) -> TimerChange {
        let parts = dispatcher.parts();
        self.duty(duty::LEASE, parts.store.now() + parts.ages.lease, Some(&start.attempt_id))
    }
}

fn frozen(dispatcher: &Dispatcher, submission: &Submission) -> Result<Arc<Callable>, HandleError> {
    let catalog = dispatcher.parts().live.catalog();
    let version = catalog.version(&submission.model, submission.capability, submission.price_version);
    version.ok_or_else(|| HandleError::UnknownVersion {
        model: submission.model.clone(),
        capability: submission.capability,
        version: submission.price_version,
    })
}
