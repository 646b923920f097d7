//! A task that a caller waits for: upstream keeps it, a timer owns it, and whoever waits is woken by the log when
//! something happens to its job. It never judges: the task's end was settled by whoever followed it.

use std::time::Duration;

use domain::{
    id::JobId,
    job::{Ending, Job, Phase},
};
use providers::{UpstreamError, Verdict, code};
use store::follow::Events;
use tokio::sync::broadcast::{self, error::RecvError};

use crate::{
    Dispatcher, Run, Unanswered,
    perform::{Answer, Finished},
    pool::Chosen,
};

/// The longest that a caller waits for a task; the job goes on.
const WAIT_AT_MOST: Duration = Duration::from_mins(10);
/// After this long without an event of the job it is looked at all the same: the log's reader may be behind.
const LOOK_ANYWAY: Duration = Duration::from_secs(15);

impl Dispatcher {
    /// Whether such work is a task at the provider of a key.
    pub(crate) fn by_tasks(&self, run: &Run, chosen: &Chosen) -> bool {
        self.adapter(&chosen.settings.adapter).is_some_and(|adapter| adapter.works_by_tasks(run.callable.kind))
    }

    /// Waits for the end of a job whose task upstream has accepted.
    pub(crate) async fn end_of_task(&self, run: &Run) -> Result<Finished, Unanswered> {
        match tokio::time::timeout(WAIT_AT_MOST, self.until_ended(run)).await {
            Ok(ended) => ended,
            Err(_) => {
                let why = "The task takes longer than a caller may wait; its job goes on.";
                Err(Unanswered::Unknown(UpstreamError::ours(Verdict::Unknown, code::TIMEOUT, why)))
            }
        }
    }

    /// The subscription begins before the job is read, so nothing falls between.
    async fn until_ended(&self, run: &Run) -> Result<Finished, Unanswered> {
        let mut appended = self.parts().follower.subscribe();
        loop {
            let job: Result<Job, _> = self.parts().store.read(run.job_id.as_str()).await;
            let job = job.map_err(|error| Unanswered::Unavailable(error.to_string()))?;
            match job.phase() {
                Phase::Ended { ending } => return ended(&job, ending),
                Phase::Unknown { .. } => {
                    let why = "Nobody knows what became of the task.";
                    return Err(Unanswered::Unknown(UpstreamError::ours(Verdict::Unknown, code::ERROR, why)));
                }
                Phase::Absent | Phase::Queued | Phase::Running { .. } => {
                    let heard = hear_of(&run.job_id, &mut appended);
                    drop(tokio::time::timeout(LOOK_ANYWAY, heard).await);
                }
            }
        }
    }
}

/// Returns once something was appended to a job's stream, or may have been.
async fn hear_of(job_id: &JobId, appended: &mut broadcast::Receiver<Events>) {
    loop {
        match appended.recv().await {
            Ok(events) if events.iter().all(|event| *event.aggregate_id != *job_id.as_str()) => {}
            Ok(_) | Err(RecvError::Lagged(_)) => return,
            // Nobody reads the log for us any more: the clock has to do.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

fn ended(job: &Job, ending: &Ending) -> Result<Finished, Unanswered> {
    match ending {
        Ending::Succeeded => {
            let answer = Answer::Images { outputs: job.outputs().to_vec(), failures: Vec::new() };
            Ok(Finished { answer, cost: job.cost() })
        }
        Ending::Failed { code } => Err(UpstreamError::told_before(code).into()),
        Ending::Canceled => {
            Err(UpstreamError::ours(Verdict::Fail, code::ERROR, "The job was canceled while it was waited for.").into())
        }
        Ending::Expired => {
            Err(UpstreamError::ours(Verdict::Fail, code::TIMEOUT, "The job was not done before it expired.").into())
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use domain::{job::JobEvent, stream::Event};
    use futures::FutureExt as _;
    use store::Recorded;
    use uuid::Uuid;

    use super::*;

    fn job(number: u128) -> JobId {
        JobId::from_uuid(Uuid::from_u128(number))
    }

    fn expired(job_id: &JobId) -> Events {
        let recorded = Recorded {
            position: 1,
            aggregate_type: "job".into(),
            aggregate_id: job_id.as_str().into(),
            sequence: 1,
            event: Event::Job(JobEvent::JobExpired {}),
            metadata: "{}".into(),
            recorded_at: DateTime::UNIX_EPOCH,
        };
        vec![recorded].into()
    }

    #[test]
    fn a_waiter_is_woken_by_its_own_job_and_by_a_lag_only() {
        let (events, mut appended) = broadcast::channel(2);
        let mut woken = || hear_of(&job(1), &mut appended).now_or_never().is_some();
        let tell = |number| drop(events.send(expired(&job(number))));
        assert!(!woken(), "nothing happened");
        tell(2);
        tell(1);
        assert!(woken(), "its own event is there");
        tell(2);
        assert!(!woken(), "another job's wakes nobody");
        (0..4).for_each(|_| tell(2));
        assert!(woken(), "what was missed may have been its own");
        drop(events);
        assert!(!woken(), "without a reader of the log it never spins");
    }
}
