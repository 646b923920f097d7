//! Queued jobs that found no key come back one after another, not all at once: each tenant's are spread over time, in the
//! order in which they were put off.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use domain::id::TenantId;

/// How far apart two jobs of one tenant come back to one worker.
const APART: Duration = Duration::from_millis(20);
/// The longest that a job is put off for the sake of others.
pub const PUT_OFF_AT_MOST: Duration = Duration::from_secs(60);
/// How many tenants are remembered.
const TENANTS_AT_MOST: usize = 10_000;

/// When the last job of each tenant comes back.
#[derive(Default)]
pub(crate) struct PutOffs(Mutex<HashMap<TenantId, Instant>>);

impl PutOffs {
    /// How long a job is put off that wants to come back after `pause`, now.
    pub(crate) fn after(&self, tenant_id: &TenantId, pause: Duration, now: Instant) -> Duration {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() >= TENANTS_AT_MOST {
            last.retain(|_, at| *at > now);
        }
        let wanted = now + pause;
        let behind = last.get(tenant_id).map_or(wanted, |last| wanted.max(*last + APART));
        let at = behind.min(wanted.max(now + PUT_OFF_AT_MOST));
        last.insert(tenant_id.clone(), at);
        at - now
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn jobs_of_a_tenant_come_back_apart_and_bounded() {
        let (put_offs, now) = (PutOffs::default(), Instant::now());
        let (busy, quiet) = (TenantId::from_uuid(Uuid::from_u128(1)), TenantId::from_uuid(Uuid::from_u128(2)));
        let pause = Duration::from_secs(1);
        assert_eq!(put_offs.after(&busy, pause, now), pause);
        assert_eq!(put_offs.after(&busy, pause, now), pause + APART);
        assert_eq!(put_offs.after(&quiet, pause, now), pause);
        for _ in 0..10_000 {
            put_offs.after(&busy, pause, now);
        }
        assert_eq!(put_offs.after(&busy, pause, now), PUT_OFF_AT_MOST);
        assert_eq!(put_offs.after(&quiet, pause, now + PUT_OFF_AT_MOST), pause);
        let long = PUT_OFF_AT_MOST * 2;
        assert_eq!(put_offs.after(&busy, long, now), long);
    }
}
