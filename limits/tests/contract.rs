//! What every implementation of limits promises, run against memory and against Redis.
//!
//! Memory is driven by a clock of the test. Redis has its own clock, so there the windows are short and time passes.

use limits::{Busy, Correction, Decision, LOOK_COUNTS, Lease, LimitError, Limits, Place, Take, Taken, Window};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// The period of the windows under test: long enough for a call to Redis to fall inside it on a busy machine.
const PERIOD: Duration = Duration::from_secs(2);

struct Subject {
    limits: Limits,
    clock_ms: Option<Arc<AtomicU64>>,
}

impl Subject {
    fn memory() -> Self {
        let clock_ms = Arc::new(AtomicU64::new(1_000_000));
        let reads = clock_ms.clone();
        let clock = move || Duration::from_millis(reads.load(Ordering::SeqCst));
        Self { limits: Limits::in_memory_with_clock(clock), clock_ms: Some(clock_ms) }
    }

    async fn redis() -> Self {
        let prefix = format!("test-{}", uuid::Uuid::now_v7());
        let limits = Limits::redis_with_prefix(&redis_url(), &prefix).await;
        Self { limits: limits.expect("a Redis URL"), clock_ms: None }
    }

    /// Lets time pass: by the test's clock, or by waiting, where a server has the clock.
    async fn pass(&self, time: Duration) {
        match &self.clock_ms {
            Some(clock) => {
                let ms = u64::try_from(time.as_millis()).expect("a short time");
                clock.fetch_add(ms, Ordering::SeqCst);
            }
            None => tokio::time::sleep(time + Duration::from_millis(2)).await,
        }
    }

    /// Whether a look of that moment counts no more, on a machine that was too slow: then it has to be looked at anew.
    fn has_lapsed(&self, looked: Instant) -> bool {
        self.clock_ms.is_none() && looked.elapsed() >= LOOK_COUNTS
    }

    async fn check(&self, key: &str, rules: &[Window]) -> Decision {
        self.limits.check(key, rules).await.expect("limits answer")
    }

    async fn allowed(&self, key: &str, rules: &[Window]) -> bool {
        matches!(self.check(key, rules).await, Decision::Allowed(_))
    }

    async fn correct(&self, taken: u64, right: u64) {
        let correction = Correction { period: PERIOD, taken, right };
        self.limits.correct("key", correction).await.expect("limits answer");
    }

    async fn lease(&self, max: u32, holder: &str) -> Option<Lease> {
        let lease = self.limits.lease("pool", max, holder, PERIOD).await;
        lease.expect("limits answer")
    }
}

#[expect(clippy::disallowed_methods, reason = "tests/with-services tells tests where Redis is")]
fn redis_url() -> String {
    std::env::var("TEST_REDIS_URL").expect("TEST_REDIS_URL is not set: run through tests/with-services")
}

fn window(limit: u64, cost: u64) -> Window {
    Window { limit, period: PERIOD, cost }
}

/// Runs one contract against both implementations.
macro_rules! contract {
    ($($name:ident),* $(,)?) => {
        mod memory { $(#[tokio::test] async fn $name() { super::$name(super::Subject::memory()).await; })* }
        mod redis { $(#[tokio::test] async fn $name() { super::$name(super::Subject::redis().await).await; })* }
    };
}

contract!(
    admits_up_to_the_limit_and_says_what_is_left,
    says_when_to_come_back_and_keeps_its_word,
    takes_all_rules_or_none,
    keeps_windows_of_one_period_apart,
    refuses_for_ever_what_costs_more_than_the_limit,
    a_cost_of_zero_only_looks,
    admits_exactly_the_limit_under_concurrency,
    what_a_call_did_not_use_is_given_back,
    what_a_call_used_beyond_its_cost_counts_from_then_on,
    what_is_given_back_never_lets_a_window_exceed_its_limit,
    leases_are_bounded_and_come_back,
    a_lease_is_idempotent_for_its_holder,
    a_lapsed_lease_can_not_be_renewed,
    takes_a_place_and_room_together_or_nothing,
    who_waits_longer_comes_first,
    who_stops_looking_or_leaves_loses_its_turn,
    a_recorded_call_counts_though_the_window_is_full,
    is_ready,
);

async fn admits_up_to_the_limit_and_says_what_is_left(subject: Subject) {
    for left in [2, 1, 0] {
        let Decision::Allowed(rooms) = subject.check("key", &[window(3, 1)]).await else {
            panic!("limited with {left} left");
        };
        assert_eq!(rooms[0].remaining, left);
        assert!(rooms[0].reset_after <= PERIOD + Duration::from_millis(1));
    }
    assert!(!subject.allowed("key", &[window(3, 1)]).await);
    assert!(subject.allowed("other key", &[window(3, 1)]).await);
}

async fn says_when_to_come_back_and_keeps_its_word(subject: Subject) {
    assert!(subject.allowed("key", &[window(10, 4)]).await);
    subject.pass(PERIOD / 4).await;
    assert!(subject.allowed("key", &[window(10, 6)]).await);
    let Decision::Limited { retry_after, rule } = subject.check("key", &[window(10, 4)]).await else {
        panic!("a full window admitted");
    };
    assert_eq!(rule, 0);
    assert!(retry_after <= PERIOD * 3 / 4 + Duration::from_millis(1), "{retry_after:?}");
    subject.pass(retry_after).await;
    assert!(subject.allowed("key", &[window(10, 4)]).await);
    assert!(!subject.allowed("key", &[window(10, 6)]).await);
}

async fn takes_all_rules_or_none(subject: Subject) {
    let hour = Duration::from_secs(3_600);
    let rules = [window(5, 1), Window { limit: 1, period: hour, cost: 1 }];
    assert!(subject.allowed("key", &rules).await);
    for _ in 0..3 {
        let Decision::Limited { rule, retry_after } = subject.check("key", &rules).await else {
            panic!("the hour's rule admitted twice");
        };
        assert_eq!(rule, 1);
        assert!(retry_after > PERIOD);
    }
    // The refused calls took nothing from the first rule.
    assert!(subject.allowed("key", &[window(5, 4)]).await);
}

async fn keeps_windows_of_one_period_apart(subject: Subject) {
    let (requests, tokens) = (window(2, 1), window(1_000, 400));
    assert!(subject.allowed("key", &[requests, tokens]).await);
    assert!(subject.allowed("key", &[requests, tokens]).await);
    let Decision::Limited { rule, .. } = subject.check("key", &[window(9, 1), tokens]).await else {
        panic!("the tokens' rule admitted 1,200 of 1,000");
    };
    assert_eq!(rule, 1);
}

async fn refuses_for_ever_what_costs_more_than_the_limit(subject: Subject) {
    let refused = subject.limits.check("key", &[window(9, 1), window(5, 6)]).await;
    let expected = LimitError::NeverAdmitted { rule: 1, cost: 6, limit: 5 };
    assert_eq!(refused, Err(expected));
    assert!(subject.allowed("key", &[window(9, 9)]).await, "nothing was taken");
}

async fn a_cost_of_zero_only_looks(subject: Subject) {
    for _ in 0..3 {
        let Decision::Allowed(rooms) = subject.check("key", &[window(1, 0)]).await else {
            panic!("looking was refused");
        };
        assert_eq!((rooms[0].remaining, rooms[0].reset_after), (1, Duration::ZERO));
    }
    assert!(subject.check("key", &[]).await == Decision::Allowed(Vec::new()));
}

async fn admits_exactly_the_limit_under_concurrency(subject: Subject) {
    let hour = Window { limit: 50, period: Duration::from_secs(3_600), cost: 1 };
    let calls = (0..200).map(|_| {
        let limits = subject.limits.clone();
        tokio::spawn(async move { limits.check("key", &[hour]).await })
    });
    let mut admitted = 0;
    for call in calls.collect::<Vec<_>>() {
        let decision = call.await.expect("no panic").expect("limits answer");
        admitted += u32::from(matches!(decision, Decision::Allowed(_)));
    }
    assert_eq!(admitted, 50);
}

async fn what_a_call_did_not_use_is_given_back(subject: Subject) {
    assert!(subject.allowed("key", &[window(10, 8)]).await);
    assert!(!subject.allowed("key", &[window(10, 5)]).await);
    subject.correct(8, 3).await;
    assert!(subject.allowed("key", &[window(10, 7)]).await);
    assert!(!subject.allowed("key", &[window(10, 1)]).await);
    subject.correct(10, 0).await;
    subject.correct(10, 0).await;
    assert!(subject.allowed("key", &[window(10, 10)]).await, "nothing is given back twice");
    assert!(!subject.allowed("key", &[window(10, 1)]).await);
}

async fn what_a_call_used_beyond_its_cost_counts_from_then_on(subject: Subject) {
    assert!(subject.allowed("key", &[window(10, 2)]).await);
    subject.correct(2, 12).await;
    assert!(!subject.allowed("key", &[window(10, 1)]).await);
    let Decision::Allowed(rooms) = subject.check("key", &[window(20, 0)]).await else { panic!("it only looks") };
    assert_eq!(rooms[0].remaining, 8);
    subject.pass(PERIOD + Duration::from_millis(1)).await;
    assert!(subject.allowed("key", &[window(10, 10)]).await);
}

/// Two are admitted, then the first gives back: the second one still counts for its whole period.
async fn what_is_given_back_never_lets_a_window_exceed_its_limit(subject: Subject) {
    assert!(subject.allowed("key", &[window(2, 1)]).await);
    subject.pass(PERIOD / 2).await;
    assert!(subject.allowed("key", &[window(2, 1)]).await);
    subject.correct(1, 0).await;
    subject.pass(PERIOD * 3 / 4).await;
    assert!(subject.allowed("key", &[window(2, 1)]).await);
    assert!(!subject.allowed("key", &[window(2, 1)]).await);
}

async fn leases_are_bounded_and_come_back(subject: Subject) {
    let one = subject.lease(2, "one").await.expect("the first place");
    subject.lease(2, "two").await.expect("the second place");
    assert_eq!(subject.lease(2, "three").await, None);
    subject.limits.release(&one).await.expect("released");
    subject.limits.release(&one).await.expect("released again, harmlessly");
    subject.lease(2, "three").await.expect("the place of the first");
    assert_eq!(subject.lease(2, "four").await, None);
    // Nobody releases: the holders died.
    subject.pass(PERIOD).await;
    subject.lease(1, "four").await.expect("a place of the dead");
}

async fn a_lease_is_idempotent_for_its_holder(subject: Subject) {
    let first = subject.lease(1, "one").await;
    assert!(first.is_some());
    assert_eq!(subject.lease(1, "one").await, first);
    assert_eq!(subject.lease(1, "two").await, None);
}

async fn a_lapsed_lease_can_not_be_renewed(subject: Subject) {
    let lease = subject.lease(1, "one").await.expect("a place");
    subject.pass(PERIOD / 2).await;
    assert!(subject.limits.renew(&lease, PERIOD * 2).await.expect("an answer"));
    subject.pass(PERIOD).await;
    assert_eq!(subject.lease(1, "two").await, None, "the renewed lease still holds");
    subject.pass(PERIOD).await;
    assert!(!subject.limits.renew(&lease, PERIOD).await.expect("an answer"));
    assert!(subject.lease(1, "two").await.is_some());
}

/// Takes a place of `of` and a unit of a window of `limit`.
async fn take(subject: &Subject, (of, limit): (u32, u64), holder: &str, waiter: Option<&str>) -> Taken {
    let (rules, place) = ([window(limit, 1)], Some(Place { of, holder, ttl: PERIOD * 4 }));
    let taken = subject.limits.take("pool", Take { rules: &rules, place, waiter }).await;
    taken.expect("limits answer")
}

fn lease_of(taken: Taken) -> Lease {
    let Taken::Yes(Some(lease)) = taken else { panic!("nothing was taken: {taken:?}") };
    lease
}

async fn takes_a_place_and_room_together_or_nothing(subject: Subject) {
    let first = lease_of(take(&subject, (1, 2), "one", None).await);
    assert_eq!(take(&subject, (1, 2), "two", None).await, Taken::No(Busy::Places));
    assert_eq!(subject.limits.places_taken("pool").await, Ok(1));
    subject.limits.release(&first).await.expect("released");
    assert_eq!(subject.limits.places_taken("pool").await, Ok(0));
    // The refused call took no room: the window has one unit left.
    let second = lease_of(take(&subject, (1, 2), "two", None).await);
    subject.limits.release(&second).await.expect("released");
    let Taken::No(Busy::Window { rule: 0, retry_after }) = take(&subject, (1, 2), "three", None).await else {
        panic!("a full window admitted");
    };
    assert_eq!(subject.limits.places_taken("pool").await, Ok(0), "a refused call keeps no place");
    subject.pass(retry_after).await;
    lease_of(take(&subject, (1, 2), "three", None).await);
}

async fn who_waits_longer_comes_first(subject: Subject) {
    let held = lease_of(take(&subject, (1, 99), "one", None).await);
    let looked = Instant::now();
    for waiter in ["first", "second"] {
        assert_eq!(take(&subject, (1, 99), waiter, Some(waiter)).await, Taken::No(Busy::Places));
    }
    subject.limits.release(&held).await.expect("released");
    let newcomer = take(&subject, (1, 99), "newcomer", None).await;
    let second = take(&subject, (1, 99), "second", Some("second")).await;
    let first = take(&subject, (1, 99), "first", Some("first")).await;
    // With room for both, nobody has to wait for the other.
    let beside = take(&subject, (2, 99), "newcomer", None).await;
    let with_room = take(&subject, (3, 99), "newcomer", None).await;
    if subject.has_lapsed(looked) {
        return Box::pin(who_waits_longer_comes_first(Subject::redis().await)).await;
    }
    for refused in [newcomer, second, beside] {
        assert_eq!(refused, Taken::No(Busy::Turn));
    }
    lease_of(first);
    lease_of(with_room);
}

async fn who_stops_looking_or_leaves_loses_its_turn(subject: Subject) {
    let held = lease_of(take(&subject, (1, 99), "one", None).await);
    let looked = Instant::now();
    for waiter in ["gone", "away"] {
        assert_eq!(take(&subject, (1, 99), waiter, Some(waiter)).await, Taken::No(Busy::Places));
    }
    subject.limits.release(&held).await.expect("released");
    subject.limits.leave("pool", "gone").await.expect("left");
    subject.limits.leave("pool", "gone").await.expect("left again, harmlessly");
    let newcomer = take(&subject, (1, 99), "newcomer", None).await;
    if subject.has_lapsed(looked) {
        return Box::pin(who_stops_looking_or_leaves_loses_its_turn(Subject::redis().await)).await;
    }
    assert_eq!(newcomer, Taken::No(Busy::Turn));
    subject.pass(LOOK_COUNTS + Duration::from_millis(10)).await;
    lease_of(take(&subject, (1, 99), "newcomer", None).await);
}

async fn a_recorded_call_counts_though_the_window_is_full(subject: Subject) {
    let rules = [window(2, 1)];
    assert!(subject.allowed("key", &rules).await && subject.allowed("key", &rules).await);
    subject.pass(PERIOD / 2).await;
    subject.limits.record("key", &rules).await.expect("recorded");
    subject.pass(PERIOD / 2 + Duration::from_millis(10)).await;
    assert!(subject.allowed("key", &rules).await, "the first two have lapsed");
    assert!(!subject.allowed("key", &rules).await, "the recorded one has not");
}

async fn is_ready(subject: Subject) {
    assert_eq!(subject.limits.ready().await, Ok(()));
}

#[tokio::test]
async fn redis_forgets_by_itself() {
    let prefix = format!("test-{}", uuid::Uuid::now_v7());
    let limits = Limits::redis_with_prefix(&redis_url(), &prefix).await.expect("a Redis URL");
    limits.check("key", &[window(2, 1), window(9, 3)]).await.expect("limits answer");
    limits.lease("pool", 1, "one", PERIOD).await.expect("limits answer");
    let client = ::redis::Client::open(redis_url()).expect("a Redis URL");
    let mut connection = client.get_multiplexed_async_connection().await.expect("Redis");
    let keys: Vec<String> =
        ::redis::cmd("KEYS").arg(format!("{prefix}:*")).query_async(&mut connection).await.expect("the keys");
    assert_eq!(keys.len(), 5, "two windows with log and sum, and a lease: {keys:?}");
    for key in keys {
        let left: i64 = ::redis::cmd("PTTL").arg(&key).query_async(&mut connection).await.expect("a time");
        assert!((1..=3_000).contains(&left), "{key} stays {left} ms");
    }
}

/// A port that nobody listens on: bound once, then given up.
async fn dead_url() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    format!("redis://{}", listener.local_addr().expect("an address"))
}

#[tokio::test]
async fn an_absent_redis_is_reported_in_bounded_time() {
    let limits = Limits::redis(&dead_url().await).await.expect("a Redis URL");
    let start = Instant::now();
    let checked = limits.check("key", &[window(1, 1)]).await;
    assert!(matches!(checked, Err(LimitError::Unavailable(_))), "{checked:?}");
    let leased = limits.lease("key", 1, "one", PERIOD).await;
    assert!(matches!(leased, Err(LimitError::Unavailable(_))), "{leased:?}");
    assert!(matches!(limits.ready().await, Err(LimitError::Unavailable(_))));
    assert!(start.elapsed() < limits::CALL_TIMEOUT * 4, "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_silent_redis_is_reported_in_bounded_time_and_a_returning_one_is_used() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("redis://{}", listener.local_addr().expect("an address"));
    let limits = Limits::redis(&url).await.expect("a Redis URL");
    let start = Instant::now();
    assert!(limits.ready().await.is_err(), "a server that accepts and never answers");
    assert!(start.elapsed() < limits::CALL_TIMEOUT * 2, "{:?}", start.elapsed());
    tokio::spawn(forward(listener, redis_url()));
    while limits.ready().await.is_err() {
        assert!(start.elapsed() < Duration::from_secs(20), "never came back");
        tokio::task::yield_now().await;
    }
}

/// Passes every new connection on to the real server.
async fn forward(listener: tokio::net::TcpListener, url: String) {
    let address = url.trim_start_matches("redis://").trim_end_matches('/').to_owned();
    let address = address.split('/').next().expect("an address").to_owned();
    while let Ok((mut near, _)) = listener.accept().await {
        let address = address.clone();
        tokio::spawn(async move {
            let mut far = tokio::net::TcpStream::connect(address).await?;
            tokio::io::copy_bidirectional(&mut near, &mut far).await
        });
    }
}
