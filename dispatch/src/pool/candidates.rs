//! The survey before a choice: every route and key that could serve, and why some can't now. It reads memory only.

use chrono::{DateTime, Utc};
use domain::{
    capability::{CapabilityKind, Route},
    id::{ProviderKeyId, TenantId},
    provider::ProviderSettings,
    provider_key::{KeyRegistration, Standing},
};
use projections::live::{Catalog, ProviderKeyEntry};

use super::considered::{CONSIDERED_AT_MOST, Considered, Verdict};

/// What somebody wants a key for.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The public name of the model.
    pub(crate) model: String,
    /// What it is asked to do.
    pub(crate) kind: CapabilityKind,
    /// Who asks: tenants take turns.
    pub(crate) tenant_id: TenantId,
    /// Who will hold the key: the attempt's id.
    pub(crate) holder: String,
    /// The keys that this job has tried.
    pub(crate) tried: Vec<ProviderKeyId>,
    /// Whether a tried key will do when there is no other.
    pub(crate) tried_will_do: bool,
}

/// A key that may be reserved.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) key_id: ProviderKeyId,
    pub(super) registration: KeyRegistration,
    /// Whether a rule disabled it and a probe is due.
    pub(super) probe: bool,
    /// Where it stands in the survey's list.
    pub(super) place: usize,
}

/// A route with the keys that may be reserved for it.
#[derive(Clone, Debug)]
pub(super) struct Leg {
    pub(super) route: Route,
    pub(super) settings: ProviderSettings,
    pub(super) candidates: Vec<Candidate>,
}

/// All that could serve a request.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// The routes, by priority.
    pub(super) legs: Vec<Leg>,
    /// Every key and route, with why it can't now. What can is `NotNeeded` until it is chosen.
    pub(super) considered: Vec<Considered>,
    /// When the first key that is passed over for a while is looked at again.
    pub(super) earliest: Option<DateTime<Utc>>,
}

impl Survey {
    /// Looks at all routes of a capability.
    pub(super) fn of(catalog: &Catalog, request: &Request, now: DateTime<Utc>) -> Self {
        let survey = Self::without_tried(catalog, request, now);
        if survey.legs.iter().any(|leg| !leg.candidates.is_empty()) || !request.tried_will_do {
            return survey;
        }
        let again = Request { tried: vec![], ..request.clone() };
        Self::without_tried(catalog, &again, now)
    }

    fn without_tried(catalog: &Catalog, request: &Request, now: DateTime<Utc>) -> Self {
        let mut survey = Self::default();
        let mut routes: Vec<&Route> = catalog.routes(&request.model, request.kind).iter().collect();
        routes.sort_by(|a, b| a.priority.cmp(&b.priority).then(b.weight.cmp(&a.weight)));
        for route in routes {
            survey.look_at(catalog, route, &request.tried, now);
        }
        survey
    }

    fn look_at(&mut self, catalog: &Catalog, route: &Route, tried: &[ProviderKeyId], now: DateTime<Utc>) {
        let provider = catalog.provider(&route.provider);
        let settings = provider.and_then(|provider| provider.settings());
        let (Some(provider), Some(settings)) = (provider, settings) else {
            return self.tell(Considered::route(route, Verdict::NoProvider));
        };
        if let Some(why) = provider.provider.paused() {
            return self.tell(Considered::route(route, Verdict::ProviderPaused { why: why.to_owned() }));
        }
        if route.weight == 0 {
            return self.tell(Considered::route(route, Verdict::RouteWeightZero));
        }
        let mut candidates = Vec::new();
        let before = self.considered.len();
        for entry in catalog.provider_keys(&provider.provider_id) {
            let Some(registration) = entry.registration() else { continue };
            let judged = judge(entry, registration, route, (tried, now));
            if let Err(verdict) = &judged {
                self.note_when(verdict, now);
            }
            if let Ok(probe) = judged {
                let place = self.considered.len();
                let (key_id, registration) = (entry.provider_key_id.clone(), registration.clone());
                candidates.push(Candidate { key_id, registration, probe, place });
            }
            let verdict = judged.err().unwrap_or(Verdict::NotNeeded);
            let (key_id, label) = (entry.provider_key_id.clone(), registration.label.clone());
            let mut considered = Considered::route(route, verdict);
            (considered.provider_key_id, considered.label) = (Some(key_id), Some(label));
            self.considered.push(considered);
        }
        if self.considered.len() == before {
            self.tell(Considered::route(route, Verdict::NoKeys));
        }
        self.legs.push(Leg { route: route.clone(), settings: settings.clone(), candidates });
    }

    fn note_when(&mut self, verdict: &Verdict, now: DateTime<Utc>) {
        let when = match verdict {
            Verdict::CoolingDown { until, .. } => Some(*until),
            Verdict::Disabled { probe_at, .. } => *probe_at,
            _ => None,
        };
        if let Some(when) = when.filter(|when| *when > now) {
            self.earliest = Some(self.earliest.map_or(when, |earlier| earlier.min(when)));
        }
    }

    fn tell(&mut self, considered: Considered) {
        self.considered.push(considered);
    }

    /// What is told of the choice: bounded, the chosen one never left out.
    pub(super) fn told(mut self) -> Vec<Considered> {
        if self.considered.len() > CONSIDERED_AT_MOST {
            let chosen = self.considered.iter().position(|one| matches!(one.verdict, Verdict::Chosen { .. }));
            if let Some(place) = chosen.filter(|place| *place >= CONSIDERED_AT_MOST) {
                self.considered.swap(CONSIDERED_AT_MOST - 1, place);
            }
            self.considered.truncate(CONSIDERED_AT_MOST);
        }
        self.considered
    }
}

/// Whether a key may be reserved, and whether as a probe; else why not.
fn judge(
    entry: &ProviderKeyEntry,
    registration: &KeyRegistration,
    route: &Route,
    (tried, now): (&[ProviderKeyId], DateTime<Utc>),
) -> Result<bool, Verdict> {
    let standing = entry.key.standing(&route.upstream_model, now);
    if standing == Standing::Revoked {
        return Err(Verdict::Revoked);
    }
    if registration.weight == 0 {
        return Err(Verdict::WeightZero);
    }
    if tried.contains(&entry.provider_key_id) {
        return Err(Verdict::Tried);
    }
    match standing {
        Standing::Ready => Ok(false),
        Standing::CoolingDown(cooling) => {
            Err(Verdict::CoolingDown { until: cooling.until, why: cooling.reason.clone() })
        }
        Standing::Disabled { disabled, .. } if disabled.probe_due().is_some_and(|due| due <= now) => Ok(true),
        Standing::Disabled { disabled, only_this_model } => Err(Verdict::Disabled {
            why: disabled.reason.clone(),
            automatic: disabled.automatic,
            only_this_model,
            probe_at: disabled.probe_due(),
        }),
        Standing::Revoked => Err(Verdict::Revoked),
    }
}
