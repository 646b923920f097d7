//! A tenant: its members, its API keys and its limits. Only hashes and prefixes of keys stand here, and never an e-mail
//! address.

mod api_key;
mod limits;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Serialize};

pub use api_key::{ApiKey, ApiKeyChange};
pub use limits::TenantLimits;

use crate::{
    decide::{Decide, aggregate, domain_event},
    id::{ApiKeyId, UserId},
};

/// What a member may do in a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Uses the tenant's credits.
    Member,
    /// Also manages its members and keys.
    Owner,
}

/// A command to a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TenantCommand {
    /// Begins the tenant.
    CreateTenant {
        /// What its people call it.
        name: String,
    },
    /// Adds a person.
    AddMember {
        /// Who.
        user_id: UserId,
        /// As what.
        role: Role,
    },
    /// Changes what a member may do.
    ChangeRole {
        /// Whose.
        user_id: UserId,
        /// To what.
        role: Role,
    },
    /// Removes a person.
    RemoveMember {
        /// Who.
        user_id: UserId,
    },
    /// Issues an API key.
    IssueApiKey(Box<ApiKey>),
    /// Changes what an API key is called and may do, never the key itself.
    ChangeApiKey {
        /// Which.
        api_key_id: ApiKeyId,
        /// What changes.
        change: Box<ApiKeyChange>,
    },
    /// Refuses an API key from now on.
    RevokeApiKey {
        /// Which.
        api_key_id: ApiKeyId,
    },
    /// Sets all of its limits anew.
    ChangeLimits(TenantLimits),
    /// Refuses every request of the tenant.
    SuspendTenant {
        /// Why.
        reason: String,
    },
    /// Takes requests again.
    ResumeTenant,
    /// Notes that an admin begins to see the portal as the tenant does.
    BeginView {
        /// How long at most.
        until: DateTime<Utc>,
    },
    /// Notes that the admin who asks has stopped.
    EndView,
}

/// An event of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are documented on the commands")]
pub enum TenantEvent {
    TenantCreated {
        name: String,
    },
    MemberAdded {
        user_id: UserId,
        role: Role,
    },
    RoleChanged {
        user_id: UserId,
        role: Role,
    },
    MemberRemoved {
        user_id: UserId,
    },
    ApiKeyIssued(Box<ApiKey>),
    /// All that is known of the key from now on.
    ApiKeyChanged(Box<ApiKey>),
    ApiKeyRevoked {
        api_key_id: ApiKeyId,
    },
    LimitsChanged(TenantLimits),
    TenantSuspended {
        reason: String,
    },
    TenantResumed {},
    /// By whom stands in the metadata. Nothing of the tenant changes.
    ViewBegan {
        until: DateTime<Utc>,
    },
    ViewEnded {},
}

domain_event!(
    TenantEvent,
    "1",
    [
        TenantCreated,
        MemberAdded,
        RoleChanged,
        MemberRemoved,
        ApiKeyIssued,
        ApiKeyChanged,
        ApiKeyRevoked,
        LimitsChanged,
        TenantSuspended,
        TenantResumed,
        ViewBegan,
        ViewEnded,
    ]
);

/// Why a tenant refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TenantError {
    /// There is no such tenant.
    #[error("the tenant does not exist")]
    Absent,
    /// The person is no member.
    #[error("{user_id} is not a member")]
    NotAMember {
        /// Who.
        user_id: UserId,
    },
    /// A tenant keeps one owner at least.
    #[error("a tenant needs an owner")]
    LastOwner,
    /// There is no such key: it was never issued, was revoked, or its id stands for another.
    #[error("there is no such API key")]
    NoSuchKey,
    /// A budget that is no amount, or a limit that lets nothing through.
    #[error("{0}")]
    UnfitLimit(&'static str),
    /// Too many live keys.
    #[error("a tenant has at most {MAX_API_KEYS} API keys")]
    TooManyKeys,
}

/// The most live API keys of one tenant.
pub const MAX_API_KEYS: usize = 1_000;

/// The state of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    name: Option<String>,
    members: OrdMap<UserId, Role>,
    keys: OrdMap<ApiKeyId, ApiKey>,
    /// Kept so that a late duplicate of its issue does not bring a revoked key back.
    revoked: OrdSet<ApiKeyId>,
    suspended: Option<String>,
    limits: TenantLimits,
}

aggregate!(Tenant, "tenant", TenantCommand, TenantEvent, TenantError);

impl Tenant {
    /// Its name, if it exists.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// What this person may do in it.
    #[must_use]
    pub fn role(&self, user_id: &UserId) -> Option<Role> {
        self.members.get(user_id).copied()
    }

    /// Its live API keys, oldest first.
    pub fn api_keys(&self) -> impl Iterator<Item = &ApiKey> {
        self.keys.values()
    }

    /// How much it may do.
    #[must_use]
    pub const fn limits(&self) -> &TenantLimits {
        &self.limits
    }

    /// Why its requests are refused, if they are.
    #[must_use]
    pub fn suspended(&self) -> Option<&str> {
        self.suspended.as_deref()
    }

    fn evolve(&mut self, event: TenantEvent) {
        match event {
            TenantEvent::TenantCreated { name } => self.name = Some(name),
            TenantEvent::MemberAdded { user_id, role } | TenantEvent::RoleChanged { user_id, role } => {
                self.members.insert(user_id, role);
            }
            TenantEvent::MemberRemoved { user_id } => {
                self.members.remove(&user_id);
            }
            TenantEvent::ApiKeyIssued(key) | TenantEvent::ApiKeyChanged(key) => {
                self.keys.insert(key.api_key_id.clone(), *key);
            }
            TenantEvent::ApiKeyRevoked { api_key_id } => {
                self.keys.remove(&api_key_id);
                self.revoked.insert(api_key_id);
            }
            TenantEvent::LimitsChanged(limits) => self.limits = limits,
            TenantEvent::TenantSuspended { reason } => self.suspended = Some(reason),
            TenantEvent::TenantResumed {} => self.suspended = None,
            TenantEvent::ViewBegan { .. } | TenantEvent::ViewEnded {} => {}
        }
    }

    fn is_last_owner(&self, user_id: &UserId) -> bool {
        let others = self.members.iter().any(|(member, role)| member != user_id && *role == Role::Owner);
        self.role(user_id) == Some(Role::Owner) && !others
    }

    fn issue(&self, key: Box<ApiKey>) -> Result<Vec<TenantEvent>, TenantError> {
        match self.keys.get(&key.api_key_id) {
            Some(earlier) if *earlier == *key => Ok(vec![]),
            Some(_) => Err(TenantError::NoSuchKey),
            None if self.revoked.contains(&key.api_key_id) => Err(TenantError::NoSuchKey),
            None if self.keys.len() >= MAX_API_KEYS => Err(TenantError::TooManyKeys),
            None => key.check().map(|()| vec![TenantEvent::ApiKeyIssued(key)]),
        }
    }

    fn change_api_key(&self, api_key_id: &ApiKeyId, change: ApiKeyChange) -> Result<Vec<TenantEvent>, TenantError> {
        let known = self.keys.get(api_key_id).ok_or(TenantError::NoSuchKey)?;
        let changed = change.of(known.clone());
        changed.check()?;
        Ok(if changed == *known { vec![] } else { vec![TenantEvent::ApiKeyChanged(Box::new(changed))] })
    }

    fn change_role(&self, user_id: UserId, role: Role) -> Result<Vec<TenantEvent>, TenantError> {
        match self.role(&user_id) {
            None => Err(TenantError::NotAMember { user_id }),
            Some(earlier) if earlier == role => Ok(vec![]),
            Some(_) if self.is_last_owner(&user_id) => Err(TenantError::LastOwner),
            Some(_) => Ok(vec![TenantEvent::RoleChanged { user_id, role }]),
        }
    }
}

impl Decide for Tenant {
    fn decide(&self, command: &TenantCommand) -> Result<Vec<TenantEvent>, TenantError> {
        if let TenantCommand::CreateTenant { name } = command {
            let created = TenantEvent::TenantCreated { name: name.clone() };
            return Ok(if self.name.is_some() { vec![] } else { vec![created] });
        }
        if self.name.is_none() {
            return Err(TenantError::Absent);
        }
        let once = |needed: bool, event: TenantEvent| Ok(if needed { vec![event] } else { vec![] });
        match command.clone() {
            TenantCommand::CreateTenant { .. } => Ok(vec![]),
            TenantCommand::AddMember { user_id, role } => match self.role(&user_id) {
                None => Ok(vec![TenantEvent::MemberAdded { user_id, role }]),
                Some(_) => self.change_role(user_id, role),
            },
            TenantCommand::ChangeRole { user_id, role } => self.change_role(user_id, role),
            TenantCommand::RemoveMember { user_id } if self.is_last_owner(&user_id) => Err(TenantError::LastOwner),
            TenantCommand::RemoveMember { user_id } => {
                once(self.members.contains_key(&user_id), TenantEvent::MemberRemoved { user_id })
            }
            TenantCommand::IssueApiKey(key) => self.issue(key),
            TenantCommand::ChangeApiKey { api_key_id, change } => self.change_api_key(&api_key_id, *change),
            TenantCommand::ChangeLimits(limits) => {
                limits.check()?;
                once(limits != self.limits, TenantEvent::LimitsChanged(limits))
            }
            TenantCommand::RevokeApiKey { api_key_id } if self.revoked.contains(&api_key_id) => Ok(vec![]),
            TenantCommand::RevokeApiKey { api_key_id } if self.keys.contains_key(&api_key_id) => {
                Ok(vec![TenantEvent::ApiKeyRevoked { api_key_id }])
            }
            TenantCommand::RevokeApiKey { .. } => Err(TenantError::NoSuchKey),
            TenantCommand::SuspendTenant { reason } => {
                once(self.suspended.is_none(), TenantEvent::TenantSuspended { reason })
            }
            TenantCommand::ResumeTenant => once(self.suspended.is_some(), TenantEvent::TenantResumed {}),
            TenantCommand::BeginView { until } => Ok(vec![TenantEvent::ViewBegan { until }]),
            TenantCommand::EndView => Ok(vec![TenantEvent::ViewEnded {}]),
        }
    }
}
