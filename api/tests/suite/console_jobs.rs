//! Jobs and requests in the console: what those who run the platform see of them, and what they never see.

use serde_json::json;
use store::identity::PlatformRole::{Admin, Auditor};

use crate::{
    pages::publish,
    support::{Api, start, text},
};

const PROMPT: &str = "a-recognisable-prompt";

/// Submits a job that no worker takes; its id and its tenant.
async fn submitted(api: &Api) -> (String, String) {
    publish(api).await;
    let (browser, tenant) = api.browser("ada@example.com").await;
    let root = api.admin().await;
    assert_eq!(api.recharge(&root, &tenant, "r-1").await.status, 201);
    let form = [("csrf_token", browser.token.as_str()), ("once", "once-1"), ("p.prompt", PROMPT)];
    let run = browser.send_parts("/m/a-model/text_to_image/run", &form).await;
    let job = run.header("location").expect("a job").trim_start_matches("/jobs/").to_owned();
    let position = api.state.follower.position();
    assert!(api.state.reads.wait_for(position, std::time::Duration::from_secs(10)).await.expect("it is read"));
    (job, tenant)
}

#[tokio::test]
async fn jobs_of_all_tenants_are_found_traced_and_stopped_but_never_read() {
    let api = start().await;
    let (job, tenant) = submitted(&api).await;
    let admin = api.console("root@example.com", Admin).await;
    for (query, found) in [
        ("", true),
        ("?view=open", true),
        ("?view=stuck", false),
        ("?view=retried", false),
        ("?status=queued&cap=text_to_image&model=a-model", true),
        ("?status=failed", false),
    ] {
        let page = admin.get(&format!("/admin/jobs{query}")).await;
        assert_eq!(
            (page.status, page.text().contains(&format!("/admin/jobs/{job}"))),
            (200, found),
            "{query}: {}",
            page.text()
        );
    }
    let of_tenant = admin.get(&format!("/admin/jobs?tenant={tenant}")).await.text();
    assert!(of_tenant.contains(&job) && !of_tenant.contains(PROMPT));
    assert!(admin.fragment("/_f/admin/jobs").await.text().contains("data-every"), "the first page renews itself");
    assert!(!admin.fragment(&format!("/_f/admin/jobs?after={job}")).await.text().contains("data-every"));
    assert_eq!(admin.get("/admin/jobs?view=strange").await.status, 422);
    assert_eq!(admin.get("/admin/jobs/job_nobody").await.status, 404);

    let page = format!("/admin/jobs/{job}");
    let trace = admin.get(&page).await;
    assert!(
        trace.status == 200 && trace.text().contains("Submitted") && !trace.text().contains(PROMPT),
        "{}",
        trace.text()
    );
    assert!(!trace.text().contains("/reconcile"), "there is nothing to ask a provider");
    let asked = admin.submit(&format!("{page}/reconcile"), &[]).await;
    assert!(asked.status == 409 && asked.text().contains("nothing to ask"), "{}", asked.text());
    let auditor = api.console("auditor@example.com", Auditor).await;
    assert!(!auditor.get(&page).await.text().contains("/cancel"), "an auditor is offered nothing");
    assert_eq!(auditor.submit(&format!("{page}/cancel"), &[]).await.status, 403);
    for _ in 0..2 {
        assert_eq!(admin.submit(&format!("{page}/cancel"), &[]).await.status, 303, "twice is once");
    }
    assert!(admin.get(&page).await.text().contains("Canceled"));
}

#[tokio::test]
async fn the_last_requests_are_listed_with_who_asked_and_without_what_was_said() {
    let api = start().await;
    let person = api.register("ada@example.com").await;
    let (token, tenant) = (text(&person["access_token"]), text(&person["user"]["tenants"][0]["id"]));
    let issued = api.client.post("/v1/keys", Some(&token), &json!({"name": "k"})).await.json();
    let (key, key_id) = (text(&issued["key"]), text(&issued["id"]));
    assert_eq!(api.client.get("/v1/jobs/job_nobody?secret=in-the-query", Some(&key)).await.status, 404);
    let admin = api.console("root@example.com", Admin).await;
    let page = admin.get("/admin/requests?class=4").await.text();
    for expected in ["/v1/jobs/{id}", "not_found", &tenant, &key_id, "req_"] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    for never in [key.as_str(), token.as_str(), "in-the-query", "correct horse"] {
        assert!(!page.contains(never), "{never}");
    }
    assert!(!page.contains("/admin/requests</code>"), "pages are not listed");
    assert!(!page.contains("data-every"), "the tail is off unless asked for");
    assert!(admin.get("/admin/requests?live=1").await.text().contains("data-every"));
    let by_key = admin.get(&format!("/admin/requests?actor={key_id}&q=jobs")).await.text();
    assert_eq!(by_key.matches("/v1/jobs/{id}").count(), 1, "{by_key}");
    assert!(!admin.get("/admin/requests?class=5").await.text().contains("/v1/jobs/{id}"));
    api.client.get("/v1/jobs/job_nobody", Some(&key)).await;
    let news = admin.fragment(&format!("/_f/admin/requests/news?actor={key_id}&since=0")).await.text();
    assert!(news.contains("2 new"), "{news}");
    assert_eq!(admin.get("/admin/requests?before=yesterday").await.status, 422);
}
