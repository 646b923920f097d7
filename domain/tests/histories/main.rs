//! Random histories of units, with every unit sent again at random: what must hold after each of them (MONEY, invariants).

mod budgets;
mod ops;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Credits,
    account::{AccountCommand, AccountEvent, Overrun},
    id::{JobId, TenantId, UserId},
    job::JobEvent,
    postings::{postings, tenant_name},
    stream::{Event, State},
    unit::Unit,
};
use ops::{JOBS, Op, TENANTS, job_id, op, owner, tenant, unit_of};
use proptest::{collection::vec, prelude::*, strategy::ValueTree, test_runner::TestRunner};
use world::World;

const LONGEST: usize = 120;

fn opened() -> World {
    let mut world = World::default();
    for number in 0..TENANTS {
        let tenant_id = tenant(number);
        let once = domain::unit::OnceKey { id: format!("first:{number}"), fingerprint: String::new() };
        let given = Unit::recharge(once, &tenant_id, Credits::from_whole(60), "card".into(), "first".into());
        world.execute(&Unit::of(&tenant_id, AccountCommand::OpenAccount)).expect("an account opens");
        world.execute(&given).expect("an account is recharged");
    }
    world
}

/// Executes each operation, and each unit twice; checks after every step. Returns the world at the end.
fn live(ops: Vec<Op>) -> World {
    let (mut world, mut sent) = (opened(), Vec::<Unit>::new());
    for op in ops {
        let unit = match op {
            Op::Again { back } => match sent.len().checked_sub(back + 1) {
                Some(earlier) => sent[earlier].clone(),
                None => continue,
            },
            op => unit_of(&world, op),
        };
        let count = world.execute(&unit).unwrap_or(0);
        check_events(&world, count);
        assert_eq!(world.execute(&unit).unwrap_or(0), 0, "sent again at once, it does nothing: {unit:?}");
        check_state(&world);
        sent.push(unit);
    }
    world
}

/// What holds of the events of one unit, seen right after it.
fn check_events(world: &World, count: usize) {
    for (id, event) in world.last(count) {
        let encoded = event.encode();
        let Event::Account(event) = event else { continue };
        let tenant_id: TenantId = id.parse().expect("a tenant's id");
        let account = world.account(&tenant_id);
        let sum: i128 = postings(&tenant_id, event).iter().map(|posting| i128::from(posting.amount.micro())).sum();
        assert_eq!(sum, 0, "{event:?}");
        assert_eq!(Event::decode("account", &encoded.payload).expect("JSON"), Event::Account(event.clone()));
        budgets::check(world, &tenant_id, event);
        match event {
            AccountEvent::CreditsHeld { .. } => {
                assert!(account.available() >= -account.credit_limit(), "a hold overdrew: {account:?}");
                assert!(account.frozen().is_none(), "a frozen account held");
            }
            AccountEvent::HoldSettled { held, charged, .. } => {
                assert!(Credits::ZERO <= *charged && charged <= held, "{event:?}");
            }
            AccountEvent::OverrunSettled { taken, absorbed, policy, .. } => {
                assert!(!taken.is_negative() && !absorbed.is_negative(), "{event:?}");
                check_overrun(*policy, *taken, account.available());
            }
            _ => {}
        }
    }
}

/// Only as far as the policy says does an overrun reach; one that took nothing found the account where it was.
fn check_overrun(policy: Overrun, taken: Credits, available: Credits) {
    let reached = match policy {
        Overrun::Absorb => taken == Credits::ZERO,
        Overrun::FromBalance => taken == Credits::ZERO || available >= Credits::ZERO,
        Overrun::Debt { max } => taken == Credits::ZERO || available >= -max,
    };
    assert!(reached, "{policy:?} took {taken} and left {available}");
}

/// What holds of all aggregates after every unit.
fn check_state(world: &World) {
    for number in 0..TENANTS {
        let tenant_id = tenant(number);
        let account = world.account(&tenant_id);
        let name = tenant_name(&tenant_id);
        let (credits, holds) =
            (world.on(&format!("Liabilities:Credits:{name}")), world.on(&format!("Liabilities:Holds:{name}")));
        assert_eq!(-(credits + holds), account.posted(), "posted is the fold of the postings");
        assert_eq!(-holds, account.held(), "held is the fold of the postings");
        assert_eq!(account.open_holds().map(|(_, hold)| hold.amount).sum::<Credits>(), account.held());
        budgets::check_figures(world, &tenant_id);
        let open: BTreeSet<JobId> = account.open_holds().map(|(job_id, _)| job_id.clone()).collect();
        let alive = (0..JOBS).filter(|job| owner(*job) == tenant_id && is_alive(world, *job)).map(job_id);
        assert_eq!(open, alive.collect(), "open holds are those of jobs that have not ended");
    }
}

fn is_alive(world: &World, job: u8) -> bool {
    let job = world.job(&job_id(job));
    job.submission().is_some() && job.ending().is_none()
}

/// What the ledger says of one job, from first to last.
#[derive(Default)]
struct Account {
    holds: u32,
    ends: u32,
    settled: Credits,
    refunded: Credits,
}

fn accounts(world: &World) -> BTreeMap<JobId, Account> {
    let mut jobs: BTreeMap<JobId, Account> = BTreeMap::new();
    for (_, event) in world.account_events() {
        match event.clone() {
            AccountEvent::CreditsHeld { job_id, .. } => jobs.entry(job_id).or_default().holds += 1,
            AccountEvent::HoldSettled { job_id, charged, .. } => {
                let job = jobs.entry(job_id).or_default();
                job.ends += 1;
                job.settled += charged;
            }
            AccountEvent::HoldReleased { job_id, .. } => jobs.entry(job_id).or_default().ends += 1,
            AccountEvent::CreditsRefunded { job_id, amount, .. } => jobs.entry(job_id).or_default().refunded += amount,
            _ => {}
        }
    }
    jobs
}

/// Counts how often a ledger event names a key.
fn often(world: &World, key: impl Fn(&TenantId, &AccountEvent) -> Option<String>) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    for key in world.account_events().filter_map(|(tenant_id, event)| key(&tenant_id, event)) {
        *counts.entry(key).or_insert(0) += 1;
    }
    counts
}

/// Whether each attempt has an id of its own, and follows a definite refusal of the one before.
fn attempts_are_bracketed(events: &[JobEvent]) -> bool {
    let (mut tried, mut open) = (BTreeSet::new(), false);
    events.iter().all(|event| match event {
        JobEvent::AttemptStarted { number, attempt } => {
            let first_time = tried.insert(attempt.attempt_id.clone());
            first_time && !std::mem::replace(&mut open, true) && usize::try_from(*number) == Ok(tried.len())
        }
        JobEvent::AttemptFailed { .. } => std::mem::replace(&mut open, false),
        _ => true,
    })
}

/// The properties below say something only if the histories go everywhere.
#[test]
fn the_histories_reach_every_event_of_accounts_and_jobs() {
    let mut runner = TestRunner::deterministic();
    let mut reached = BTreeSet::new();
    for _ in 0..100 {
        let history = vec(op(), LONGEST).new_tree(&mut runner).expect("a history").current();
        reached.extend(live(history).event_types());
    }
    let (accounts, jobs) = (14, 12);
    let keys = 1;
    assert_eq!(reached.len(), accounts + jobs + keys, "{reached:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn the_books_hold_after_every_unit_of_any_history(ops in vec(op(), 1..LONGEST)) {
        live(ops);
    }

    #[test]
    fn every_hold_ends_once_and_no_refund_exceeds_what_it_took(ops in vec(op(), 1..LONGEST)) {
        let world = live(ops);
        for (job_id, Account { holds, ends, settled, refunded }) in accounts(&world) {
            let job = world.job(&job_id);
            prop_assert_eq!(holds, 1);
            prop_assert_eq!(ends, u32::from(job.ending().is_some()));
            prop_assert!(refunded <= settled);
            prop_assert_eq!(refunded, job.refunded());
        }
    }

    #[test]
    fn a_job_ends_once_and_no_attempt_of_unknown_outcome_is_repeated(ops in vec(op(), 1..LONGEST)) {
        let world = live(ops);
        for job in (0..JOBS).map(job_id) {
            let events = world.job_events(&job);
            let ends = events.iter().filter(|event| event.is_terminal()).count();
            prop_assert!(ends <= 1);
            prop_assert!(attempts_are_bracketed(&events), "{:?}", events);
        }
    }

    #[test]
    fn what_has_a_key_happens_once(ops in vec(op(), 1..LONGEST)) {
        let world = live(ops);
        let counts = often(&world, |tenant_id, event| match event {
            AccountEvent::CreditsRecharged { reference, .. } if reference == "first" => Some(format!("{tenant_id}")),
            AccountEvent::CreditsRecharged { reference, .. } => Some(format!("recharge {reference}")),
            AccountEvent::CreditsRefunded { reason, .. } => Some(format!("refund {reason}")),
            AccountEvent::BalanceAdjusted { adjustment_id, .. } => Some(format!("adjustment {adjustment_id}")),
            _ => None,
        });
        prop_assert!(counts.values().all(|count| *count == 1), "{:?}", counts);
    }

    #[test]
    fn an_adjustment_is_made_by_two_people(ops in vec(op(), 1..LONGEST)) {
        let world = live(ops);
        let mut asked: BTreeMap<String, (UserId, Credits)> = BTreeMap::new();
        for (_, event) in world.account_events() {
            match event.clone() {
                AccountEvent::AdjustmentRequested { adjustment_id, by, amount, .. } => {
                    asked.insert(adjustment_id, (by, amount));
                }
                AccountEvent::AdjustmentApproved { adjustment_id, by } => prop_assert_ne!(&asked[&adjustment_id].0, &by),
                AccountEvent::BalanceAdjusted { adjustment_id, amount } => {
                    prop_assert_eq!(asked[&adjustment_id].1, amount);
                }
                _ => {}
            }
        }
    }

    #[test]
    fn a_snapshot_is_the_same_state(ops in vec(op(), 1..LONGEST)) {
        let world = live(ops);
        for state in world.states() {
            let again = State::decode(state.aggregate_type(), &state.encode());
            prop_assert_eq!(&again.expect("a state is read"), state);
        }
    }
}
