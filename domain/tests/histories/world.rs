//! An executor in memory that decides units the way the store does: all or nothing, done already when the key step is.
//!
//! It keeps no cache and forgets nothing, so that what it holds can be compared with its log.

use std::collections::BTreeMap;

use domain::{
    Credits,
    account::{Account, AccountEvent},
    id::{JobId, TenantId},
    job::{Job, JobEvent},
    postings::{Posting, postings},
    stream::{Event, Refusal, State},
    unit::Unit,
};

type Key = (&'static str, String);

#[derive(Default)]
pub struct World {
    states: BTreeMap<Key, State>,
    log: Vec<(String, Event)>,
    /// What stands on each account of the chart: the fold of the postings, and of nothing else.
    books: BTreeMap<String, Credits>,
}

impl World {
    /// How many events the unit led to; none when it had been done already.
    pub fn execute(&mut self, unit: &Unit) -> Result<usize, Refusal> {
        let mut changed: BTreeMap<Key, State> = BTreeMap::new();
        let mut events = Vec::new();
        for (number, step) in unit.steps.iter().enumerate() {
            let key = (step.command.aggregate_type(), step.aggregate_id.clone());
            let state = changed.entry(key.clone()).or_insert_with(|| self.state(&key));
            let decided = state.decide(&step.command)?;
            if number == unit.key && decided.is_empty() {
                return Ok(0);
            }
            for event in decided {
                state.apply(event.clone());
                events.push((step.aggregate_id.clone(), event));
            }
        }
        let count = events.len();
        self.states.extend(changed);
        for (id, event) in events {
            if let Event::Account(event) = &event {
                self.book(&id.parse().expect("a tenant's id"), event);
            }
            self.log.push((id, event));
        }
        Ok(count)
    }

    fn state(&self, key: &Key) -> State {
        let initial = || State::initial(key.0).expect("a type of ours");
        self.states.get(key).cloned().unwrap_or_else(initial)
    }

    pub fn states(&self) -> impl Iterator<Item = &State> {
        self.states.values()
    }

    pub fn account(&self, tenant_id: &TenantId) -> Account {
        let state = self.state(&("account", tenant_id.to_string()));
        Account::try_from(state).expect("an account")
    }

    pub fn job(&self, job_id: &JobId) -> Job {
        Job::try_from(self.state(&("job", job_id.to_string()))).expect("a job")
    }

    /// The last events of the log.
    pub fn last(&self, count: usize) -> &[(String, Event)] {
        &self.log[self.log.len() - count..]
    }

    pub fn account_events(&self) -> impl Iterator<Item = (TenantId, &AccountEvent)> {
        self.log.iter().filter_map(|(id, event)| match event {
            Event::Account(event) => Some((id.parse().expect("a tenant's id"), event)),
            _ => None,
        })
    }

    pub fn job_events(&self, job_id: &JobId) -> Vec<JobEvent> {
        let of_job = |(id, event): &'_ (String, Event)| match event {
            Event::Job(event) if id == job_id.as_str() => Some(event.clone()),
            _ => None,
        };
        self.log.iter().filter_map(of_job).collect()
    }

    pub fn event_types(&self) -> impl Iterator<Item = String> {
        self.log.iter().map(|(_, event)| event.encode().event_type)
    }

    /// What stands on an account of the chart.
    pub fn on(&self, account: &str) -> Credits {
        self.books.get(account).copied().unwrap_or_default()
    }

    fn book(&mut self, tenant_id: &TenantId, event: &AccountEvent) {
        for Posting { account, amount } in postings(tenant_id, event) {
            *self.books.entry(account).or_default() += amount;
        }
    }
}
