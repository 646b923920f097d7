//! Given, when, then: the rules of a job, and every command sent twice.

use chrono::DateTime;
use cqrs_es::{Aggregate, test::TestFramework};
use uuid::Uuid;

use super::{AttemptStart, Failure, Fate, Job, JobCommand, JobError, JobEvent, Mode, Output, Phase, Submission, Usage};
use crate::{
    Credits,
    capability::CapabilityKind,
    id::{AssetId, AttemptId, ProviderKeyId, TenantId},
    pricing::{Meter, PricedParams},
};

fn credits(whole: i64) -> Credits {
    Credits::from_whole(whole)
}

fn submission(hold: Credits) -> Submission {
    Submission {
        tenant_id: TenantId::from_uuid(Uuid::from_u128(1)),
        user_id: None,
        api_key_id: None,
        model: "some-model".into(),
        capability: CapabilityKind::TextToImage,
        price_version: 3,
        priced_params: PricedParams::default(),
        inputs_sha256: "00".into(),
        hold,
        mode: Mode::Queued,
        expires_at: DateTime::UNIX_EPOCH,
    }
}

fn submit(hold: Credits) -> JobCommand {
    JobCommand::SubmitJob(Box::new(submission(hold)))
}

fn submitted() -> JobEvent {
    JobEvent::JobSubmitted(Box::new(submission(credits(10))))
}

fn attempt(number: u128) -> AttemptId {
    AttemptId::from_uuid(Uuid::from_u128(number))
}

fn start(number: u128) -> AttemptStart {
    AttemptStart {
        attempt_id: attempt(number),
        provider: "ark".into(),
        upstream_model: "ep-1".into(),
        provider_key_id: ProviderKeyId::from_uuid(Uuid::from_u128(5)),
    }
}

fn started(number: u32) -> JobEvent {
    JobEvent::AttemptStarted { number, attempt: start(number.into()) }
}

fn accept(number: u128, upstream_id: &str) -> JobCommand {
    JobCommand::AcceptUpstream { attempt_id: attempt(number), upstream_id: upstream_id.into() }
}

fn accepted(number: u128) -> JobEvent {
    JobEvent::UpstreamAccepted { attempt_id: attempt(number), upstream_id: "cgt-1".into() }
}

fn failure(fate: Fate) -> Failure {
    Failure { code: "rate_limited".into(), fate, upstream_status: Some(429), upstream_code: None }
}

fn fail_attempt(number: u128, fate: Fate) -> JobCommand {
    JobCommand::FailAttempt { attempt_id: attempt(number), failure: failure(fate) }
}

fn attempt_failed(number: u128, fate: Fate) -> JobEvent {
    JobEvent::AttemptFailed { attempt_id: attempt(number), failure: failure(fate) }
}

fn output(index: u32, asset: u128) -> Output {
    Output {
        asset_id: AssetId::from_uuid(Uuid::from_u128(asset)),
        index,
        content_type: "image/png".into(),
        bytes: 9,
        width: Some(1),
        height: Some(1),
    }
}

fn store_output(number: u128, output: Output) -> JobCommand {
    JobCommand::StoreOutput { attempt_id: attempt(number), output }
}

fn stored(index: u32, asset: u128) -> JobEvent {
    JobEvent::OutputStored { attempt_id: attempt(1), output: output(index, asset) }
}

fn usage() -> Usage {
    Usage::new().with(Meter::Image, 1)
}

fn succeed(number: u128, cost: Credits) -> JobCommand {
    JobCommand::SucceedJob { attempt_id: attempt(number), usage: usage(), cost }
}

fn succeeded(cost: i64) -> JobEvent {
    JobEvent::JobSucceeded { attempt_id: attempt(1), usage: usage(), cost: credits(cost) }
}

fn fail(code: &str, cost: Credits) -> JobCommand {
    JobCommand::FailJob { code: code.into(), cost }
}

fn failed() -> JobEvent {
    JobEvent::JobFailed { code: "refused".into(), cost: Credits::ZERO }
}

fn cancel(cost: Credits) -> JobCommand {
    JobCommand::CancelJob { usage: usage(), cost }
}

fn canceled(cost: i64) -> JobEvent {
    JobEvent::JobCanceled { usage: usage(), cost: credits(cost) }
}

fn lose(number: u128) -> JobCommand {
    JobCommand::MarkOutcomeUnknown { attempt_id: attempt(number), why: "the connection was lost".into() }
}

fn lost() -> JobEvent {
    JobEvent::OutcomeUnknown { attempt_id: attempt(1), why: "the connection was lost".into() }
}

fn refund(amount: Credits) -> JobCommand {
    JobCommand::RefundJob { amount, reason: "blurred".into() }
}

fn refunded(amount: i64) -> JobEvent {
    JobEvent::JobRefunded { amount: credits(amount), reason: "blurred".into() }
}

fn leads(given: &[JobEvent], when: JobCommand, then: &[JobEvent]) {
    TestFramework::<Job>::with(()).given(given.to_vec()).when(when).then_expect_events(then.to_vec());
}

/// The command leads to this event, and sent again to none.
fn once(given: &[JobEvent], when: JobCommand, then: &JobEvent) {
    leads(given, when.clone(), std::slice::from_ref(then));
    leads(&[given, std::slice::from_ref(then)].concat(), when, &[]);
}

/// The command leads to this event, and sent again is refused.
fn once_then(given: &[JobEvent], when: JobCommand, then: &JobEvent, again: JobError) {
    leads(given, when.clone(), std::slice::from_ref(then));
    refused(&[given, std::slice::from_ref(then)].concat(), when, again);
}

fn refused(given: &[JobEvent], when: JobCommand, then: JobError) {
    TestFramework::<Job>::with(()).given(given.to_vec()).when(when).then_expect_error(then);
}

fn folded(events: &[JobEvent]) -> Job {
    let mut job = Job::default();
    events.iter().cloned().for_each(|event| job.apply(event));
    job
}

fn not_current(number: u128) -> JobError {
    JobError::NotCurrent { attempt_id: attempt(number) }
}

fn every_command_but_submit() -> [JobCommand; 11] {
    [
        JobCommand::StartAttempt(start(1)),
        accept(1, "cgt-1"),
        fail_attempt(1, Fate::Retry),
        store_output(1, output(0, 1)),
        succeed(1, credits(1)),
        fail("refused", Credits::ZERO),
        JobCommand::RequestCancel,
        cancel(credits(1)),
        JobCommand::ExpireJob,
        lose(1),
        refund(credits(1)),
    ]
}

fn running() -> [JobEvent; 2] {
    [submitted(), started(1)]
}

fn out_of_sight() -> [JobEvent; 3] {
    [submitted(), started(1), lost()]
}

#[test]
fn a_job_is_submitted_once() {
    once(&[], submit(credits(10)), &submitted());
}

#[test]
fn a_job_that_ended_is_not_submitted_again() {
    leads(&[submitted(), started(1), succeeded(4)], submit(credits(10)), &[]);
}

#[test]
fn another_submission_does_not_take_the_id_of_a_job() {
    refused(&[submitted()], submit(credits(9)), JobError::IdTaken);
}

#[test]
fn nothing_happens_to_a_job_that_was_not_submitted() {
    every_command_but_submit().into_iter().for_each(|command| refused(&[], command, JobError::Absent));
}

#[test]
fn an_attempt_is_recorded_before_its_call_once() {
    once(&[submitted()], JobCommand::StartAttempt(start(1)), &started(1));
}

#[test]
fn no_second_attempt_starts_while_one_runs_or_its_outcome_is_unknown() {
    refused(&running(), JobCommand::StartAttempt(start(2)), JobError::AttemptUnderWay);
    for number in [1, 2] {
        refused(&out_of_sight(), JobCommand::StartAttempt(start(number)), JobError::AttemptUnderWay);
    }
}

#[test]
fn another_attempt_follows_a_definite_refusal() {
    let given = [submitted(), started(1), attempt_failed(1, Fate::Retry)];
    once(&given, JobCommand::StartAttempt(start(2)), &started(2));
}

#[test]
fn an_attempt_that_failed_is_not_started_again_by_a_late_duplicate() {
    let first = [submitted(), started(1), attempt_failed(1, Fate::Retry)];
    refused(&first, JobCommand::StartAttempt(start(1)), not_current(1));
    let second = [first.as_slice(), &[started(2), attempt_failed(2, Fate::Retry)]].concat();
    refused(&second, JobCommand::StartAttempt(start(1)), not_current(1));
}

#[test]
fn no_attempt_follows_a_final_verdict() {
    let given = [submitted(), started(1), attempt_failed(1, Fate::Fail)];
    refused(&given, JobCommand::StartAttempt(start(2)), JobError::FinalVerdict);
}

#[test]
fn no_attempt_starts_once_a_cancel_was_asked_for() {
    let given = [submitted(), JobEvent::JobCancelRequested {}];
    refused(&given, JobCommand::StartAttempt(start(1)), JobError::CancelRequested);
}

#[test]
fn upstream_accepts_an_attempt_once_and_under_one_id() {
    once(&running(), accept(1, "cgt-1"), &accepted(1));
    refused(&[submitted(), started(1), accepted(1)], accept(1, "cgt-2"), JobError::AcceptedDiffers);
    refused(&running(), accept(2, "cgt-1"), not_current(2));
}

#[test]
fn a_lost_attempt_that_is_found_upstream_is_followed_again() {
    once(&out_of_sight(), accept(1, "cgt-1"), &accepted(1));
    let found = folded(&[submitted(), started(1), lost(), accepted(1)]);
    assert!(matches!(found.phase(), Phase::Running { attempt } if attempt.upstream_id.as_deref() == Some("cgt-1")));
}

#[test]
fn a_failed_attempt_leaves_the_job_waiting_once() {
    once(&running(), fail_attempt(1, Fate::Retry), &attempt_failed(1, Fate::Retry));
    once(&out_of_sight(), fail_attempt(1, Fate::Retry), &attempt_failed(1, Fate::Retry));
    let given = [submitted(), started(1), attempt_failed(1, Fate::Retry), started(2)];
    leads(&given, fail_attempt(1, Fate::Retry), &[]);
    refused(&running(), fail_attempt(2, Fate::Retry), not_current(2));
}

#[test]
fn an_output_is_stored_once_for_its_index() {
    once(&running(), store_output(1, output(0, 1)), &stored(0, 1));
    leads(&[submitted(), started(1), stored(0, 1)], store_output(1, output(0, 2)), &[]);
    refused(&running(), store_output(2, output(0, 1)), not_current(2));
    refused(&[submitted()], store_output(1, output(0, 1)), not_current(1));
}

#[test]
fn a_job_succeeds_once_also_when_its_outcome_had_been_unknown() {
    once(&running(), succeed(1, credits(4)), &succeeded(4));
    once(&out_of_sight(), succeed(1, credits(4)), &succeeded(4));
    leads(&[submitted(), started(1), succeeded(4)], succeed(1, credits(5)), &[]);
    refused(&running(), succeed(2, credits(4)), not_current(2));
    refused(&[submitted()], succeed(1, credits(4)), not_current(1));
}

#[test]
fn a_job_fails_once_and_only_when_no_attempt_is_under_way() {
    once(&[submitted()], fail("refused", Credits::ZERO), &failed());
    once(&[submitted(), started(1), attempt_failed(1, Fate::Fail)], fail("refused", Credits::ZERO), &failed());
    refused(&running(), fail("refused", Credits::ZERO), JobError::OutcomeOpen);
    refused(&[submitted(), failed()], fail("another", Credits::ZERO), JobError::Ended);
}

#[test]
fn a_job_whose_outcome_stayed_unknown_fails_by_the_stated_policy() {
    once(&out_of_sight(), fail("refused", Credits::ZERO), &failed());
}

#[test]
fn a_cancel_is_asked_for_once_whatever_the_job_does() {
    for given in [&[submitted()][..], &running(), &out_of_sight()] {
        once(given, JobCommand::RequestCancel, &JobEvent::JobCancelRequested {});
    }
    leads(&[submitted(), canceled(0)], JobCommand::RequestCancel, &[]);
    refused(&[submitted(), failed()], JobCommand::RequestCancel, JobError::Ended);
}

#[test]
fn a_job_is_canceled_once_while_it_waits_or_runs() {
    once(&[submitted()], cancel(Credits::ZERO), &canceled(0));
    once(&running(), cancel(credits(2)), &canceled(2));
    let asked = [submitted(), started(1), JobEvent::JobCancelRequested {}, attempt_failed(1, Fate::Retry)];
    once(&asked, cancel(Credits::ZERO), &canceled(0));
}

#[test]
fn neither_a_cancel_nor_a_timeout_ends_a_job_whose_outcome_is_unknown() {
    refused(&out_of_sight(), cancel(Credits::ZERO), JobError::OutcomeOpen);
    refused(&out_of_sight(), JobCommand::ExpireJob, JobError::OutcomeOpen);
}

#[test]
fn a_job_expires_once_and_only_when_no_attempt_is_under_way() {
    once(&[submitted()], JobCommand::ExpireJob, &JobEvent::JobExpired {});
    refused(&running(), JobCommand::ExpireJob, JobError::OutcomeOpen);
}

#[test]
fn an_outcome_becomes_unknown_once_and_the_attempt_stays_the_current_one() {
    once(&running(), lose(1), &lost());
    refused(&running(), lose(2), not_current(2));
    refused(&[submitted()], lose(1), not_current(1));
    let job = folded(&out_of_sight());
    assert_eq!(job.attempt().map(|attempt| attempt.start.attempt_id.clone()), Some(attempt(1)));
}

#[test]
fn a_job_ends_once() {
    let ends = [succeeded(4), failed(), canceled(4), JobEvent::JobExpired {}];
    let commands = [succeed(1, credits(4)), fail("refused", Credits::ZERO), cancel(credits(4)), JobCommand::ExpireJob];
    for (place, end) in ends.iter().enumerate() {
        assert!(end.is_terminal());
        let given = [&running()[..], std::slice::from_ref(end)].concat();
        for (other, command) in commands.iter().enumerate() {
            if other == place {
                leads(&given, command.clone(), &[]);
            } else {
                refused(&given, command.clone(), JobError::Ended);
            }
        }
    }
}

#[test]
fn nothing_more_is_recorded_of_an_attempt_whose_job_ended() {
    let given = [submitted(), started(1), canceled(0)];
    let late = [
        JobCommand::StartAttempt(start(2)),
        accept(1, "cgt-1"),
        fail_attempt(1, Fate::Retry),
        store_output(1, output(0, 1)),
        lose(1),
    ];
    late.into_iter().for_each(|command| refused(&given, command, JobError::Ended));
}

#[test]
fn a_hold_or_a_cost_that_is_no_amount_is_refused() {
    let absurd = [-credits(1), Credits::from_micro(i64::MIN), Credits::from_micro(i64::MAX)];
    for amount in absurd {
        let error = || JobError::InvalidAmount { amount };
        refused(&[], submit(amount), error());
        refused(&running(), succeed(1, amount), error());
        refused(&running(), cancel(amount), error());
        refused(&[submitted()], fail("refused", amount), error());
    }
}

#[test]
fn a_refund_gives_back_at_most_what_was_charged() {
    let given = [submitted(), started(1), succeeded(4)];
    leads(&given, refund(credits(4)), &[refunded(4)]);
    let too_much = |amount, left| JobError::RefundTooLarge { amount, left };
    refused(&given, refund(credits(5)), too_much(credits(5), credits(4)));
    let once = [given.as_slice(), &[refunded(3)]].concat();
    refused(&once, refund(credits(3)), too_much(credits(3), credits(1)));
    once_then(&once, refund(credits(1)), &refunded(1), too_much(credits(1), Credits::ZERO));
    for amount in [Credits::ZERO, -credits(1), Credits::from_micro(i64::MIN), Credits::from_micro(i64::MAX)] {
        refused(&given, refund(amount), too_much(amount, credits(4)));
    }
}

#[test]
fn a_refund_never_exceeds_the_hold_however_much_the_job_cost() {
    let given = [submitted(), started(1), succeeded(25)];
    leads(&given, refund(credits(10)), &[refunded(10)]);
    let error = JobError::RefundTooLarge { amount: credits(11), left: credits(10) };
    refused(&given, refund(credits(11)), error);
}

#[test]
fn nothing_is_refunded_before_the_end_or_of_a_job_that_cost_nothing() {
    refused(&running(), refund(credits(1)), JobError::NotEnded);
    let error = JobError::RefundTooLarge { amount: credits(1), left: Credits::ZERO };
    refused(&[submitted(), failed()], refund(credits(1)), error.clone());
    refused(&[submitted(), JobEvent::JobExpired {}], refund(credits(1)), error);
}
