//! The pool over a clock of the test and limits in memory: who is chosen, who waits, who is passed over and why.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicI64, Ordering},
};

use chrono::TimeDelta;
use cqrs_es::Aggregate as _;
use domain::{
    capability::CapabilityKind,
    decide::Decide as _,
    id::{ModelId, TenantId},
    model::{CatalogEntry, Model},
    provider::ProviderEvent,
    provider_key::{KeyRegistration, ProviderKeyCommand, ProviderKeyEvent},
    stream::Event,
};
use store::Recorded;

use super::*;

const MODEL: &str = "demo-flat-chat";
const CATALOG: &str = include_str!("../../../zephyr/seed/catalog/demo.json");
const SETTINGS: Settings = Settings {
    lease: Duration::from_secs(15),
    patience: Duration::from_millis(300),
    patience_queued: Duration::from_secs(20),
};

/// A pool and what moves it.
struct World {
    pool: KeyPool,
    live: Arc<Live>,
    now_ms: Arc<AtomicI64>,
}

fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | number)
}

fn key_id(number: u128) -> ProviderKeyId {
    ProviderKeyId::from_uuid(uuid(100 + number))
}

fn at(ms: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::milliseconds(ms)
}

impl World {
    /// A pool with keys of these weights and limits, numbered from one.
    fn with(keys: &[(u32, KeyLimits)]) -> Self {
        Self::with_patience(keys, SETTINGS.patience)
    }

    fn with_patience(keys: &[(u32, KeyLimits)], patience: Duration) -> Self {
        let now_ms = Arc::new(AtomicI64::new(0));
        let (ours, theirs) = (now_ms.clone(), now_ms.clone());
        let clock: Clock = Arc::new(move || at(ours.load(Ordering::SeqCst)));
        let since = move || Duration::from_millis(theirs.load(Ordering::SeqCst).unsigned_abs());
        let limits = Limits::in_memory_with_clock(since);
        let database = store::Pool::connect_lazy("postgres://nobody@127.0.0.1:1/none").expect("a URL");
        let keyring = store::vault::Keyring::generate_entry("k");
        let keyring = store::vault::Keyring::parse(secrecy::ExposeSecret::expose_secret(&keyring)).expect("keys");
        let live = Arc::new(Live::default());
        let pool = KeyPool::new(
            live.clone(),
            Vault::new(database, keyring),
            limits,
            (clock, Settings { patience, ..SETTINGS }),
        );
        let world = Self { pool, live, now_ms };
        world.publish();
        for (number, (weight, limits)) in (1..).zip(keys) {
            world.register(number, *weight, *limits);
        }
        world
    }

    fn publish(&self) {
        let entries: Vec<CatalogEntry> = serde_json::from_str(CATALOG).expect("the catalog");
        let (model_id, mut model) = (ModelId::from_uuid(uuid(1)), Model::default());
        for command in entries[0].commands() {
            for event in model.decide(&command).expect("it is published") {
                model.apply(event.clone());
                self.tell("model", model_id.as_str(), Event::Model(event));
            }
        }
        let settings = ProviderSettings {
            name: "ark".into(),
            adapter: "ark".into(),
            base_url: "http://127.0.0.1:1".into(),
            failures_to_disable: None,
        };
        let registered = ProviderEvent::ProviderRegistered(settings);
        self.tell("provider", ProviderId::from_uuid(uuid(2)).as_str(), Event::Provider(registered));
    }

    fn register(&self, number: u128, weight: u32, limits: KeyLimits) {
        let registration = KeyRegistration {
            provider_id: ProviderId::from_uuid(uuid(2)),
            label: format!("key {number}"),
            weight,
            limits,
            fingerprint: "abcd".into(),
            account: None,
        };
        self.pool.0.secrets.keep(&key_id(number), "abcd", "a secret".into());
        self.key(number, ProviderKeyEvent::KeyRegistered(registration));
    }

    fn key(&self, number: u128, event: ProviderKeyEvent) {
        self.tell("provider_key", key_id(number).as_str(), Event::ProviderKey(event));
    }

    /// Decides a command on a key as it is, and tells what follows.
    fn command(&self, number: u128, command: &ProviderKeyCommand) {
        let catalog = self.live.catalog();
        let key = &catalog.provider_key(&key_id(number)).expect("the key").key;
        for event in key.decide(command).expect("it is decided") {
            self.key(number, event);
        }
    }

    fn tell(&self, aggregate_type: &str, id: &str, event: Event) {
        self.live.apply(&[Recorded {
            position: 1,
            aggregate_type: aggregate_type.into(),
            aggregate_id: id.into(),
            sequence: 1,
            event,
            metadata: "{}".into(),
            recorded_at: at(0),
        }]);
    }

    fn pass(&self, ms: i64) {
        self.now_ms.fetch_add(ms, Ordering::SeqCst);
    }

    async fn acquire(&self, request: Request) -> Result<Chosen, NoKey> {
        self.pool.acquire(request).await
    }
}

fn request(tenant: u128) -> Request {
    Request {
        model: MODEL.into(),
        kind: CapabilityKind::Chat,
        tenant_id: TenantId::from_uuid(uuid(tenant)),
        holder: Uuid::now_v7().to_string(),
        tried: vec![],
        tried_will_do: false,
    }
}

fn no_limits() -> KeyLimits {
    KeyLimits::default()
}

fn places(concurrency: u32) -> KeyLimits {
    KeyLimits { concurrency: Some(concurrency), ..no_limits() }
}

async fn until(done: impl Fn() -> bool) {
    let all = async {
        while !done() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), all).await.expect("it happens in time");
}

fn verdict_of(considered: &[Considered], number: u128) -> &Verdict {
    let found = considered.iter().find(|one| one.provider_key_id == Some(key_id(number)));
    &found.expect("it was considered").verdict
}

#[tokio::test]
async fn shares_follow_the_weights_and_zero_gets_nothing() {
    let world = World::with(&[5, 3, 1, 1, 0].map(|weight| (weight, no_limits())));
    let mut counts = BTreeMap::new();
    for _ in 0..100 {
        let chosen = world.acquire(request(1)).await.expect("a key");
        *counts.entry(chosen.key_id.clone()).or_insert(0) += 1;
    }
    let expected = [(1, 50), (2, 30), (3, 10), (4, 10)].map(|(number, count)| (key_id(number), count));
    assert_eq!(counts, BTreeMap::from(expected));
}

#[tokio::test]
async fn who_finds_every_key_busy_waits_until_one_goes_back() {
    let world = World::with_patience(&[(1, places(1)), (1, places(1))], Duration::from_secs(20));
    let first = world.acquire(request(1)).await.expect("a key");
    let second = world.acquire(request(1)).await.expect("the other key");
    assert_ne!(first.key_id, second.key_id);
    let pool = world.pool.clone();
    let waiting = tokio::spawn(async move { pool.acquire(request(1)).await });
    until(|| world.pool.waiting() == 1).await;
    let freed = second.key_id.clone();
    drop(second);
    let third = waiting.await.expect("no panic").expect("the key that went back");
    assert_eq!(third.key_id, freed);
    assert!(third.waited > Duration::ZERO);
    assert!(matches!(verdict_of(&third.considered, 1), Verdict::NoPlace { limit: 1 } | Verdict::Chosen { .. }));
}

#[tokio::test]
async fn who_waits_too_long_is_told_when_to_come_back() {
    let world = World::with(&[(1, places(1))]);
    let held = world.acquire(request(1)).await.expect("a key");
    let refused = world.acquire(request(2)).await.err().expect("nothing");
    assert!(matches!(refused, NoKey::Busy { retry_after } if retry_after >= Duration::from_secs(1)), "{refused:?}");
    drop(held);
    world.acquire(request(2)).await.expect("the key that went back");
}

#[tokio::test]
async fn tenants_take_turns_however_many_wait_for_one() {
    let world = World::with(&[(1, places(1))]);
    let mut held = Some(world.acquire(request(1)).await.expect("a key"));
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut waiting = Vec::new();
    for (place, tenant) in [1, 1, 1, 1, 1, 2].into_iter().enumerate() {
        let (pool, order) = (world.pool.clone(), order.clone());
        waiting.push(tokio::spawn(async move {
            let chosen = pool.acquire_queued(request(tenant)).await.expect("a key");
            order.lock().expect("a lock").push(tenant);
            drop(chosen);
        }));
        until(|| world.pool.waiting() == place + 1).await;
    }
    drop(held.take());
    for one in waiting {
        one.await.expect("it was served");
    }
    assert_eq!(*order.lock().expect("a lock"), [1, 2, 1, 1, 1, 1]);
}

#[tokio::test]
async fn who_goes_away_leaves_its_place_to_the_next() {
    let world = World::with(&[(1, places(1))]);
    let held = world.acquire(request(1)).await.expect("a key");
    let (pool, patient) = (world.pool.clone(), world.pool.clone());
    let leaving = tokio::spawn(async move { pool.acquire_queued(request(1)).await });
    until(|| world.pool.waiting() == 1).await;
    let staying = tokio::spawn(async move { patient.acquire_queued(request(1)).await });
    until(|| world.pool.waiting() == 2).await;
    leaving.abort();
    assert!(leaving.await.is_err_and(|error| error.is_cancelled()));
    drop(held);
    staying.await.expect("no panic").expect("the key");
}

#[tokio::test]
async fn only_so_many_of_a_tenants_jobs_wait() {
    let world = World::with(&[(1, places(1))]);
    let held = world.acquire(request(1)).await.expect("a key");
    let mut waiting = Vec::new();
    for place in 0..WAITING_JOBS_OF_A_TENANT {
        let pool = world.pool.clone();
        waiting.push(tokio::spawn(async move { pool.acquire_queued(request(1)).await.map(drop) }));
        until(|| world.pool.waiting() == place + 1).await;
    }
    let refused = world.pool.acquire_queued(request(1)).await.err();
    assert!(matches!(refused, Some(NoKey::Busy { .. })), "{refused:?}");
    let pool = world.pool.clone();
    waiting.push(tokio::spawn(async move { pool.acquire_queued(request(2)).await.map(drop) }));
    until(|| world.pool.waiting() == WAITING_JOBS_OF_A_TENANT + 1).await;
    drop(held);
    for one in waiting {
        one.await.expect("no panic").expect("a key, one after another");
    }
}

#[tokio::test]
async fn a_full_window_says_when_it_opens() {
    let limits = KeyLimits { requests_per_minute: Some(2), ..no_limits() };
    let world = World::with(&[(1, limits)]);
    world.acquire(request(1)).await.expect("a key");
    world.acquire(request(1)).await.expect("the key again");
    let refused = world.acquire(request(1)).await.err().expect("nothing");
    let NoKey::Busy { retry_after } = refused else { panic!("{refused:?}") };
    assert!(retry_after > Duration::from_secs(60) && retry_after <= Duration::from_secs(61), "{retry_after:?}");
    world.pass(61_000);
    world.acquire(request(1)).await.expect("the window has opened");
}

#[tokio::test]
async fn a_key_that_cools_down_is_passed_over_for_its_model_and_told_of() {
    let world = World::with(&[(5, no_limits()), (1, no_limits())]);
    let upstream = world.acquire(request(1)).await.expect("a key").route.upstream_model;
    let reason = "upstream_rate_limited 429".to_owned();
    let pauses = domain::provider_key::Backoff { first_ms: 2_000, most_ms: 60_000 };
    world.command(1, &ProviderKeyCommand::CoolDown { model: upstream.clone(), reason, now: at(0), pauses });
    for _ in 0..10 {
        let chosen = world.acquire(request(1)).await.expect("the other key");
        assert_eq!(chosen.key_id, key_id(2));
        let told = verdict_of(&chosen.considered, 1);
        assert!(matches!(told, Verdict::CoolingDown { until, .. } if *until == at(2_000)), "{told:?}");
    }
    world.key(2, ProviderKeyEvent::KeyRevoked {});
    let refused = world.acquire(request(1)).await.err();
    assert_eq!(refused, Some(NoKey::Unwell { retry_after: Duration::from_secs(2) }));
    world.pass(2_000);
    assert_eq!(world.acquire(request(1)).await.expect("it is well").key_id, key_id(1));
}

#[tokio::test]
async fn a_disabled_key_gets_one_probe_at_a_time_once_it_is_due() {
    let world = World::with(&[(5, no_limits()), (1, no_limits())]);
    let (reason, probe_at) = ("upstream_auth 401".to_owned(), Some(at(1_000)));
    world.command(1, &ProviderKeyCommand::DisableKey { reason, automatic: true, probe_at });
    assert_eq!(world.acquire(request(1)).await.expect("the other").key_id, key_id(2));
    world.pass(1_000);
    let probe = world.acquire(request(1)).await.expect("the probe");
    assert!(probe.probe && probe.key_id == key_id(1));
    let other = world.acquire(request(1)).await.expect("the other");
    assert_eq!((other.key_id.clone(), other.probe), (key_id(2), false));
    assert_eq!(*verdict_of(&other.considered, 1), Verdict::BeingProbed);
    let model = probe.route.upstream_model.clone();
    drop(probe);
    world.command(1, &ProviderKeyCommand::ProbeSucceeded { model });
    let well = world.acquire(request(1)).await.expect("a key");
    assert_eq!((well.key_id.clone(), well.probe), (key_id(1), false));
}

#[tokio::test]
async fn what_an_admin_disabled_is_never_probed() {
    let world = World::with(&[(1, no_limits())]);
    let disable = ProviderKeyCommand::DisableKey { reason: "audit".into(), automatic: false, probe_at: None };
    world.command(1, &disable);
    world.pass(1_000_000);
    assert_eq!(world.acquire(request(1)).await.err(), Some(NoKey::None));
}

#[tokio::test]
async fn another_key_comes_before_one_that_was_tried() {
    let world = World::with(&[(9, no_limits()), (1, no_limits())]);
    let tried = vec![key_id(1)];
    let next = world.acquire(Request { tried: tried.clone(), ..request(1) }).await.expect("the other");
    assert_eq!(next.key_id, key_id(2));
    assert_eq!(*verdict_of(&next.considered, 1), Verdict::Tried);
    let all = vec![key_id(1), key_id(2)];
    assert_eq!(world.acquire(Request { tried: all.clone(), ..request(1) }).await.err(), Some(NoKey::None));
    world.acquire(Request { tried: all, tried_will_do: true, ..request(1) }).await.expect("a tried one will do");
}

#[tokio::test]
async fn looking_where_a_request_would_go_takes_nothing() {
    let world = World::with(&[(5, places(1)), (1, places(1)), (0, no_limits())]);
    for _ in 0..5 {
        let considered = world.pool.would_choose(&request(1)).await.expect("an answer");
        assert_eq!(*verdict_of(&considered, 1), Verdict::Chosen { probe: false });
        assert_eq!(*verdict_of(&considered, 2), Verdict::NotNeeded);
        assert_eq!(*verdict_of(&considered, 3), Verdict::WeightZero);
    }
    let held = world.acquire(request(1)).await.expect("a key");
    assert_eq!(held.key_id, key_id(1));
    let considered = world.pool.would_choose(&request(1)).await.expect("an answer");
    assert_eq!(*verdict_of(&considered, 1), Verdict::NoPlace { limit: 1 });
    assert_eq!(*verdict_of(&considered, 2), Verdict::Chosen { probe: false });
    assert_eq!(world.pool.usage(&key_id(1), places(1)).await.expect("an answer").concurrent, 1);
}
