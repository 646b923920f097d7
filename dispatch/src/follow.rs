//! Tasks that upstream accepted: asked for in batches, their outputs kept, their end settled. Nobody waits on a
//! connection meanwhile, and no delivery is held.

use std::collections::BTreeMap;

use domain::{
    account::ReleaseReason,
    id::JobId,
    job::{Attempt, Failure, Fate, Job, JobCommand, Phase},
    unit::{Unit, Unsuccessful},
};
use providers::{Adapter, CancelOutcome, Endpoint, FileKind, RemoteFile, TaskStatus};
use store::{ExecuteError, timers::DueTimer};

use crate::{
    Dispatcher, Run, duty,
    outputs::{Made, Source},
    pool::Chosen,
    queued::HandleError,
    settle::failure,
};

/// How many pauses a task's outputs may fail to be kept before the job fails.
const KEEP_TRIES: i32 = 60;

/// A task to be asked for.
struct Followed {
    run: Run,
    attempt: Attempt,
    upstream_id: String,
    cancel_requested: bool,
    tries: i32,
}

/// What is to become of a timer that was handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The duty was replaced or ended by an append.
    Replaced,
    /// The same again later.
    Again,
    /// There is no such duty.
    Drop,
}

impl Dispatcher {
    /// Submits a task. Once upstream has given it an id, a timer owns the job.
    pub(crate) async fn submit_task(
        &self,
        run: &Run,
        chosen: &Chosen,
        call: &providers::Call,
    ) -> Result<Result<(), providers::UpstreamError>, HandleError> {
        let Some(adapter) = self.adapter(&chosen.settings.adapter) else { return Ok(Err(no_adapter())) };
        self.pool.about_to_call(chosen).await;
        let submitted = adapter.submit_task(&chosen.endpoint, call).await;
        let upstream_id = match self.heard(chosen, submitted).await {
            Ok(upstream_id) => upstream_id,
            Err(error) => return Ok(Err(error)),
        };
        self.accepted(run, &call.attempt_id, upstream_id).await?;
        Ok(Ok(()))
    }

    pub(crate) async fn accepted(
        &self,
        run: &Run,
        attempt_id: &domain::id::AttemptId,
        upstream_id: String,
    ) -> Result<(), HandleError> {
        let parts = self.parts();
        let command = JobCommand::AcceptUpstream { attempt_id: attempt_id.clone(), upstream_id };
        let timer = run.duty(duty::POLL, parts.store.now() + parts.ages.poll_first, Some(attempt_id));
        parts.store.execute(run.work(Unit::of(&run.job_id, command), timer)).await?;
        Ok(())
    }

    /// Asks for the tasks of these duties, one call for all tasks of a key, and acts on what each says.
    pub async fn poll(&self, timers: &[DueTimer]) -> Vec<Next> {
        let mut nexts = vec![Next::Again; timers.len()];
        let mut groups: BTreeMap<String, Vec<(usize, Followed)>> = BTreeMap::new();
        for (place, timer) in timers.iter().enumerate() {
            match self.followed(timer).await {
                Ok(Some(followed)) => {
                    let key = followed.attempt.start.provider_key_id.to_string();
                    groups.entry(key).or_default().push((place, followed));
                }
                Ok(None) => nexts[place] = Next::Drop,
                Err(error) => tracing::warn!(%error, job_id = timer.reference, "a task can't be followed now"),
            }
        }
        for group in groups.into_values() {
            self.poll_group(group, &mut nexts).await;
        }
        nexts
    }

    async fn followed(&self, timer: &DueTimer) -> Result<Option<Followed>, HandleError> {
        let Ok(job_id) = timer.reference.parse::<JobId>() else { return Ok(None) };
        let job: Job = self.parts().store.read(job_id.as_str()).await?;
        let Phase::Running { attempt } = job.phase() else { return Ok(None) };
        let Some(upstream_id) = attempt.upstream_id.clone() else { return Ok(None) };
        let Some(run) = Run::of(self, &job_id, &job)? else { return Ok(None) };
        let (attempt, cancel_requested) = (attempt.clone(), job.cancel_requested());
        Ok(Some(Followed { run, attempt, upstream_id, cancel_requested, tries: timer.tries }))
    }

    async fn poll_group(&self, group: Vec<(usize, Followed)>, nexts: &mut [Next]) {
        let Some((_, first)) = group.first() else { return };
        let start = &first.attempt.start;
        let (settings, endpoint) = match self.pool.endpoint(start).await {
            Ok(found) => found,
            Err(error) => return tracing::warn!(%error, key = %start.provider_key_id, "a key can't be used to poll"),
        };
        let Some(adapter) = self.adapter(&settings.adapter) else { return };
        let mut states = canceled(&adapter, &endpoint, &group).await;
        let open = group.iter().map(|(_, task)| &task.upstream_id).filter(|id| !states.contains_key(*id));
        let ids: Vec<String> = open.cloned().collect();
        match adapter.task_states(&endpoint, &ids).await {
            Ok(told) => states.extend(told.into_iter().map(|state| (state.id, state.status))),
            Err(error) => tracing::warn!(%error, "tasks can't be asked for now"),
        }
        for (place, task) in group {
            if let Some(status) = states.get(&task.upstream_id) {
                nexts[place] = match self.act_on(&task, status).await {
                    Ok(next) => next,
                    Err(error) => {
                        tracing::warn!(%error, job_id = %task.run.job_id, "a task's state can't be acted on now");
                        Next::Again
                    }
                };
            }
        }
    }

    async fn act_on(&self, task: &Followed, status: &TaskStatus) -> Result<Next, HandleError> {
        let (run, attempt_id) = (&task.run, &task.attempt.start.attempt_id);
        let ended = match status {
            TaskStatus::Queued => return Ok(self.show(run, "queued", None)),
            TaskStatus::Running { progress } => return Ok(self.show(run, "running", *progress)),
            TaskStatus::Succeeded { outputs, usage, .. } => {
                return self.keep_and_succeed(task, outputs, usage.clone()).await;
            }
            TaskStatus::Failed { error } => self.fail_for_good(run, attempt_id, &failure(error)).await,
            TaskStatus::Canceled => {
                let unit = Unit::release(&run.tenant_id, &run.job_id, Unsuccessful::Canceled);
                self.end(run, unit).await
            }
            TaskStatus::Expired => self.fail_for_good(run, attempt_id, &definite("upstream_expired")).await,
            TaskStatus::Gone => self.mark_unknown(run, attempt_id, "upstream does not know the task any more").await,
        };
        settled(ended)
    }

    async fn keep_and_succeed(
        &self,
        task: &Followed,
        files: &[RemoteFile],
        usage: domain::job::Usage,
    ) -> Result<Next, HandleError> {
        let (run, attempt_id) = (&task.run, &task.attempt.start.attempt_id);
        let kept = files.iter().filter(|file| file.kind != FileKind::Other || files.len() == 1);
        let made = (0..).zip(kept).map(|(index, file)| Made {
            index,
            source: Source::Url(file.url.clone()),
            content_type: Some(file.content_type.clone()),
            size: None,
        });
        match self.keep_outputs(run, attempt_id, made.collect()).await {
            Ok(outputs) => settled(self.succeed(run, attempt_id, outputs, usage).await),
            Err(error) if task.tries < KEEP_TRIES => {
                tracing::warn!(%error, job_id = %run.job_id, "an output is not kept yet");
                Ok(Next::Again)
            }
            Err(error) => {
                tracing::error!(%error, job_id = %run.job_id, "an output can't be kept; the job fails");
                settled(self.fail_for_good(run, attempt_id, &definite("output_not_kept")).await)
            }
        }
    }

    /// Shows progress to whoever watches: best effort, unnumbered.
    fn show(&self, run: &Run, stage: &str, progress: Option<u8>) -> Next {
        let frame = serde_json::json!({ "type": "progress", "stage": stage, "progress": progress });
        self.parts().bus.publish_frame(run.job_id.as_str(), frame.to_string());
        Next::Again
    }

    /// Ends a job whose outcome stayed unknown past the age that its capability declares.
    pub(crate) async fn give_up(&self, run: &Run) -> Result<Next, HandleError> {
        let ending = Unsuccessful::Failed { code: "outcome_unknown".into(), reason: ReleaseReason::UnknownPastPolicy };
        settled(self.release(run, ending).await)
    }
}

/// Cancels the tasks that shall be: those that are canceled now. Some upstreams forget them, so they are not asked for again.
async fn canceled(adapter: &Adapter, endpoint: &Endpoint, group: &[(usize, Followed)]) -> BTreeMap<String, TaskStatus> {
    let mut canceled = BTreeMap::new();
    for (_, task) in group.iter().filter(|(_, task)| task.cancel_requested) {
        match adapter.cancel_task(endpoint, &task.upstream_id).await {
            Ok(CancelOutcome::Canceled) => drop(canceled.insert(task.upstream_id.clone(), TaskStatus::Canceled)),
            Ok(CancelOutcome::Gone | CancelOutcome::TooLate) => {}
            Err(error) => tracing::warn!(%error, job_id = %task.run.job_id, "a task was not canceled"),
        }
    }
    canceled
}

/// A refused end means that somebody else has ended the job: theirs counts.
pub(crate) fn settled(ended: Result<store::Committed, ExecuteError>) -> Result<Next, HandleError> {
    match ended {
        Ok(_) => Ok(Next::Replaced),
        Err(ExecuteError::Refused(refusal)) => {
            tracing::info!(%refusal, "a job was ended elsewhere");
            Ok(Next::Drop)
        }
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn definite(code: &str) -> Failure {
    Failure { code: code.into(), fate: Fate::Fail, upstream_status: None, upstream_code: None }
}

pub(crate) fn no_adapter() -> providers::UpstreamError {
    let message = "the provider's adapter is unknown";
    providers::UpstreamError::ours(providers::Verdict::Fail, providers::code::ERROR, message)
}
