//! One choice: probes that are due first, then routes by priority and weight, then their keys by weight; the first that
//! has room is reserved. Limits hold over all processes; whose turn it is, each process knows for itself.

use std::time::{Duration, Instant};

use limits::{Busy, LimitError, Place, Take, Taken};

use super::{
    Chosen, KeyPool, NoKey, Request, Verdict,
    candidates::{Candidate, Leg, Survey},
    name, unavailable, windows,
};
use crate::pool::considered::Considered;

/// A choice that found nothing.
#[derive(Debug)]
pub(super) struct Refused {
    /// Why.
    pub(super) no_key: NoKey,
    /// The keys at which somebody who waits keeps its turn.
    pub(super) at: Vec<String>,
    /// Whether a release may help; else only time does.
    pub(super) may_be_freed: bool,
}

/// What is known of when there may be room.
#[derive(Default)]
struct Waits {
    at: Vec<String>,
    soonest: Option<Duration>,
    may_be_freed: bool,
}

/// What a reservation of one key came to.
enum Reserved {
    Yes(Box<Chosen>),
    No,
}

impl KeyPool {
    /// Reserves a key, if one has room. Somebody who waits says who it is, and keeps its turn.
    pub(super) async fn choose(&self, request: &Request, waiter: Option<&str>) -> Result<Chosen, Refused> {
        let now = self.now();
        let mut survey = Survey::of(&self.0.live.catalog(), request, now);
        let mut waits = Waits::default();
        let mut legs = std::mem::take(&mut survey.legs);
        let chosen = match self.probe(&legs, request, (&mut survey, &mut waits)).await {
            Ok(Some(chosen)) => Ok(Some(chosen)),
            Ok(None) => self.walk(&mut legs, request, (waiter, &mut survey, &mut waits)).await,
            Err(error) => Err(error),
        };
        let cooled = survey.earliest.map(|when| (when - now).to_std().unwrap_or_default());
        let no_key = match chosen {
            Ok(Some(mut chosen)) => {
                chosen.considered = survey.told();
                return Ok(*chosen);
            }
            Ok(None) => waits.sum_up(cooled),
            Err(error) => error,
        };
        Err(Refused { no_key, at: waits.at, may_be_freed: waits.may_be_freed })
    }

    /// A key that a rule disabled and whose probe is due gets one request, of whoever comes first.
    async fn probe(
        &self,
        legs: &[Leg],
        request: &Request,
        (survey, waits): (&mut Survey, &mut Waits),
    ) -> Result<Option<Box<Chosen>>, NoKey> {
        for leg in legs {
            for candidate in leg.candidates.iter().filter(|candidate| candidate.probe) {
                let probing = format!("probe:{}", candidate.key_id);
                let lasts = self.0.settings.lease;
                let lease = self.0.limits.lease(&probing, 1, &request.holder, lasts).await.map_err(unavailable)?;
                let Some(lease) = lease else {
                    survey.considered[candidate.place].verdict = Verdict::BeingProbed;
                    waits.may_be_freed = true;
                    continue;
                };
                let probe = self.0.keeper.seat([lease]);
                match self.reserve(leg, candidate, request, (None, survey, waits)).await? {
                    Reserved::Yes(mut chosen) => {
                        chosen.seat.join(probe);
                        return Ok(Some(chosen));
                    }
                    Reserved::No => {}
                }
            }
        }
        Ok(None)
    }

    async fn walk(
        &self,
        legs: &mut Vec<Leg>,
        request: &Request,
        (waiter, survey, waits): (Option<&str>, &mut Survey, &mut Waits),
    ) -> Result<Option<Box<Chosen>>, NoKey> {
        legs.iter_mut().for_each(|leg| leg.candidates.retain(|candidate| !candidate.probe));
        legs.retain(|leg| !leg.candidates.is_empty());
        while let Some(first) = legs.first() {
            let priority = first.route.priority;
            let same = legs.iter().take_while(|leg| leg.route.priority == priority).count();
            let among: Vec<(String, u32)> =
                legs[..same].iter().map(|leg| (route_name(request, leg), leg.route.weight)).collect();
            let Some(place) = self.turns().routes.take(&among) else { return Ok(None) };
            if let Some(chosen) = self.walk_keys(&mut legs[place], request, (waiter, survey, waits)).await? {
                return Ok(Some(chosen));
            }
            self.turns().routes.undo(&among, place);
            legs.remove(place);
        }
        Ok(None)
    }

    async fn walk_keys(
        &self,
        leg: &mut Leg,
        request: &Request,
        (waiter, survey, waits): (Option<&str>, &mut Survey, &mut Waits),
    ) -> Result<Option<Box<Chosen>>, NoKey> {
        let mut among: Vec<_> =
            leg.candidates.iter().map(|one| (one.key_id.clone(), one.registration.weight)).collect();
        loop {
            let Some(place) = self.turns().keys.take(&among) else { return Ok(None) };
            let reserved = self.reserve(leg, &leg.candidates[place], request, (waiter, survey, waits)).await;
            if let Ok(Reserved::Yes(chosen)) = reserved {
                return Ok(Some(chosen));
            }
            self.turns().keys.undo(&among, place);
            reserved?;
            among.remove(place);
            leg.candidates.remove(place);
        }
    }

    async fn reserve(
        &self,
        leg: &Leg,
        candidate: &Candidate,
        request: &Request,
        (waiter, survey, waits): (Option<&str>, &mut Survey, &mut Waits),
    ) -> Result<Reserved, NoKey> {
        let limits = candidate.registration.limits;
        let (key, windows) = (name(&candidate.key_id), windows(limits));
        let (holder, ttl) = (request.holder.as_str(), self.0.settings.lease);
        let place = limits.concurrency.map(|of| Place { of, holder, ttl });
        let lease = if windows.is_empty() && place.is_none() {
            None
        } else {
            match self.0.limits.take(&key, Take { rules: &windows, place, waiter }).await {
                Ok(Taken::Yes(lease)) => lease,
                Ok(Taken::No(busy)) => {
                    survey.considered[candidate.place].verdict = waits.note(key, busy, candidate);
                    return Ok(Reserved::No);
                }
                // A limit of zero: it takes nothing until an admin raises it.
                Err(LimitError::NeverAdmitted { .. }) => {
                    survey.considered[candidate.place].verdict = Verdict::WeightZero;
                    return Ok(Reserved::No);
                }
                Err(error) => return Err(unavailable(error)),
            }
        };
        let seat = self.0.keeper.seat(lease);
        let Some(key) = self.0.secrets.of(&candidate.key_id, &candidate.registration.fingerprint).await? else {
            tracing::error!(key = %candidate.key_id, "a provider key has no secret in the vault");
            survey.considered[candidate.place].verdict = Verdict::NoSecret;
            return Ok(Reserved::No);
        };
        survey.considered[candidate.place].verdict = Verdict::Chosen { probe: candidate.probe };
        Ok(Reserved::Yes(Box::new(Chosen {
            settings: leg.settings.clone(),
            provider_id: candidate.registration.provider_id.clone(),
            route: leg.route.clone(),
            key_id: candidate.key_id.clone(),
            endpoint: providers::Endpoint { base_url: leg.settings.base_url.clone(), key },
            probe: candidate.probe,
            considered: vec![],
            waited: Duration::ZERO,
            admitted: Instant::now(),
            windows,
            seat,
        })))
    }

    /// Where a request would go now. Nothing is reserved, and no turn is taken.
    pub(crate) async fn would_choose(&self, request: &Request) -> Result<Vec<Considered>, NoKey> {
        let mut survey = Survey::of(&self.0.live.catalog(), request, self.now());
        let mut legs = std::mem::take(&mut survey.legs);
        for leg in &mut legs {
            let mut free = Vec::new();
            for candidate in std::mem::take(&mut leg.candidates) {
                match self.limit_reached(&candidate).await? {
                    Some(verdict) => survey.considered[candidate.place].verdict = verdict,
                    None => free.push(candidate),
                }
            }
            leg.candidates = free;
        }
        legs.retain(|leg| !leg.candidates.is_empty());
        let due = legs.iter().flat_map(|leg| &leg.candidates).find(|candidate| candidate.probe);
        let next = due.or_else(|| self.peek(&legs, request)).map(|candidate| (candidate.place, candidate.probe));
        if let Some((place, probe)) = next {
            survey.considered[place].verdict = Verdict::Chosen { probe };
        }
        Ok(survey.told())
    }

    fn peek<'a>(&self, legs: &'a [Leg], request: &Request) -> Option<&'a Candidate> {
        let priority = legs.first()?.route.priority;
        let same: Vec<&Leg> = legs.iter().take_while(|leg| leg.route.priority == priority).collect();
        let turns = self.turns();
        let routes: Vec<_> = same.iter().map(|leg| (route_name(request, leg), leg.route.weight)).collect();
        let leg = same[turns.routes.peek(&routes)?];
        let keys: Vec<_> = leg.candidates.iter().map(|one| (one.key_id.clone(), one.registration.weight)).collect();
        Some(&leg.candidates[turns.keys.peek(&keys)?])
    }

    async fn limit_reached(&self, candidate: &Candidate) -> Result<Option<Verdict>, NoKey> {
        let limits = candidate.registration.limits;
        let usage = self.usage(&candidate.key_id, limits).await?;
        if let Some(limit) = limits.concurrency.filter(|limit| usage.concurrent >= *limit) {
            return Ok(Some(Verdict::NoPlace { limit }));
        }
        let full = |used: Option<u64>, limit: Option<u32>, seconds: u64| {
            let limit = limit.filter(|limit| used.is_some_and(|used| used >= u64::from(*limit)))?;
            Some(Verdict::WindowFull { limit, seconds, retry_after_ms: seconds * 1_000 })
        };
        let second = full(usage.requests_this_second, limits.requests_per_second, 1);
        Ok(second.or_else(|| full(usage.requests_this_minute, limits.requests_per_minute, 60)))
    }
}

fn route_name(request: &Request, leg: &Leg) -> String {
    format!("{}/{}/{}/{}", request.model, request.kind, leg.route.provider, leg.route.upstream_model)
}

impl Waits {
    /// Notes why a key has no room, in the words of the flight recorder.
    fn note(&mut self, key: String, busy: Busy, candidate: &Candidate) -> Verdict {
        self.at.push(key);
        let limits = candidate.registration.limits;
        match busy {
            Busy::Places => {
                self.may_be_freed = true;
                Verdict::NoPlace { limit: limits.concurrency.unwrap_or_default() }
            }
            Busy::Turn => {
                self.may_be_freed = true;
                Verdict::OthersFirst
            }
            Busy::Window { rule, retry_after } => {
                self.soonest = Some(self.soonest.map_or(retry_after, |known| known.min(retry_after)));
                let by_second = limits.requests_per_second.filter(|_| rule == 0);
                let (limit, seconds) = by_second.map_or((limits.requests_per_minute, 60), |limit| (Some(limit), 1));
                let retry_after_ms = u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX);
                Verdict::WindowFull { limit: limit.unwrap_or_default(), seconds, retry_after_ms }
            }
        }
    }

    fn sum_up(&self, cooled: Option<Duration>) -> NoKey {
        let busy = self.may_be_freed || self.soonest.is_some();
        let soonest = [self.soonest, cooled, self.may_be_freed.then_some(Duration::ZERO)].into_iter().flatten().min();
        match soonest {
            Some(retry_after) if busy => NoKey::Busy { retry_after },
            Some(retry_after) => NoKey::Unwell { retry_after },
            None => NoKey::None,
        }
    }
}
