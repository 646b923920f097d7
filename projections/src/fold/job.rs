//! The fold of a job's events into its row and its attempts' rows. Overruns are the account's, and added by its fold.

use chrono::{DateTime, Utc};
use domain::{
    Credits,
    job::{AttemptStart, Fate, Job, JobEvent, Mode, Output, Phase, Submission, Usage},
    stream::Event,
};
use store::Recorded;

use crate::rows::{AttemptRow, JobRow, JobStage, JobStatus, OutputRow};

/// When a job's milestones were, for a view of a job that is at hand as state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Milestones {
    /// When it was submitted.
    pub created_at: DateTime<Utc>,
    /// When its first attempt started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
}

impl JobRow {
    /// The row of a submission.
    #[must_use]
    pub fn submitted(job_id: &str, submission: &Submission, at: DateTime<Utc>) -> Self {
        Self {
            job_id: job_id.to_owned(),
            tenant_id: submission.tenant_id.to_string(),
            api_key_id: submission.api_key_id.as_ref().map(ToString::to_string),
            user_id: submission.user_id.as_ref().map(ToString::to_string),
            model: submission.model.clone(),
            capability: submission.capability.name().to_owned(),
            status: JobStatus::Queued,
            stage: None,
            mode: if submission.mode == Mode::Interactive { "interactive" } else { "queued" }.to_owned(),
            held: submission.hold.micro(),
            charged: 0,
            refunded: 0,
            price_version: submission.price_version,
            error_code: None,
            attempts: 0,
            attempt_id: None,
            cancel_requested: false,
            outputs: Vec::new(),
            usage: Usage::new(),
            created_at: at,
            started_at: None,
            completed_at: None,
            last_sequence: 0,
            last_position: 0,
        }
    }

    /// The row of a job from its own events, from the first on. What an overrun took is only in the table.
    #[must_use]
    pub fn from_events(events: &[Recorded]) -> Option<Self> {
        let mut row = None;
        for recorded in events {
            if let Event::Job(event) = &recorded.event {
                Self::fold(&mut row, recorded, event);
            }
        }
        row
    }

    /// The row of a job that is at hand as state. What an overrun took is only in the table.
    #[must_use]
    pub fn from_state(job_id: &str, job: &Job, milestones: Milestones) -> Option<Self> {
        let mut row = Self::submitted(job_id, job.submission()?, milestones.created_at);
        row.started_at = milestones.started_at;
        row.attempts = job.attempts();
        row.attempt_id = job.attempt().map(|attempt| attempt.start.attempt_id.to_string());
        row.cancel_requested = job.cancel_requested();
        row.outputs = job.outputs().iter().map(output_row).collect();
        row.refunded = job.refunded().micro();
        match job.phase() {
            Phase::Absent => return None,
            Phase::Queued => row.stage = job.last_failure().map(|_| JobStage::Retrying),
            Phase::Running { attempt } => row.run(match (&attempt.upstream_id, row.outputs.is_empty()) {
                (_, false) => JobStage::Storing,
                (Some(_), true) => JobStage::Generating,
                (None, true) => JobStage::Starting,
            }),
            Phase::Unknown { .. } => row.run(JobStage::Reconciling),
            Phase::Ended { ending } => {
                use domain::job::Ending;
                let status = match ending {
                    Ending::Succeeded => JobStatus::Succeeded,
                    Ending::Failed { code } => {
                        row.error_code = Some(code.clone());
                        JobStatus::Failed
                    }
                    Ending::Canceled => JobStatus::Canceled,
                    Ending::Expired => JobStatus::Expired,
                };
                row.end(status, job.usage(), job.cost(), milestones.completed_at);
            }
        }
        Some(row)
    }

    /// Moves a row on by one event of its job.
    pub(crate) fn fold(row: &mut Option<Self>, recorded: &Recorded, event: &JobEvent) {
        let at = recorded.recorded_at;
        if let JobEvent::JobSubmitted(submission) = event {
            *row = Some(Self::submitted(&recorded.aggregate_id, submission, at));
        }
        let Some(row) = row else { return };
        row.step(event, at);
        row.last_sequence = recorded.sequence;
        row.last_position = recorded.position;
    }

    fn step(&mut self, event: &JobEvent, at: DateTime<Utc>) {
        match event {
            JobEvent::JobSubmitted(_) => {}
            JobEvent::AttemptStarted { number, attempt } => {
                self.attempts = *number;
                self.attempt_id = Some(attempt.attempt_id.to_string());
                self.started_at = self.started_at.or(Some(at));
                self.run(JobStage::Starting);
            }
            JobEvent::UpstreamAccepted { .. } => self.run(JobStage::Generating),
            JobEvent::AttemptFailed { .. } => {
                self.status = JobStatus::Queued;
                self.stage = Some(JobStage::Retrying);
                self.attempt_id = None;
            }
            JobEvent::OutputStored { output, .. } => {
                self.outputs.push(output_row(output));
                self.run(JobStage::Storing);
            }
            JobEvent::JobSucceeded { usage, cost, .. } => self.end(JobStatus::Succeeded, usage, *cost, Some(at)),
            JobEvent::JobFailed { code, cost } => {
                self.error_code = Some(code.clone());
                self.end(JobStatus::Failed, &Usage::new(), *cost, Some(at));
            }
            JobEvent::JobCancelRequested {} => self.cancel_requested = true,
            JobEvent::JobCanceled { usage, cost } => self.end(JobStatus::Canceled, usage, *cost, Some(at)),
            JobEvent::JobExpired {} => self.end(JobStatus::Expired, &Usage::new(), Credits::ZERO, Some(at)),
            JobEvent::OutcomeUnknown { .. } => self.run(JobStage::Reconciling),
            JobEvent::JobRefunded { amount, .. } => self.refunded += amount.micro(),
        }
    }

    fn run(&mut self, stage: JobStage) {
        self.status = JobStatus::Running;
        self.stage = Some(stage);
    }

    /// What lies above the hold is charged by the account's overrun, not here.
    fn end(&mut self, status: JobStatus, usage: &Usage, cost: Credits, at: Option<DateTime<Utc>>) {
        self.status = status;
        self.stage = None;
        self.attempt_id = None;
        self.usage = usage.clone();
        self.charged = cost.micro().min(self.held);
        self.completed_at = at;
    }
}

impl AttemptRow {
    pub(crate) fn started(job: &JobRow, number: u32, start: &AttemptStart, at: DateTime<Utc>) -> Self {
        Self {
            attempt_id: start.attempt_id.to_string(),
            job_id: job.job_id.clone(),
            tenant_id: job.tenant_id.clone(),
            number,
            provider: start.provider.clone(),
            upstream_model: start.upstream_model.clone(),
            provider_key_id: start.provider_key_id.to_string(),
            upstream_id: None,
            started_at: at,
            ended_at: None,
            outcome: "running".to_owned(),
            code: None,
            upstream_status: None,
            upstream_code: None,
        }
    }

    /// Moves the current attempt of a job on by one event of the job.
    pub(crate) fn step(&mut self, event: &JobEvent, at: DateTime<Utc>) {
        let outcome = match event {
            JobEvent::UpstreamAccepted { upstream_id, .. } => {
                self.upstream_id = Some(upstream_id.clone());
                "running"
            }
            JobEvent::AttemptFailed { failure, .. } => {
                self.code = Some(failure.code.clone());
                self.upstream_status = failure.upstream_status;
                self.upstream_code.clone_from(&failure.upstream_code);
                if failure.fate == Fate::Retry { "refused" } else { "failed" }
            }
            JobEvent::OutcomeUnknown { .. } => "unknown",
            JobEvent::JobSucceeded { .. } => "succeeded",
            JobEvent::JobFailed { code, .. } => {
                self.code = Some(code.clone());
                "failed"
            }
            JobEvent::JobCanceled { .. } => "canceled",
            JobEvent::JobExpired {} => "expired",
            _ => return,
        };
        self.outcome = outcome.to_owned();
        let over = !matches!(outcome, "running" | "unknown");
        self.ended_at = over.then_some(at);
    }
}

fn output_row(output: &Output) -> OutputRow {
    OutputRow {
        asset_id: output.asset_id.to_string(),
        index: output.index,
        content_type: output.content_type.clone(),
        bytes: output.bytes,
        width: output.width,
        height: output.height,
    }
}
