//! Customers in the console: a recharge that is sent twice is one, people are changed by other people, and an admin who sees
//! the portal as a tenant does can change nothing.

use store::identity::PlatformRole;

use crate::support::{Api, start};

/// The token of the form of a recharge.
fn once_of(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"once\" value=\"").expect("the form has its token");
    rest.split('"').next().unwrap_or_default().to_owned()
}

async fn available(api: &Api, tenant: &str) -> String {
    let account: domain::account::Account = api.state.store.read(tenant).await.expect("an account");
    account.available().to_string()
}

#[tokio::test]
async fn a_recharge_that_is_sent_twice_adds_its_credits_once() {
    let api = start().await;
    let (_, tenant) = api.browser("ada@example.com").await;
    let admin = api.console("console@example.com", PlatformRole::Admin).await;
    let path = format!("/admin/tenants/{tenant}");
    let once = once_of(&admin.get(&path).await.text());
    let form = [
        ("once", once.as_str()),
        ("amount", "12.5"),
        ("source", "goodwill"),
        ("reference", "the outage"),
        ("keyed_by", "form"),
    ];
    let first = admin.submit(&format!("{path}/recharge"), &form).await;
    assert_eq!(
        (first.status, first.header("location")),
        (303, Some(&*format!("{path}?recharged=now"))),
        "{}",
        first.text()
    );
    let again = admin.submit(&format!("{path}/recharge"), &form).await;
    assert_eq!(again.header("location"), Some(&*format!("{path}?recharged=before")));
    assert_eq!(available(&api, &tenant).await, "12.5");

    let other = once_of(&admin.get(&path).await.text());
    assert_ne!(other, once, "another form is another recharge");
    let form = [("once", other.as_str()), ("amount", "1"), ("source", "goodwill"), ("reference", "the outage")];
    assert_eq!(admin.submit(&format!("{path}/recharge"), &form).await.status, 303);
    assert_eq!(available(&api, &tenant).await, "13.5");

    for token in ["a", "b"] {
        let form =
            [("once", token), ("amount", "2"), ("source", "card"), ("reference", "pay_1"), ("keyed_by", "payment")];
        assert_eq!(admin.submit(&format!("{path}/recharge"), &form).await.status, 303);
    }
    assert_eq!(available(&api, &tenant).await, "15.5", "a payment is credited once, whoever sends it");

    let wrong = [("once", "c"), ("amount", "-3"), ("source", "card"), ("reference", "kept & shown")];
    let refused = admin.submit(&format!("{path}/recharge"), &wrong).await;
    assert!(refused.status == 422 && refused.text().contains("kept &amp; shown"), "{}", refused.text());
    assert_eq!(available(&api, &tenant).await, "15.5");

    let list = admin.get("/admin/recharges").await.text();
    assert!(list.contains("+12.500000") && list.contains("pay_1") && list.contains(&tenant), "{list}");
    let csv = admin.get(&format!("/admin/ledger/export?type=recharge&tenant={tenant}")).await.text();
    assert_eq!(csv.lines().count(), 4, "a head and three recharges: {csv}");
}

#[tokio::test]
async fn tenants_are_found_made_suspended_and_resumed() {
    let api = start().await;
    let (ada, tenant) = api.browser("ada@example.com").await;
    let admin = api.console("console@example.com", PlatformRole::Admin).await;
    let list = admin.get("/admin/tenants?q=ada").await.text();
    assert!(list.contains(&tenant) && list.contains("Ada"), "{list}");
    assert!(!admin.get("/admin/tenants?q=nobody").await.text().contains(&tenant));
    let path = format!("/admin/tenants/{tenant}/state");
    let silent = admin.submit(&path, &[("state", "suspended"), ("reason", " ")]).await;
    assert_eq!(silent.status, 422, "a reason is needed");
    for _ in 0..2 {
        assert_eq!(admin.submit(&path, &[("state", "suspended"), ("reason", "unpaid")]).await.status, 303);
    }
    assert_eq!(ada.get("/jobs").await.status, 403);
    assert!(admin.get("/admin/tenants?state=suspended").await.text().contains(&tenant));
    assert_eq!(admin.submit(&path, &[("state", "working")]).await.status, 303);
    assert_eq!(ada.get("/jobs").await.status, 200);

    let refused = admin.submit("/admin/tenants", &[("name", "New & kept"), ("owner", "nobody")]).await;
    assert!(refused.status == 404 && refused.text().contains("New &amp; kept"), "{}", refused.text());
    let owner = api.user("grace@example.com").await;
    let made = admin.submit("/admin/tenants", &[("name", "Second"), ("owner", owner.as_str())]).await;
    assert_eq!(made.status, 303, "{}", made.text());
    let page = admin.get(made.header("location").expect("a page")).await;
    assert!(page.status == 200 && page.text().contains("Second"), "{}", page.text());
    assert_eq!(admin.get("/admin/tenants/ten_nothing").await.status, 404);
}

#[tokio::test]
async fn people_are_made_and_changed_by_other_admins() {
    let api = start().await;
    let admin = api.console("console@example.com", PlatformRole::Admin).await;
    let new =
        [("email", "grace@example.com"), ("display_name", "Grace"), ("password", "correct horse"), ("role", "auditor")];
    let made = admin.submit("/admin/users", &new).await;
    let path = made.header("location").expect("a page").to_owned();
    assert_eq!(made.status, 303);
    let taken = admin.submit("/admin/users", &new).await;
    assert_eq!(taken.status, 409);
    assert!(
        taken.text().contains("grace@example.com") && !taken.text().contains("correct horse"),
        "never the password"
    );
    let id = path.rsplit('/').next().expect("an id").parse().expect("an id");
    let person = async || api.state.identity.user_by_id(&id).await.expect("it answers").expect("a person");
    for act in [[("act", "role"), ("role", "")], [("act", "disable"), ("role", "")]] {
        assert_eq!(admin.submit(&path, &act).await.status, 303);
    }
    assert!(person().await.platform_role.is_none() && person().await.disabled_at.is_some());
    assert_eq!(admin.submit(&path, &[("act", "enable")]).await.status, 303);
    assert_eq!(admin.submit(&path, &[("act", "password"), ("password", "short")]).await.status, 422);
    assert_eq!(admin.submit(&path, &[("act", "password"), ("password", "battery staple")]).await.status, 303);
    let secret = "battery staple".into();
    assert!(api.state.identity.verify_password("grace@example.com", &secret).await.is_ok());
    assert_eq!(admin.submit(&path, &[("act", "sessions")]).await.status, 303);

    let list = admin.get("/admin/users").await.text();
    assert!(list.contains("grace@example.com") && list.contains("console@example.com"));
    let own = list.split("console@example.com").next().and_then(|before| before.rsplit("/admin/users/").next());
    let own = own.and_then(|rest| rest.split('"').next()).expect("the id of the admin");
    let shut_out = admin.submit(&format!("/admin/users/{own}"), &[("act", "disable")]).await;
    assert_eq!(shut_out.status, 409, "nobody shuts themselves out");
}

#[tokio::test]
async fn an_auditor_sees_customers_without_addresses_and_changes_nothing() {
    let api = start().await;
    let (_, tenant) = api.browser("ada@example.com").await;
    let auditor = api.console("auditor@example.com", PlatformRole::Auditor).await;
    let path = format!("/admin/tenants/{tenant}");
    for page in ["/admin/tenants", &path, "/admin/recharges", "/admin/ledger", "/admin/audit"] {
        let page = auditor.get(page).await;
        assert_eq!(page.status, 200);
        let forms = page.text().matches("method=\"post\"").count();
        let frame =
            page.text().matches("action=\"/logout\"").count() + page.text().matches("action=\"/preferences\"").count();
        assert_eq!(forms, frame, "no form but those of the frame: {}", page.text());
        assert!(!page.text().contains("ada@example.com"));
    }
    for page in ["/admin/users", "/admin/users/usr_x"] {
        assert_eq!(auditor.get(page).await.status, 403);
        assert_eq!(
            auditor.submit(page, &[("act", "enable"), ("email", "a@b.c"), ("password", "correct horse")]).await.status,
            403
        );
    }
    for act in ["recharge", "state", "view"] {
        let form = [("once", "x"), ("amount", "1"), ("source", "a"), ("reference", "b"), ("state", "working")];
        assert_eq!(auditor.submit(&format!("{path}/{act}"), &form).await.status, 403, "{act}");
    }
    assert_eq!(auditor.submit("/admin/tenants", &[("name", "x"), ("owner", "y")]).await.status, 403);
    assert_eq!(available(&api, &tenant).await, "0");
}

#[tokio::test]
async fn an_admin_sees_the_portal_as_a_tenant_does_and_can_change_nothing() {
    let api = start().await;
    let (ada, tenant) = api.browser("ada@example.com").await;
    assert_eq!(ada.submit("/keys", &[("name", "Adas key")]).await.status, 200);
    let mut admin = api.console("console@example.com", PlatformRole::Admin).await;
    let console_token = admin.token.clone();
    let entered = admin.submit(&format!("/admin/tenants/{tenant}/view"), &[]).await;
    assert_eq!((entered.status, entered.header("location")), (303, Some("/")), "{}", entered.text());
    let (own, view) = (admin.cookies.clone(), entered.cookies());
    assert!(view.starts_with("zephyr_view=ten_"), "{view}");
    admin.cookies = format!("{own}; {view}");
    for page in ["/", "/jobs", "/keys", "/billing", "/market", "/jobs/job_x", "/admin"] {
        let shown = admin.get(page).await.text();
        assert!(shown.contains("class=\"viewing\"") && shown.contains("/admin/view/leave"), "{page}: {shown}");
    }
    assert!(admin.get("/keys").await.text().contains("Adas key"));
    assert_eq!(admin.get("/v1/keys").await.json()["data"][0]["name"], "Adas key");

    let page = admin.get("/keys").await.text();
    for token in [console_token.as_str(), &page] {
        let token =
            token.split("name=\"csrf_token\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or(token);
        for path in
            ["/keys", "/m/a-model/chat/run", "/assets/ast_x/delete", "/preferences", "/admin/new-model", "/login"]
        {
            let refused = admin.send(path, &[("csrf_token", token), ("name", "mine")]).await;
            assert_eq!(refused.status, 403, "{path}");
        }
        for (method, path) in [
            ("POST", "/v1/jobs"),
            ("POST", "/v1/keys"),
            ("DELETE", "/v1/keys/key_x"),
            ("PATCH", "/v1/keys/key_x"),
            ("POST", "/admin/api/recharges"),
        ] {
            let headers = [
                ("cookie", admin.cookies.clone()),
                ("x-csrf-token", token.to_owned()),
                ("content-type", "application/json".to_owned()),
            ];
            let refused = api.client.send(method, path, &headers, b"{}").await;
            assert_eq!((refused.status, refused.error()), (403, "view_only".to_owned()), "{method} {path}");
        }
    }

    let foreign = format!("{}; {view}", ada.cookies);
    let shown = api.client.browse("GET", "/keys", &foreign, None).await.text();
    assert!(!shown.contains("class=\"viewing\""), "the cookie is of another session");
    let forged = format!("{own}; {}", view.replace("ten_", "ten_0"));
    assert!(!api.client.browse("GET", "/market", &forged, None).await.text().contains("class=\"viewing\""));

    let left = admin.send("/admin/view/leave", &[("csrf_token", &console_token)]).await;
    assert_eq!(
        (left.status, left.header("location")),
        (303, Some(&*format!("/admin/tenants/{tenant}"))),
        "{}",
        left.text()
    );
    assert_eq!(left.cookies(), "zephyr_view=");
    admin.cookies = own;
    assert!(!admin.get("/market").await.text().contains("class=\"viewing\""));
    let audit = admin.get(&format!("/admin/audit?target={tenant}")).await.text();
    assert!(audit.contains("ViewBegan") && audit.contains("ViewEnded"), "{audit}");
}
