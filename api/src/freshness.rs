//! Reading one's own writes: lists wait a moment for the projection of what this tenant wrote through this process.
//!
//! It never makes a reader wait for others' writes, and never longer than [`PATIENCE`].

use std::{collections::HashMap, sync::Mutex, time::Duration};

use domain::id::TenantId;

/// How long a list waits for the projection.
pub const PATIENCE: Duration = Duration::from_millis(500);
/// How many tenants are remembered; then those long since projected are forgotten.
const REMEMBERED: usize = 10_000;

/// Up to where each tenant wrote through this process.
#[derive(Debug, Default)]
pub struct Written(Mutex<HashMap<TenantId, i64>>);

impl Written {
    /// Remembers a position that a tenant's unit of work reached.
    ///
    /// # Panics
    /// Never: nothing panics while the map is locked.
    pub fn note(&self, tenant_id: &TenantId, position: i64) {
        let mut written = self.0.lock().expect("nothing panics while it is locked");
        if written.len() >= REMEMBERED && !written.contains_key(tenant_id) {
            let newest = written.values().copied().max().unwrap_or(0);
            written.retain(|_, at| *at + i64::try_from(REMEMBERED).unwrap_or(i64::MAX) > newest);
            if written.len() >= REMEMBERED {
                written.clear();
            }
        }
        let last = written.entry(tenant_id.clone()).or_insert(position);
        *last = position.max(*last);
    }

    /// The last position that a tenant wrote through this process; zero when it wrote nothing.
    ///
    /// # Panics
    /// Never: nothing panics while the map is locked.
    #[must_use]
    pub fn of(&self, tenant_id: &TenantId) -> i64 {
        self.0.lock().expect("nothing panics while it is locked").get(tenant_id).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_furthest_position_counts() {
        let (written, tenant) = (Written::default(), TenantId::from_uuid(Uuid::from_u128(1)));
        assert_eq!(written.of(&tenant), 0);
        for position in [5, 9, 7] {
            written.note(&tenant, position);
        }
        assert_eq!(written.of(&tenant), 9);
    }

    #[test]
    fn memory_is_bounded() {
        let written = Written::default();
        for place in 0..=REMEMBERED {
            written.note(&TenantId::from_uuid(Uuid::from_u128(place as u128)), 3);
        }
        assert!(written.0.lock().expect("not poisoned").len() <= REMEMBERED);
    }
}
