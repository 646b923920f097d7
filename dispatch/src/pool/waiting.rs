//! Who finds every key busy waits its turn: a bounded queue for each set of providers, in which tenants take turns. One
//! task a queue chooses for all who stand in it: when a place goes back, when a window opens, and often enough to notice
//! what other processes give back. Nobody overtakes: newcomers join while anyone waits, and the turn is kept at the
//! limits themselves, so that it holds over processes too.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use domain::{
    capability::CapabilityKind,
    id::{ProviderKeyId, TenantId},
};
use projections::live::Catalog;
use tokio::sync::{Notify, oneshot};

use super::{Chosen, KeyPool, NoKey, Request};

/// How many may wait in one process.
pub const WAITERS_AT_MOST: usize = 5_000;
/// How many of one tenant may wait for an answer in one process, and how many of its queued jobs for a key.
pub const WAITERS_OF_A_TENANT: usize = 200;
/// How many queued jobs of one tenant may wait for a key in one worker: others are put off, so that a tenant that sends
/// much never takes all of a worker's hands.
pub const WAITING_JOBS_OF_A_TENANT: usize = 16;
/// After how long a place that another process gave back is noticed.
pub const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// What a wait is estimated at, at least and at most.
const ESTIMATES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// How long somebody waits, and beside how many of the same tenant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) longest: Duration,
    pub(super) of_a_tenant: usize,
}

type Granted = Result<Chosen, NoKey>;

struct Waiter {
    request: Arc<Request>,
    since: Instant,
    answer: oneshot::Sender<Granted>,
}

/// What makes two waiters alike: where one finds nothing, the other finds nothing.
type Likeness = (String, CapabilityKind, Vec<ProviderKeyId>);

/// The queues of this process.
#[derive(Default)]
pub(super) struct Waiting(Mutex<HashMap<String, Lane>>);

struct Lane {
    /// In the order of their turns.
    tenants: VecDeque<(TenantId, VecDeque<Waiter>)>,
    wake: Arc<Notify>,
    served: u32,
    since: Instant,
    last: Option<NoKey>,
}

impl KeyPool {
    /// Reserves a key at once, or waits for one.
    pub(super) async fn get(&self, request: Request, patience: Patience) -> Granted {
        let (started, request) = (Instant::now(), Arc::new(request));
        let lane = lane_of(&self.0.live.catalog(), &request);
        if !self.0.waiting.has(&lane) {
            match self.choose_apart(request.clone()).await {
                Err(NoKey::Busy { retry_after } | NoKey::Unwell { retry_after }) if retry_after <= patience.longest => {
                }
                found => return found,
            }
        }
        let (answer, granted) = oneshot::channel();
        let waiter = Waiter { request, since: started, answer };
        match self.0.waiting.join(&lane, waiter, patience.of_a_tenant) {
            Joined::First => drop(tokio::spawn(self.clone().drive(lane.clone()))),
            Joined::Behind => {}
            Joined::Full => return Err(self.0.waiting.estimate(&lane)),
        }
        let left = patience.longest.saturating_sub(started.elapsed());
        match tokio::time::timeout(left, granted).await {
            Ok(Ok(found)) => found,
            Ok(Err(_)) => Err(NoKey::Unavailable("whoever chooses keys is gone".into())),
            Err(_) => Err(self.0.waiting.estimate(&lane)),
        }
    }

    /// In a task of its own: when the caller goes away meanwhile, what was reserved goes back.
    async fn choose_apart(&self, request: Arc<Request>) -> Granted {
        let pool = self.clone();
        let choosing = tokio::spawn(async move { pool.choose(&request, None).await.map_err(|refused| refused.no_key) });
        choosing.await.unwrap_or_else(|error| Err(NoKey::Unavailable(error.to_string())))
    }

    /// Chooses for all who stand in a queue, until nobody does.
    async fn drive(self, lane: String) {
        let waiter = format!("{}/{lane}", self.0.process);
        let mut kept = HashSet::new();
        while let Some((wake, pause)) = self.round(&lane, &waiter, &mut kept).await {
            tokio::select! {
                () = wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        for key in kept {
            if let Err(error) = self.0.limits.leave(&key, &waiter).await {
                tracing::warn!(%error, key, "a turn was not given up; it lapses by itself");
            }
        }
    }

    /// Serves whoever can be served, tenant by tenant. Answers when to look again, or nothing when nobody waits.
    async fn round(&self, lane: &str, waiter: &str, kept: &mut HashSet<String>) -> Option<(Arc<Notify>, Duration)> {
        let waiting = &self.0.waiting;
        let (mut blocked, mut pause): (Vec<Likeness>, _) = (Vec::new(), LOOK_AGAIN);
        while let Some(next) = waiting.next(lane, &blocked) {
            match self.choose(&next.request, Some(waiter)).await {
                Ok(mut chosen) => {
                    chosen.waited = next.since.elapsed();
                    waiting.served(lane, &next.request.tenant_id);
                    // Whoever has gone away meanwhile leaves the key to the next.
                    drop(next.answer.send(Ok(chosen)));
                }
                Err(refused) => match refused.no_key {
                    NoKey::Busy { retry_after } | NoKey::Unwell { retry_after } => {
                        if !refused.may_be_freed {
                            pause = pause.min(retry_after);
                        }
                        kept.extend(refused.at);
                        blocked.push(likeness(&next.request));
                        waiting.put_back(lane, next, refused.no_key);
                    }
                    never => {
                        waiting.served(lane, &next.request.tenant_id);
                        drop(next.answer.send(Err(never)));
                    }
                },
            }
        }
        waiting.go_on(lane).map(|wake| (wake, pause.max(Duration::from_millis(1))))
    }
}

enum Joined {
    First,
    Behind,
    Full,
}

impl Waiting {
    /// Looks again: something went back.
    pub(super) fn wake(&self) {
        self.lanes().values().for_each(|lane| lane.wake.notify_one());
    }

    /// How many wait now.
    pub(super) fn count(&self) -> usize {
        self.lanes().values().map(Lane::len).sum()
    }

    fn has(&self, lane: &str) -> bool {
        self.lanes().contains_key(lane)
    }

    fn join(&self, lane: &str, waiter: Waiter, of_a_tenant: usize) -> Joined {
        let mut lanes = self.lanes();
        let of_all: usize = lanes.values().map(Lane::len).sum();
        let first = !lanes.contains_key(lane);
        let here = lanes.entry(lane.to_owned()).or_insert_with(Lane::new);
        let queue = here.queue(&waiter.request.tenant_id);
        queue.retain(|waiter| !waiter.answer.is_closed());
        if queue.len() >= of_a_tenant || of_all >= WAITERS_AT_MOST {
            if first {
                lanes.remove(lane);
            }
            return Joined::Full;
        }
        queue.push_back(waiter);
        here.wake.notify_one();
        if first { Joined::First } else { Joined::Behind }
    }

    /// Who is next, of those that are like none of these. It is taken out of the queue.
    fn next(&self, lane: &str, blocked: &[Likeness]) -> Option<Waiter> {
        let mut lanes = self.lanes();
        for (_, queue) in &mut lanes.get_mut(lane)?.tenants {
            queue.retain(|waiter| !waiter.answer.is_closed());
            let free = queue.iter().position(|waiter| !blocked.contains(&likeness(&waiter.request)));
            if let Some(waiter) = free.and_then(|place| queue.remove(place)) {
                return Some(waiter);
            }
        }
        None
    }

    /// The tenant has had its turn.
    fn served(&self, lane: &str, tenant_id: &TenantId) {
        if let Some(lane) = self.lanes().get_mut(lane) {
            lane.served = lane.served.saturating_add(1);
            let place = lane.tenants.iter().position(|(tenant, _)| tenant == tenant_id);
            let turn = place.and_then(|place| lane.tenants.remove(place));
            lane.tenants.extend(turn.filter(|(_, queue)| !queue.is_empty()));
        }
    }

    fn put_back(&self, lane: &str, waiter: Waiter, why: NoKey) {
        if let Some(lane) = self.lanes().get_mut(lane) {
            lane.last = Some(why);
            lane.queue(&waiter.request.tenant_id.clone()).push_front(waiter);
        }
    }

    /// What wakes the queue; or nothing, and the queue is gone, when nobody stands in it.
    fn go_on(&self, lane: &str) -> Option<Arc<Notify>> {
        let mut lanes = self.lanes();
        let here = lanes.get_mut(lane)?;
        here.tenants.retain(|(_, queue)| !queue.is_empty());
        if here.tenants.is_empty() {
            lanes.remove(lane);
            return None;
        }
        Some(here.wake.clone())
    }

    /// What those are told who can't wait, or have waited long enough: by how fast the queue moves.
    fn estimate(&self, lane: &str) -> NoKey {
        let lanes = self.lanes();
        let Some(lane) = lanes.get(lane) else { return NoKey::Busy { retry_after: ESTIMATES.0 } };
        let each = lane.since.elapsed() / lane.served.max(1);
        let queue = each.saturating_mul(u32::try_from(lane.len()).unwrap_or(u32::MAX));
        let queue = if lane.served == 0 { ESTIMATES.0 } else { queue.clamp(ESTIMATES.0, ESTIMATES.1) };
        match &lane.last {
            Some(NoKey::Unwell { retry_after }) => NoKey::Unwell { retry_after: *retry_after },
            Some(NoKey::Busy { retry_after }) => NoKey::Busy { retry_after: queue.max(*retry_after) },
            _ => NoKey::Busy { retry_after: queue },
        }
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<String, Lane>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lane {
    fn new() -> Self {
        Self { tenants: VecDeque::new(), wake: Arc::default(), served: 0, since: Instant::now(), last: None }
    }

    fn len(&self) -> usize {
        self.tenants.iter().map(|(_, queue)| queue.len()).sum()
    }

    fn queue(&mut self, tenant_id: &TenantId) -> &mut VecDeque<Waiter> {
        let place = self.tenants.iter().position(|(tenant, _)| tenant == tenant_id);
        let place = place.unwrap_or_else(|| {
            self.tenants.push_back((tenant_id.clone(), VecDeque::new()));
            self.tenants.len() - 1
        });
        &mut self.tenants[place].1
    }
}

fn likeness(request: &Request) -> Likeness {
    (request.model.clone(), request.kind, request.tried.clone())
}

/// Those wait together whose routes lead to the same providers: they want the same keys.
fn lane_of(catalog: &Catalog, request: &Request) -> String {
    let routes = catalog.routes(&request.model, request.kind).iter();
    let mut providers: Vec<&str> = routes.map(|route| route.provider.as_str()).collect();
    providers.sort_unstable();
    providers.dedup();
    providers.join("+")
}
