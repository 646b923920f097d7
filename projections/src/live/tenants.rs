//! The tenants in memory: who may do what where, and whose an API key is. Never a key itself, only its hash.

use std::sync::Arc;

use domain::{
    id::{ApiKeyId, TenantId, UserId},
    stream::Event,
    tenant::{ApiKey, Role, TenantEvent, TenantLimits},
};
use imbl::{HashMap, OrdMap, OrdSet};

/// An API key and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHolder {
    /// The tenant.
    pub tenant_id: TenantId,
    /// All that is known of the key.
    pub api_key: ApiKey,
}

/// A tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantEntry {
    /// What its people call it.
    pub name: String,
    /// Its people and what each may do.
    pub members: OrdMap<UserId, Role>,
    /// Its live API keys.
    pub api_keys: OrdMap<ApiKeyId, Arc<KeyHolder>>,
    /// Why its requests are refused, if they are.
    pub suspended: Option<String>,
    /// How much it may do.
    pub limits: TenantLimits,
}

/// All tenants, their keys by hash, and the tenants of each person. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct Tenants {
    tenants: OrdMap<TenantId, Arc<TenantEntry>>,
    keys: HashMap<[u8; 32], Arc<KeyHolder>>,
    users: OrdMap<UserId, OrdSet<TenantId>>,
}

impl Tenants {
    /// Whose key has this sha256. Expiry and suspension are for the caller to look at.
    #[must_use]
    pub fn key(&self, sha256: &[u8; 32]) -> Option<&Arc<KeyHolder>> {
        self.keys.get(sha256)
    }

    /// A tenant.
    #[must_use]
    pub fn tenant(&self, tenant_id: &TenantId) -> Option<&Arc<TenantEntry>> {
        self.tenants.get(tenant_id)
    }

    /// All tenants, the oldest first.
    pub fn all(&self) -> impl Iterator<Item = (&TenantId, &Arc<TenantEntry>)> {
        self.tenants.iter()
    }

    /// What a person may do in a tenant.
    #[must_use]
    pub fn role(&self, tenant_id: &TenantId, user_id: &UserId) -> Option<Role> {
        self.tenants.get(tenant_id)?.members.get(user_id).copied()
    }

    /// Why a tenant's requests are refused, if they are.
    #[must_use]
    pub fn suspended(&self, tenant_id: &TenantId) -> Option<&str> {
        self.tenants.get(tenant_id)?.suspended.as_deref()
    }

    /// The tenants of a person, the oldest first.
    pub fn of_user(&self, user_id: &UserId) -> impl Iterator<Item = &TenantId> {
        self.users.get(user_id).into_iter().flatten()
    }

    /// Folds one event; those of other aggregates change nothing.
    pub(super) fn apply(&mut self, aggregate_id: &str, event: &Event) {
        let Event::Tenant(event) = event else { return };
        let Ok(tenant_id) = aggregate_id.parse::<TenantId>() else {
            tracing::warn!(aggregate_id, "a tenant with a malformed id is left out");
            return;
        };
        let mut entry = self.tenants.get(&tenant_id).map(|entry| (**entry).clone()).unwrap_or_default();
        match event {
            TenantEvent::TenantCreated { name } => entry.name.clone_from(name),
            TenantEvent::MemberAdded { user_id, role } | TenantEvent::RoleChanged { user_id, role } => {
                entry.members.insert(user_id.clone(), *role);
                self.users.entry(user_id.clone()).or_default().insert(tenant_id.clone());
            }
            TenantEvent::MemberRemoved { user_id } => {
                entry.members.remove(user_id);
                self.users.entry(user_id.clone()).or_default().remove(&tenant_id);
            }
            TenantEvent::ApiKeyIssued(api_key) | TenantEvent::ApiKeyChanged(api_key) => {
                self.issue(&mut entry, &tenant_id, api_key);
            }
            TenantEvent::ApiKeyRevoked { api_key_id } => self.revoke(&mut entry, api_key_id),
            TenantEvent::LimitsChanged(limits) => entry.limits.clone_from(limits),
            TenantEvent::TenantSuspended { reason } => entry.suspended = Some(reason.clone()),
            TenantEvent::TenantResumed {} => entry.suspended = None,
            TenantEvent::ViewBegan { .. } | TenantEvent::ViewEnded {} => {}
        }
        self.tenants.insert(tenant_id, Arc::new(entry));
    }

    fn issue(&mut self, entry: &mut TenantEntry, tenant_id: &TenantId, api_key: &ApiKey) {
        let holder = Arc::new(KeyHolder { tenant_id: tenant_id.clone(), api_key: api_key.clone() });
        // An id that is issued again replaces the key: its earlier hash must not open the door any more.
        self.revoke(entry, &api_key.api_key_id);
        entry.api_keys.insert(api_key.api_key_id.clone(), holder.clone());
        if let Some(sha256) = hash_of(api_key) {
            self.keys.insert(sha256, holder);
        }
    }

    fn revoke(&mut self, entry: &mut TenantEntry, api_key_id: &ApiKeyId) {
        let revoked = entry.api_keys.remove(api_key_id);
        if let Some(sha256) = revoked.and_then(|holder| hash_of(&holder.api_key)) {
            self.keys.remove(&sha256);
        }
    }
}

/// A key whose hash is malformed opens nothing.
fn hash_of(api_key: &ApiKey) -> Option<[u8; 32]> {
    hex::decode(&api_key.sha256).ok()?.try_into().ok()
}
