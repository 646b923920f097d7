//! Who gets a seat at the console, and what becomes of everybody else.

use store::identity::PlatformRole;

use crate::support::start;

#[tokio::test]
async fn admins_and_auditors_get_a_seat_and_nobody_else() {
    let api = start().await;
    let admin = api.console("admin@example.com", PlatformRole::Admin).await;
    let page = admin.get("/admin").await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(page.text().contains("class=\"console\"") && page.text().contains("href=\"/\""), "{}", page.text());
    assert!(page.header("content-security-policy").is_some_and(|policy| !policy.contains("unsafe")));
    let auditor = api.console("auditor@example.com", PlatformRole::Auditor).await;
    assert_eq!(auditor.get("/admin").await.status, 200);

    let (member, _) = api.browser("ada@example.com").await;
    assert_eq!(member.get("/admin").await.status, 403);
    assert!(!member.get("/keys").await.text().contains("href=\"/admin\""), "members see no way there");
    assert!(admin.get("/").await.text().contains("href=\"/admin\""));
    assert!(auditor.get("/keys").await.text().contains("href=\"/admin\""));
}

#[tokio::test]
async fn without_a_session_a_page_leads_to_the_door_and_a_fragment_sends_the_whole_page_there() {
    let api = start().await;
    let nobody = api.client.browse("GET", "/admin", "", None).await;
    assert_eq!((nobody.status, nobody.header("location")), (303, Some("/login")));
    let part = api.client.send("GET", "/admin", &[("hx-request", "true".to_owned())], b"").await;
    assert_eq!((part.status, part.header("hx-redirect")), (401, Some("/login")));

    let admin = api.console("admin@example.com", PlatformRole::Admin).await;
    assert_eq!(admin.fragment("/admin").await.status, 200);
    assert_eq!(admin.submit("/logout", &[]).await.status, 303);
    let part = admin.fragment("/admin").await;
    assert_eq!((part.status, part.header("hx-redirect")), (401, Some("/login")), "the session has ended");
}

#[tokio::test]
async fn who_may_only_look_is_refused_before_a_form_is_read() {
    let api = start().await;
    let auditor = api.console("auditor@example.com", PlatformRole::Auditor).await;
    let acts = [
        "/admin/import",
        "/admin/jobs/job_nobody/cancel",
        "/admin/limits/ten_nobody",
        "/admin/models/a-model/chat",
        "/admin/models/a-model/chat/deprecate",
        "/admin/models/a-model/state",
        "/admin/new-model",
        "/admin/provider-keys",
        "/admin/provider-keys/pky_nobody/disable",
        "/admin/providers",
        "/admin/providers/prv_nobody/pause",
        "/admin/settings/rotate",
        "/admin/tenants",
        "/admin/tenants/ten_nobody/recharge",
        "/admin/users",
        "/admin/users/usr_nobody",
    ];
    for path in acts {
        for fields in [[].as_slice(), &[("no_such_field", "x")]] {
            assert_eq!(auditor.send(path, fields).await.status, 403, "{path}");
        }
        assert_eq!(auditor.send_parts(path, &[]).await.status, 403, "{path}: not even its kind of body is looked at");
    }
    // What changes nothing is theirs too: here only the model is missing.
    for path in ["/admin/models/a-model/chat/preview", "/admin/models/a-model/chat/rehearse"] {
        assert_eq!(auditor.submit(path, &[]).await.status, 404, "{path}");
    }
}
