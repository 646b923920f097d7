//! A task that a caller waits for: upstream keeps it, a timer owns it, and whoever waits looks at the job until it has ended.
//! It never judges: the task's end was settled by whoever followed it.

use std::time::Duration;

use domain::job::{Ending, Job, Phase};
use providers::{UpstreamError, Verdict, code};

use crate::{
    Dispatcher, Run, Unanswered,
    perform::{Answer, Finished},
    pool::Chosen,
};

/// The longest that a caller waits for a task; the job goes on.
const WAIT_AT_MOST: Duration = Duration::from_mins(10);

impl Dispatcher {
    /// Whether such work is a task at the provider of a key.
    pub(crate) fn by_tasks(&self, run: &Run, chosen: &Chosen) -> bool {
        self.adapter(&chosen.settings.adapter).is_some_and(|adapter| adapter.works_by_tasks(run.callable.kind))
    }

    /// Waits for the end of a job whose task upstream has accepted.
    pub(crate) async fn end_of_task(&self, run: &Run) -> Result<Finished, Unanswered> {
        match tokio::time::timeout(WAIT_AT_MOST, self.look_until_ended(run)).await {
            Ok(ended) => ended,
            Err(_) => {
                let why = "The task takes longer than a caller may wait; its job goes on.";
                Err(Unanswered::Unknown(UpstreamError::ours(Verdict::Unknown, code::TIMEOUT, why)))
            }
        }
    }

    async fn look_until_ended(&self, run: &Run) -> Result<Finished, Unanswered> {
        loop {
            tokio::time::sleep(self.parts().ages.poll_every).await;
            let job: Result<Job, _> = self.parts().store.read(run.job_id.as_str()).await;
            let job = job.map_err(|error| Unanswered::Unavailable(error.to_string()))?;
            match job.phase() {
                Phase::Ended { ending } => return ended(&job, ending),
                Phase::Unknown { .. } => {
                    let why = "Nobody knows what became of the task.";
                    return Err(Unanswered::Unknown(UpstreamError::ours(Verdict::Unknown, code::ERROR, why)));
                }
                Phase::Absent | Phase::Queued | Phase::Running { .. } => {}
            }
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
