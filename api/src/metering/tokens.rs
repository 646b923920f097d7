//! Tokens: reserved by the estimate before anything is held, and corrected by the usage when the job ends.
//!
//! Every process hears of the end of every job by the log, so that the one that reserved corrects, whoever did the work.
//! What is forgotten here only counts a minute longer than it should.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use domain::{
    id::{JobId, RequestId},
    job::{JobEvent, Usage},
    pricing::Meter,
    stream::Event,
};
use limits::Limits;
use store::follow::{Events, Follower};
use tokio::sync::broadcast::error::RecvError;

use super::{PERIOD, Rate, of_tokens, rate::Uncounted};
use crate::{caller::Caller, error::ApiResult, state::AppState};

/// How many reservations are remembered; then the oldest counts as estimated.
const REMEMBERED: usize = 100_000;

/// The reservations of this process that may still be corrected. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct TokenReservations(Arc<Mutex<Reservations>>);

#[derive(Debug, Default)]
struct Reservations {
    jobs: HashMap<JobId, Reservation>,
    requests: HashMap<RequestId, JobId>,
    oldest: VecDeque<(Instant, JobId)>,
}

#[derive(Debug)]
struct Reservation {
    request_id: RequestId,
    rates: Vec<Rate>,
    taken: u64,
}

/// How many tokens of text a usage has. Those from a cache are among those of the input.
#[must_use]
pub fn tokens_of(usage: &Usage) -> u64 {
    let count = |meter| usage.get(meter).unwrap_or_default();
    count(Meter::InputToken).saturating_add(count(Meter::OutputToken))
}

/// Reserves the tokens that a job is likely to use.
///
/// # Errors
/// `rate_limit_exceeded`; `unavailable` when the windows are out of reach.
pub async fn reserve(state: &AppState, caller: &Caller, job_id: &JobId, tokens: u64) -> ApiResult<()> {
    let rates = of_tokens(state, caller);
    if rates.is_empty() || tokens == 0 {
        return Ok(());
    }
    let taken = Rate::take(&state.limits, &rates, tokens).await;
    if let Err(Uncounted::Unavailable(_)) = &taken {
        let labels = [("limit", "tokens"), ("admitted", "no")];
        metrics::counter!("zephyr_limits_unavailable_total", &labels).increment(1);
    }
    taken?;
    state.tokens.remember(job_id, Reservation { request_id: caller.request_id.clone(), rates, taken: tokens });
    Ok(())
}

impl TokenReservations {
    /// Corrects what it remembers as the log tells of the ends of jobs.
    #[must_use]
    pub fn follow(follower: &Follower, limits: Limits) -> Self {
        let (reservations, mut events) = (Self::default(), follower.subscribe());
        let remembered = Arc::downgrade(&reservations.0);
        tokio::spawn(async move {
            loop {
                let heard = match events.recv().await {
                    Ok(heard) => heard,
                    Err(RecvError::Lagged(_)) => continue,
                    Err(RecvError::Closed) => return,
                };
                let Some(remembered) = remembered.upgrade() else { return };
                Self(remembered).correct(&limits, &heard).await;
            }
        });
        reservations
    }

    /// Gives back what a request reserved that came to nothing.
    pub async fn give_back(&self, limits: &Limits, request_id: &RequestId) {
        let found = {
            let mut reservations = self.lock();
            let job_id = reservations.requests.get(request_id).cloned();
            job_id.and_then(|job_id| reservations.forget(&job_id))
        };
        if let Some(Reservation { rates, taken, .. }) = found {
            Rate::correct(limits, &rates, taken, 0).await;
        }
    }

    async fn correct(&self, limits: &Limits, heard: &Events) {
        for recorded in heard.iter() {
            let Event::Job(event) = &recorded.event else { continue };
            let right = match event {
                JobEvent::JobSucceeded { usage, .. } | JobEvent::JobCanceled { usage, .. } => tokens_of(usage),
                JobEvent::JobFailed { .. } | JobEvent::JobExpired {} => 0,
                _ => continue,
            };
            let Ok(job_id) = recorded.aggregate_id.parse::<JobId>() else { continue };
            let found = self.lock().forget(&job_id);
            if let Some(Reservation { rates, taken, .. }) = found {
                Rate::correct(limits, &rates, taken, right).await;
            }
        }
    }

    fn remember(&self, job_id: &JobId, reservation: Reservation) {
        let (mut reservations, now) = (self.lock(), Instant::now());
        let is_old = |at: &Instant, count: usize| now.duration_since(*at) > PERIOD || count >= REMEMBERED;
        while let Some((at, oldest)) = reservations.oldest.front().cloned()
            && is_old(&at, reservations.oldest.len())
        {
            reservations.oldest.pop_front();
            drop(reservations.forget(&oldest));
        }
        reservations.oldest.push_back((now, job_id.clone()));
        reservations.requests.insert(reservation.request_id.clone(), job_id.clone());
        reservations.jobs.insert(job_id.clone(), reservation);
    }

    fn lock(&self) -> MutexGuard<'_, Reservations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reservations {
    fn forget(&mut self, job_id: &JobId) -> Option<Reservation> {
        let found = self.jobs.remove(job_id)?;
        self.requests.remove(&found.request_id);
        Some(found)
    }
}
