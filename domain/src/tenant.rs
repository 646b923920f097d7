//! A tenant: its members and its API keys. Only hashes and prefixes of keys stand here, and never an e-mail address.

use chrono::{DateTime, Utc};
use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Serialize};

use crate::{
    Credits,
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

/// All that is known of an API key. The key itself is never kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// Its id.
    pub api_key_id: ApiKeyId,
    /// What its owner calls it.
    pub name: String,
    /// Its first characters, for recognition.
    pub prefix: String,
    /// The sha256 of the whole key, in hex.
    pub sha256: String,
    /// What it may do; empty means everything an API client may.
    pub scopes: Vec<String>,
    /// The models it may use; empty means all.
    pub models: Vec<String>,
    /// The most it may spend in all.
    pub budget: Option<Credits>,
    /// Requests a minute.
    pub requests_per_minute: Option<u32>,
    /// From when on it is refused.
    pub expires_at: Option<DateTime<Utc>>,
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
    /// Refuses an API key from now on.
    RevokeApiKey {
        /// Which.
        api_key_id: ApiKeyId,
    },
    /// Refuses every request of the tenant.
    SuspendTenant {
        /// Why.
        reason: String,
    },
    /// Takes requests again.
    ResumeTenant,
}

/// An event of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are documented on the commands")]
pub enum TenantEvent {
    TenantCreated { name: String },
    MemberAdded { user_id: UserId, role: Role },
    RoleChanged { user_id: UserId, role: Role },
    MemberRemoved { user_id: UserId },
    ApiKeyIssued(Box<ApiKey>),
    ApiKeyRevoked { api_key_id: ApiKeyId },
    TenantSuspended { reason: String },
    TenantResumed {},
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
        ApiKeyRevoked,
        TenantSuspended,
        TenantResumed,
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
            TenantEvent::ApiKeyIssued(key) => {
                self.keys.insert(key.api_key_id.clone(), *key);
            }
            TenantEvent::ApiKeyRevoked { api_key_id } => {
                self.keys.remove(&api_key_id);
                self.revoked.insert(api_key_id);
            }
            TenantEvent::TenantSuspended { reason } => self.suspended = Some(reason),
            TenantEvent::TenantResumed {} => self.suspended = None,
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
            None => Ok(vec![TenantEvent::ApiKeyIssued(key)]),
        }
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
            TenantCommand::RevokeApiKey { api_key_id } if self.revoked.contains(&api_key_id) => Ok(vec![]),
            TenantCommand::RevokeApiKey { api_key_id } if self.keys.contains_key(&api_key_id) => {
                Ok(vec![TenantEvent::ApiKeyRevoked { api_key_id }])
            }
            TenantCommand::RevokeApiKey { .. } => Err(TenantError::NoSuchKey),
            TenantCommand::SuspendTenant { reason } => {
                once(self.suspended.is_none(), TenantEvent::TenantSuspended { reason })
            }
            TenantCommand::ResumeTenant => once(self.suspended.is_some(), TenantEvent::TenantResumed {}),
        }
    }
}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;
    use uuid::Uuid;

    use super::*;

    fn person(number: u128) -> UserId {
        UserId::from_uuid(Uuid::from_u128(number))
    }

    fn key_id(number: u128) -> ApiKeyId {
        ApiKeyId::from_uuid(Uuid::from_u128(number))
    }

    fn key(number: u128) -> Box<ApiKey> {
        Box::new(ApiKey {
            api_key_id: key_id(number),
            name: "ci".into(),
            prefix: "zk_live_abcd".into(),
            sha256: "00".into(),
            scopes: vec![],
            models: vec![],
            budget: None,
            requests_per_minute: None,
            expires_at: None,
        })
    }

    fn created() -> TenantEvent {
        TenantEvent::TenantCreated { name: "Some Company".into() }
    }

    fn added(number: u128, role: Role) -> TenantEvent {
        TenantEvent::MemberAdded { user_id: person(number), role }
    }

    fn add(number: u128, role: Role) -> TenantCommand {
        TenantCommand::AddMember { user_id: person(number), role }
    }

    fn leads(given: &[TenantEvent], when: TenantCommand, then: &[TenantEvent]) {
        TestFramework::<Tenant>::with(()).given(given.to_vec()).when(when).then_expect_events(then.to_vec());
    }

    /// The command leads to this event, and sent again to none.
    fn once(given: &[TenantEvent], when: TenantCommand, then: &TenantEvent) {
        leads(given, when.clone(), std::slice::from_ref(then));
        leads(&[given, std::slice::from_ref(then)].concat(), when, &[]);
    }

    fn refused(given: &[TenantEvent], when: TenantCommand, then: TenantError) {
        TestFramework::<Tenant>::with(()).given(given.to_vec()).when(when).then_expect_error(then);
    }

    #[test]
    fn a_tenant_is_created_once_and_before_anything_else() {
        once(&[], TenantCommand::CreateTenant { name: "Some Company".into() }, &created());
        let commands = [
            add(1, Role::Owner),
            TenantCommand::ChangeRole { user_id: person(1), role: Role::Member },
            TenantCommand::RemoveMember { user_id: person(1) },
            TenantCommand::IssueApiKey(key(1)),
            TenantCommand::RevokeApiKey { api_key_id: key_id(1) },
            TenantCommand::SuspendTenant { reason: String::new() },
            TenantCommand::ResumeTenant,
        ];
        commands.into_iter().for_each(|command| refused(&[], command, TenantError::Absent));
    }

    #[test]
    fn members_come_change_and_go_once() {
        let given = [created(), added(1, Role::Owner)];
        once(&given, add(2, Role::Member), &added(2, Role::Member));
        let given = [created(), added(1, Role::Owner), added(2, Role::Member)];
        let promoted = TenantEvent::RoleChanged { user_id: person(2), role: Role::Owner };
        once(&given, TenantCommand::ChangeRole { user_id: person(2), role: Role::Owner }, &promoted);
        once(&given, add(2, Role::Owner), &promoted);
        let removed = TenantEvent::MemberRemoved { user_id: person(2) };
        once(&given, TenantCommand::RemoveMember { user_id: person(2) }, &removed);
        let stranger = TenantError::NotAMember { user_id: person(3) };
        refused(&given, TenantCommand::ChangeRole { user_id: person(3), role: Role::Owner }, stranger);
    }

    #[test]
    fn a_tenant_keeps_an_owner() {
        let given = [created(), added(1, Role::Owner), added(2, Role::Member)];
        refused(&given, TenantCommand::RemoveMember { user_id: person(1) }, TenantError::LastOwner);
        let demote = TenantCommand::ChangeRole { user_id: person(1), role: Role::Member };
        refused(&given, demote, TenantError::LastOwner);
        refused(&given, add(1, Role::Member), TenantError::LastOwner);
    }

    #[test]
    fn an_api_key_is_issued_once_and_its_id_stands_for_no_other() {
        once(&[created()], TenantCommand::IssueApiKey(key(1)), &TenantEvent::ApiKeyIssued(key(1)));
        let other = Box::new(ApiKey { sha256: "11".into(), ..*key(1) });
        let given = [created(), TenantEvent::ApiKeyIssued(key(1))];
        refused(&given, TenantCommand::IssueApiKey(other), TenantError::NoSuchKey);
    }

    #[test]
    fn a_revoked_api_key_stays_revoked_whatever_comes_late() {
        let given = [created(), TenantEvent::ApiKeyIssued(key(1))];
        let revoke = TenantCommand::RevokeApiKey { api_key_id: key_id(1) };
        let revoked = TenantEvent::ApiKeyRevoked { api_key_id: key_id(1) };
        once(&given, revoke.clone(), &revoked);
        let given = [created(), TenantEvent::ApiKeyIssued(key(1)), revoked];
        refused(&given, TenantCommand::IssueApiKey(key(1)), TenantError::NoSuchKey);
        refused(&[created()], revoke, TenantError::NoSuchKey);
    }

    #[test]
    fn live_api_keys_are_bounded() {
        let issued = (0..MAX_API_KEYS).map(|number| TenantEvent::ApiKeyIssued(key(number.try_into().expect("small"))));
        let given: Vec<_> = std::iter::once(created()).chain(issued).collect();
        refused(&given, TenantCommand::IssueApiKey(key(u128::MAX)), TenantError::TooManyKeys);
        leads(&given, TenantCommand::IssueApiKey(key(0)), &[]);
    }

    #[test]
    fn a_tenant_is_suspended_and_resumed_once() {
        let suspended = TenantEvent::TenantSuspended { reason: "unpaid".into() };
        once(&[created()], TenantCommand::SuspendTenant { reason: "unpaid".into() }, &suspended);
        once(&[created(), suspended], TenantCommand::ResumeTenant, &TenantEvent::TenantResumed {});
    }
}
