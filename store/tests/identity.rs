//! People and their sessions against a real database: addresses, passwords, rotation, reuse, revocation.

mod support;

use chrono::{DateTime, TimeDelta, Utc};
use domain::id::{TenantId, UserId};
use secrecy::{ExposeSecret as _, SecretString};
use store::identity::{
    Identity, IdentityError, NewSession, NewUser, Opened, PlatformRole, REFRESH_GRACE, REFRESH_TOKEN_LIFETIME,
    SESSION_LIFETIME,
};
use support::{TestDatabase, database};
use uuid::Uuid;

const PASSWORD: &str = "correct horse";

struct House {
    identity: Identity,
    now: DateTime<Utc>,
    database: TestDatabase,
}

impl House {
    async fn new() -> Self {
        let database = database().await;
        let now = "2026-03-01T12:00:00Z".parse().expect("it is a time");
        Self { identity: Identity::new(database.pool.clone(), "server secret".into()), now, database }
    }

    async fn ada(&self) -> UserId {
        let new = new_user("ada@example.com");
        self.identity.create_user(new, self.now).await.expect("she is new").id
    }

    async fn log_in(&self, user: &UserId) -> Opened {
        let tenant_id = Some(TenantId::from_uuid(Uuid::now_v7()));
        let new = NewSession { user_id: user.clone(), tenant_id, user_agent: "a browser".into() };
        self.identity.open_session(new, self.now).await.expect("the user exists")
    }
}

fn new_user(email: &str) -> NewUser {
    NewUser {
        id: UserId::from_uuid(Uuid::now_v7()),
        email: email.into(),
        password: PASSWORD.into(),
        display_name: "Ada".into(),
        platform_role: None,
        locale: "en".into(),
    }
}

fn moments(count: i32) -> TimeDelta {
    TimeDelta::seconds(count.into())
}

#[tokio::test]
async fn an_address_belongs_to_one_person_however_it_is_written() {
    let house = House::new().await;
    let ada = house.ada().await;
    let again = house.identity.create_user(new_user(" ADA@Example.com "), house.now).await;
    assert!(matches!(again, Err(IdentityError::EmailTaken)), "{again:?}");
    let found = house.identity.user_by_email("Ada@EXAMPLE.com").await.expect("it answers").expect("she is found");
    assert_eq!((found.id, found.email.as_str()), (ada, "ada@example.com"));
}

#[tokio::test]
async fn refuses_bad_addresses_and_passwords_and_stores_nothing() {
    let house = House::new().await;
    let weak = NewUser { password: "short".into(), ..new_user("bob@example.com") };
    let (weak, id) = (house.identity.create_user(weak.clone(), house.now).await, weak.id);
    assert!(matches!(weak, Err(IdentityError::WeakPassword)));
    assert_eq!(house.identity.user_by_id(&id).await.expect("it answers"), None);
    let nowhere = house.identity.create_user(new_user("nowhere"), house.now).await;
    assert!(matches!(nowhere, Err(IdentityError::InvalidEmail)));
}

#[tokio::test]
async fn only_the_right_password_lets_in_and_no_answer_says_what_was_wrong() {
    let house = House::new().await;
    let ada = house.ada().await;
    let user = house.identity.verify_password("ADA@example.com", &PASSWORD.into()).await.expect("it is hers");
    assert_eq!(user.id, ada);
    for (email, password) in [("ada@example.com", "wrong horse"), ("bob@example.com", PASSWORD), ("nonsense", PASSWORD)]
    {
        let refused = house.identity.verify_password(email, &password.into()).await;
        assert!(matches!(refused, Err(IdentityError::WrongCredentials)), "{email}");
    }
    house.identity.set_password(&ada, &"battery staple".into()).await.expect("it is good");
    assert!(house.identity.verify_password("ada@example.com", &PASSWORD.into()).await.is_err());
    assert!(house.identity.verify_password("ada@example.com", &"battery staple".into()).await.is_ok());
}

#[tokio::test]
async fn a_disabled_user_is_out_at_once_and_can_come_back() {
    let house = House::new().await;
    let ada = house.ada().await;
    let opened = house.log_in(&ada).await;
    house.identity.disable_user(&ada, house.now).await.expect("she exists");
    let right = house.identity.verify_password("ada@example.com", &PASSWORD.into()).await;
    assert!(matches!(right, Err(IdentityError::Disabled)));
    let wrong = house.identity.verify_password("ada@example.com", &"wrong horse".into()).await;
    assert!(matches!(wrong, Err(IdentityError::WrongCredentials)));
    assert!(house.identity.rotate(&opened.refresh_token, house.now).await.is_err());
    house.identity.enable_user(&ada).await.expect("she exists");
    assert!(house.identity.verify_password("ada@example.com", &PASSWORD.into()).await.is_ok());
}

#[tokio::test]
async fn roles_and_profiles_change_and_unknown_users_are_named() {
    let house = House::new().await;
    let ada = house.ada().await;
    house.identity.set_role(&ada, Some(PlatformRole::Auditor)).await.expect("she exists");
    house.identity.set_profile(&ada, "Ada L.", "zh-CN").await.expect("she exists");
    let user = house.identity.user_by_id(&ada).await.expect("it answers").expect("she is found");
    assert_eq!((user.platform_role, user.display_name.as_str()), (Some(PlatformRole::Auditor), "Ada L."));
    house.identity.set_role(&ada, None).await.expect("she exists");
    let users = house.identity.users(None, 10).await.expect("it answers");
    assert_eq!(users.iter().map(|user| (&user.id, user.platform_role)).collect::<Vec<_>>(), [(&ada, None)]);
    assert!(house.identity.users(Some(&ada), 10).await.expect("it answers").is_empty());
    let nobody = UserId::from_uuid(Uuid::now_v7());
    assert!(matches!(house.identity.set_role(&nobody, None).await, Err(IdentityError::UnknownUser)));
    let new = NewSession { user_id: nobody, tenant_id: None, user_agent: String::new() };
    assert!(matches!(house.identity.open_session(new, house.now).await, Err(IdentityError::UnknownUser)));
}

#[tokio::test]
async fn a_refresh_token_gives_its_successor_and_that_one_the_next() {
    let house = House::new().await;
    let opened = house.log_in(&house.ada().await).await;
    let mut token = opened.refresh_token;
    for day in 1..=5 {
        let rotated = house.identity.rotate(&token, house.now + TimeDelta::days(day)).await.expect("it is fresh");
        assert_eq!(rotated.session, opened.session);
        assert_ne!(rotated.new_token.expose_secret(), token.expose_secret());
        token = rotated.new_token;
    }
}

#[tokio::test]
async fn two_tabs_get_the_same_successor_also_at_the_same_moment() {
    let house = House::new().await;
    let opened = house.log_in(&house.ada().await).await;
    let (one, two) = tokio::join!(
        house.identity.rotate(&opened.refresh_token, house.now),
        house.identity.rotate(&opened.refresh_token, house.now),
    );
    let later = house.identity.rotate(&opened.refresh_token, house.now + REFRESH_GRACE).await;
    let tokens = [one, two, later].map(|tab| tab.expect("within the grace").new_token);
    assert!(tokens.iter().all(|token| token.expose_secret() == tokens[0].expose_secret()));
    assert!(house.identity.rotate(&tokens[0], house.now + REFRESH_GRACE).await.is_ok());
}

#[tokio::test]
async fn a_token_seen_again_later_revokes_its_whole_family() {
    let house = House::new().await;
    let ada = house.ada().await;
    let (stolen, other) = (house.log_in(&ada).await, house.log_in(&ada).await);
    let rotated = house.identity.rotate(&stolen.refresh_token, house.now).await.expect("it is fresh");
    let late = house.now + REFRESH_GRACE + moments(1);
    let reused = house.identity.rotate(&stolen.refresh_token, late).await;
    assert!(matches!(reused, Err(IdentityError::Reused)), "{reused:?}");
    let successor = house.identity.rotate(&rotated.new_token, late).await;
    assert!(matches!(successor, Err(IdentityError::SessionEnded)), "{successor:?}");
    assert!(house.identity.rotate(&other.refresh_token, late).await.is_ok(), "another log-in goes on");
    let session = house.identity.session(&stolen.session.id).await.expect("it answers").expect("it is kept");
    assert_eq!(session.revoked_at, Some(late));
}

#[tokio::test]
async fn unknown_and_expired_tokens_are_refused() {
    let house = House::new().await;
    let opened = house.log_in(&house.ada().await).await;
    for token in ["", "nonsense"] {
        let refused = house.identity.rotate(&token.into(), house.now).await;
        assert!(matches!(refused, Err(IdentityError::SessionEnded)));
    }
    let refused = house.identity.rotate(&opened.refresh_token, house.now + REFRESH_TOKEN_LIFETIME).await;
    assert!(matches!(refused, Err(IdentityError::SessionEnded)));
}

#[tokio::test]
async fn renewal_never_outlives_the_session() {
    let house = House::new().await;
    let opened = house.log_in(&house.ada().await).await;
    let (mut token, mut at) = (opened.refresh_token, house.now);
    while at + TimeDelta::days(29) < opened.session.expires_at {
        at += TimeDelta::days(29);
        token = house.identity.rotate(&token, at).await.expect("it is renewed in time").new_token;
    }
    let refused = house.identity.rotate(&token, house.now + SESSION_LIFETIME).await;
    assert!(matches!(refused, Err(IdentityError::SessionEnded)));
}

#[tokio::test]
async fn sessions_are_listed_revoked_and_purged() {
    let house = House::new().await;
    let ada = house.ada().await;
    let (first, second, third) = (house.log_in(&ada).await, house.log_in(&ada).await, house.log_in(&ada).await);
    house.identity.revoke_session(&first.session.id, house.now).await.expect("it answers");
    house.identity.revoke_session(&first.session.id, house.now + moments(9)).await.expect("twice is once");
    let listed = house.identity.sessions_of(&ada, house.now).await.expect("it answers");
    assert_eq!(listed, [third.session.clone(), second.session.clone()]);
    let others = house.identity.revoke_sessions_of(&ada, Some(&third.session.id), house.now).await;
    assert_eq!(others.expect("it answers"), 1);
    assert!(matches!(house.identity.rotate(&second.refresh_token, house.now).await, Err(IdentityError::SessionEnded)));
    let end = house.now + SESSION_LIFETIME;
    assert_eq!(house.identity.purge_sessions(end).await.expect("it answers"), 3);
    assert_eq!(house.identity.purge_sessions(end).await.expect("it answers"), 0);
    assert_eq!(house.identity.session(&third.session.id).await.expect("it answers"), None);
}

#[tokio::test]
async fn neither_passwords_nor_tokens_are_stored_or_shown() {
    let house = House::new().await;
    let opened = house.log_in(&house.ada().await).await;
    let rotated = house.identity.rotate(&opened.refresh_token, house.now).await.expect("it is fresh");
    let stored: String = sqlx::query_scalar(
        "select concat((select json_agg(u) from users u), (select json_agg(s) from sessions s),
                       (select json_agg(t) from refresh_tokens t))",
    )
    .fetch_one(&house.database.pool)
    .await
    .expect("it answers");
    let shown = format!("{opened:?} {rotated:?} {:?}", new_user("ada@example.com"));
    for secret in [&opened.refresh_token, &rotated.new_token, &SecretString::from(PASSWORD)] {
        assert!(!stored.contains(secret.expose_secret()));
        assert!(!shown.contains(secret.expose_secret()));
    }
}
