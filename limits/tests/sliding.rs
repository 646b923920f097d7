//! The window in memory against a plain list of all that it admitted, over random histories.

use limits::{Decision, Limits, Window};
use proptest::prelude::*;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

const PERIOD_MS: u64 = 50;

/// What the window holds at `now`: everything admitted in the period up to it, both ends included.
fn held(admitted: &[(u64, u64)], now: u64) -> u64 {
    let recent = admitted.iter().filter(|(at, _)| at + PERIOD_MS >= now);
    recent.map(|(_, cost)| cost).sum()
}

fn run(limit: u64, calls: &[(u64, u64)]) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let clock = Arc::new(AtomicU64::new(0));
    let reads = clock.clone();
    let limits = Limits::in_memory_with_clock(move || Duration::from_millis(reads.load(Ordering::SeqCst)));
    let check = |cost| {
        let rule = Window { limit, period: Duration::from_millis(PERIOD_MS), cost };
        runtime.block_on(limits.check("key", &[rule])).expect("a possible cost")
    };
    let mut admitted = Vec::new();
    for &(pause, cost) in calls {
        let now = clock.fetch_add(pause, Ordering::SeqCst) + pause;
        let cost = cost.min(limit);
        match check(cost) {
            Decision::Allowed(rooms) => {
                admitted.push((now, cost));
                prop_assert!(held(&admitted, now) <= limit);
                prop_assert_eq!(rooms[0].remaining, limit - held(&admitted, now));
            }
            Decision::Limited { retry_after, .. } => {
                prop_assert!(held(&admitted, now) + cost > limit, "refused what had room");
                let wait = u64::try_from(retry_after.as_millis()).expect("a short wait");
                prop_assert!(held(&admitted, now + wait) + cost <= limit, "told to come too early");
                prop_assert!(held(&admitted, now + wait - 1) + cost > limit, "told to come too late");
            }
        }
    }
    // Every stretch of the period, wherever it starts, stays within the limit.
    for &(start, _) in &admitted {
        let stretch = admitted.iter().filter(|(at, _)| (start..=start + PERIOD_MS).contains(at));
        prop_assert!(stretch.map(|(_, cost)| cost).sum::<u64>() <= limit);
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_stretch_of_the_period_ever_holds_more_than_the_limit(
        limit in 1_u64..40,
        calls in prop::collection::vec((0_u64..30, 0_u64..12), 1..120),
    ) {
        run(limit, &calls)?;
    }
}
