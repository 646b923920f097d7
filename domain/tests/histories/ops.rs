//! What may happen to a handful of tenants and jobs, as random operations and the units that they stand for.

use domain::{
    Credits,
    account::{AccountCommand, Allowance, Budget, BudgetTerms, Overrun, ReleaseReason},
    capability::CapabilityKind,
    credits::MAX_AMOUNT,
    id::{ApiKeyId, AssetId, AttemptId, JobId, ProviderKeyId, TenantId, UserId},
    job::{AttemptStart, Failure, Fate, JobCommand, Mode, Output, Submission, Usage},
    pricing::PricedParams,
    unit::{OnceKey, Success, Unit, Unsuccessful},
};
use proptest::prelude::*;
use uuid::Uuid;

use crate::world::World;

pub const TENANTS: u8 = 2;
pub const JOBS: u8 = 5;

/// Which attempt an operation speaks of: mostly the current one, at times another, as a late message does.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    Current,
    Number(u8),
}

#[derive(Clone, Debug)]
pub enum Op {
    Recharge {
        tenant: u8,
        key: u8,
        amount: Credits,
    },
    Submit {
        job: u8,
        hold: Credits,
        keyed: bool,
        interactive: bool,
        api_key: Option<u8>,
        allowance: Allowance,
    },
    Start {
        job: u8,
        attempt: u8,
    },
    Accept {
        job: u8,
        which: Which,
        upstream: u8,
    },
    FailAttempt {
        job: u8,
        which: Which,
        fate: Fate,
    },
    NextAttempt {
        job: u8,
        which: Which,
        next: u8,
    },
    FailForGood {
        job: u8,
        which: Which,
        fate: Fate,
    },
    Store {
        job: u8,
        which: Which,
        index: u8,
    },
    LoseSight {
        job: u8,
        which: Which,
    },
    Succeed {
        job: u8,
        which: Which,
        outputs: u8,
        cost: Credits,
        overrun: Overrun,
    },
    CancelCharged {
        job: u8,
        cost: Credits,
        overrun: Overrun,
    },
    Release {
        job: u8,
        ending: Unsuccessful,
    },
    RequestCancel {
        job: u8,
    },
    Refund {
        job: u8,
        key: u8,
        amount: Credits,
    },
    Propose {
        tenant: u8,
        key: u8,
        amount: Credits,
        by: u8,
    },
    Approve {
        tenant: u8,
        key: u8,
        by: u8,
    },
    Reject {
        tenant: u8,
        key: u8,
        by: u8,
    },
    Limit {
        tenant: u8,
        limit: Credits,
    },
    Freeze {
        tenant: u8,
    },
    Unfreeze {
        tenant: u8,
    },
    /// Sends an earlier unit again, whatever has happened since.
    Again {
        back: usize,
    },
}

pub fn tenant(number: u8) -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(number.into()))
}

pub fn job_id(number: u8) -> JobId {
    JobId::from_uuid(Uuid::from_u128(number.into()))
}

pub fn owner(job: u8) -> TenantId {
    tenant(job % TENANTS)
}

fn attempt_id(job: u8, attempt: u8) -> AttemptId {
    AttemptId::from_uuid(Uuid::from_u128(u128::from(job) << 8 | u128::from(attempt)))
}

fn start(job: u8, attempt: u8) -> AttemptStart {
    AttemptStart {
        attempt_id: attempt_id(job, attempt),
        provider: "ark".into(),
        upstream_model: "ep-1".into(),
        provider_key_id: ProviderKeyId::from_uuid(Uuid::nil()),
    }
}

fn failure(fate: Fate) -> Failure {
    Failure { code: "refused".into(), fate, upstream_status: None, upstream_code: None }
}

fn output(index: u8) -> Output {
    Output {
        asset_id: AssetId::from_uuid(Uuid::from_u128(index.into())),
        index: index.into(),
        content_type: "image/png".into(),
        bytes: 1,
        width: None,
        height: None,
    }
}

fn submission(job: u8, hold: Credits, mode: Mode, api_key: Option<u8>) -> Submission {
    Submission {
        tenant_id: owner(job),
        user_id: None,
        api_key_id: api_key.map(|number| ApiKeyId::from_uuid(Uuid::from_u128(number.into()))),
        model: format!("model.{job}"),
        capability: CapabilityKind::TextToImage,
        price_version: 1,
        priced_params: PricedParams::default(),
        inputs_sha256: "00".into(),
        hold,
        mode,
        expires_at: chrono::DateTime::UNIX_EPOCH,
    }
}

fn once(kind: &str, key: u8, fingerprint: &impl std::fmt::Debug) -> OnceKey {
    OnceKey { id: format!("{kind}:{key}"), fingerprint: format!("{fingerprint:?}") }
}

fn person(number: u8) -> UserId {
    UserId::from_uuid(Uuid::from_u128(number.into()))
}

fn attempt(world: &World, job: u8, which: Which) -> AttemptId {
    match which {
        Which::Number(attempt) => attempt_id(job, attempt),
        Which::Current => {
            let current = world.job(&job_id(job));
            current.attempt().map_or_else(|| attempt_id(job, 0), |attempt| attempt.start.attempt_id.clone())
        }
    }
}

/// The unit that an operation stands for. `Again` is resolved by whoever keeps the units.
pub fn unit_of(world: &World, op: Op) -> Unit {
    let of_job = |job: u8, command: JobCommand| Unit::of(job_id(job), command);
    match op {
        Op::Recharge { tenant: to, key, amount } => {
            let once = once("recharge", key, &(to, amount));
            Unit::recharge(once, &tenant(to), amount, if key == 0 { "promo" } else { "card" }.into(), key.to_string())
        }
        Op::Submit { job, hold, keyed, interactive, api_key, allowance } => {
            let mode = if interactive { Mode::Interactive } else { Mode::Queued };
            let once = keyed.then(|| once("request", job, &hold));
            let submission = submission(job, hold, mode, api_key);
            Unit::submit(once, &job_id(job), submission, interactive.then(|| start(job, 0))).within(allowance)
        }
        Op::Start { job, attempt } => of_job(job, JobCommand::StartAttempt(start(job, attempt))),
        Op::Accept { job, which, upstream } => {
            let (attempt_id, upstream_id) = (attempt(world, job, which), upstream.to_string());
            of_job(job, JobCommand::AcceptUpstream { attempt_id, upstream_id })
        }
        Op::FailAttempt { job, which, fate } => {
            let (attempt_id, failure) = (attempt(world, job, which), failure(fate));
            of_job(job, JobCommand::FailAttempt { attempt_id, failure })
        }
        Op::NextAttempt { job, which, next } => {
            Unit::next_attempt(&job_id(job), attempt(world, job, which), failure(Fate::Retry), start(job, next))
        }
        Op::FailForGood { job, which, fate } => {
            Unit::fail_attempt_for_good(&owner(job), &job_id(job), attempt(world, job, which), failure(fate))
        }
        Op::Store { job, which, index } => {
            let attempt_id = attempt(world, job, which);
            of_job(job, JobCommand::StoreOutput { attempt_id, output: output(index) })
        }
        Op::LoseSight { job, which } => {
            let attempt_id = attempt(world, job, which);
            of_job(job, JobCommand::MarkOutcomeUnknown { attempt_id, why: "cut".into() })
        }
        Op::Succeed { job, which, outputs, cost, overrun } => {
            let outputs = (0..outputs).map(output).collect();
            let success = Success { attempt_id: attempt(world, job, which), outputs, usage: Usage::new() };
            Unit::succeed(&owner(job), &job_id(job), success, (cost, overrun))
        }
        Op::CancelCharged { job, cost, overrun } => {
            Unit::cancel_charged(&owner(job), &job_id(job), Usage::new(), (cost, overrun))
        }
        Op::Release { job, ending } => Unit::release(&owner(job), &job_id(job), ending),
        Op::RequestCancel { job } => of_job(job, JobCommand::RequestCancel),
        Op::Refund { job, key, amount } => {
            let refund = Unit::refund(&owner(job), &job_id(job), amount, format!("model.{job}"), key.to_string());
            refund.once(once("refund", key, &(job, amount)), job_id(job))
        }
        other => account_unit(other),
    }
}

fn account_unit(op: Op) -> Unit {
    match op {
        Op::Propose { tenant: of, key, amount, by } => {
            let (adjustment_id, reason) = (key.to_string(), "corrects an entry".to_owned());
            let request = AccountCommand::RequestAdjustment { adjustment_id, amount, reason, by: person(by) };
            Unit::of(tenant(of), request).once(once("adjustment", key, &(of, amount, by)), tenant(of))
        }
        Op::Approve { tenant: of, key, by } => {
            Unit::of(tenant(of), AccountCommand::ApproveAdjustment { adjustment_id: key.to_string(), by: person(by) })
        }
        Op::Reject { tenant: of, key, by } => {
            Unit::of(tenant(of), AccountCommand::RejectAdjustment { adjustment_id: key.to_string(), by: person(by) })
        }
        Op::Limit { tenant: of, limit } => Unit::of(tenant(of), AccountCommand::SetCreditLimit { limit }),
        Op::Freeze { tenant: of } => Unit::of(tenant(of), AccountCommand::FreezeAccount { reason: "asked".into() }),
        Op::Unfreeze { tenant: of } => Unit::of(tenant(of), AccountCommand::UnfreezeAccount),
        job => unreachable!("{job:?} is an operation on a job, or a repetition"),
    }
}

/// Mostly amounts like a job's, at times the largest, or what no amount may be.
fn amount() -> impl Strategy<Value = Credits> {
    prop_oneof![
        20 => (0_i64..30_000_000).prop_map(Credits::from_micro),
        1 => Just(MAX_AMOUNT),
        1 => any::<i64>().prop_map(Credits::from_micro),
        1 => prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(-1)].prop_map(Credits::from_micro),
    ]
}

fn signed() -> impl Strategy<Value = Credits> {
    prop_oneof![amount(), (-20_000_000_i64..0).prop_map(Credits::from_micro)]
}

fn overrun() -> impl Strategy<Value = Overrun> {
    prop_oneof![Just(Overrun::FromBalance), Just(Overrun::Absorb), amount().prop_map(|max| Overrun::Debt { max })]
}

fn which() -> impl Strategy<Value = Which> {
    prop_oneof![6 => Just(Which::Current), 1 => (0_u8..4).prop_map(Which::Number)]
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![3 => Just(Fate::Retry), 1 => Just(Fate::Fail)]
}

fn ending() -> impl Strategy<Value = Unsuccessful> {
    let failed = |reason| Unsuccessful::Failed { code: "refused".into(), reason };
    prop_oneof![
        Just(failed(ReleaseReason::Failed)),
        Just(failed(ReleaseReason::UnknownPastPolicy)),
        Just(Unsuccessful::Canceled),
        Just(Unsuccessful::Expired),
    ]
}

/// Budgets that some jobs fit in, in days of two months that need not come in order.
fn allowance() -> impl Strategy<Value = Allowance> {
    let limit = || prop::option::of((0_i64..80_000_000).prop_map(Credits::from_micro));
    let budget = || (limit(), limit(), limit()).prop_map(|(day, month, total)| Budget { day, month, total });
    let day = (27_u32..34).prop_map(|number| {
        let (month, day) = if number > 30 { (12, number - 30) } else { (11, number) };
        chrono::NaiveDate::from_ymd_opt(2026, month, day).expect("a day")
    });
    let terms = (day, prop::option::of(budget()), prop::option::of(budget()))
        .prop_map(|(day, key, tenant)| BudgetTerms { day, key, tenant });
    let jobs = || prop::option::weighted(0.2, 1_u32..4);
    (prop::option::of(terms), jobs(), jobs()).prop_map(|(budgets, key_jobs, tenant_jobs)| Allowance {
        budgets,
        key_jobs,
        tenant_jobs,
    })
}

fn job_op() -> impl Strategy<Value = Op> {
    let job = || 0..JOBS;
    prop_oneof![
        5 => (job(), amount(), any::<bool>(), any::<bool>(), prop::option::of(0_u8..2), allowance()).prop_map(
            |(job, hold, keyed, interactive, api_key, allowance)| {
                Op::Submit { job, hold, keyed, interactive, api_key, allowance }
            }
        ),
        5 => (job(), 0_u8..4).prop_map(|(job, attempt)| Op::Start { job, attempt }),
        2 => (job(), which(), 0_u8..3).prop_map(|(job, which, upstream)| Op::Accept { job, which, upstream }),
        2 => (job(), which(), fate()).prop_map(|(job, which, fate)| Op::FailAttempt { job, which, fate }),
        2 => (job(), which(), 0_u8..4).prop_map(|(job, which, next)| Op::NextAttempt { job, which, next }),
        1 => (job(), which(), fate()).prop_map(|(job, which, fate)| Op::FailForGood { job, which, fate }),
        1 => (job(), which(), 0_u8..3).prop_map(|(job, which, index)| Op::Store { job, which, index }),
        2 => (job(), which()).prop_map(|(job, which)| Op::LoseSight { job, which }),
        3 => (job(), which(), 0_u8..3, amount(), overrun()).prop_map(|(job, which, outputs, cost, overrun)| {
            Op::Succeed { job, which, outputs, cost, overrun }
        }),
        1 => (job(), amount(), overrun()).prop_map(|(job, cost, overrun)| Op::CancelCharged { job, cost, overrun }),
        1 => (job(), ending()).prop_map(|(job, ending)| Op::Release { job, ending }),
        1 => job().prop_map(|job| Op::RequestCancel { job }),
        3 => (job(), 0_u8..6, amount()).prop_map(|(job, key, amount)| Op::Refund { job, key, amount }),
    ]
}

fn account_op() -> impl Strategy<Value = Op> {
    let tenant = || 0..TENANTS;
    let (key, by) = (|| 0_u8..4, || 0_u8..3);
    prop_oneof![
        4 => (tenant(), 0_u8..6, amount()).prop_map(|(tenant, key, amount)| Op::Recharge { tenant, key, amount }),
        2 => (tenant(), key(), signed(), by())
            .prop_map(|(tenant, key, amount, by)| Op::Propose { tenant, key, amount, by }),
        2 => (tenant(), key(), by()).prop_map(|(tenant, key, by)| Op::Approve { tenant, key, by }),
        1 => (tenant(), key(), by()).prop_map(|(tenant, key, by)| Op::Reject { tenant, key, by }),
        1 => (tenant(), amount()).prop_map(|(tenant, limit)| Op::Limit { tenant, limit }),
        1 => tenant().prop_map(|tenant| Op::Freeze { tenant }),
        2 => tenant().prop_map(|tenant| Op::Unfreeze { tenant }),
    ]
}

pub fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => job_op(),
        2 => account_op(),
        2 => (0_usize..40).prop_map(|back| Op::Again { back }),
    ]
}
