//! What the portal's pages do with many jobs, with the person's own settings, and with what a model wrote; without scripts.

use store::contents::{JobText, TextKind};

use crate::{
    pages::publish,
    support::{Answer, Api, Browser, start, text},
};

const RUN: &str = "/m/a-model/text_to_image/run";

/// Runs the model so often; gives the ids of the jobs, the oldest first.
async fn run(browser: &Browser<'_>, times: usize) -> Vec<String> {
    let mut jobs = Vec::new();
    for number in 0..times {
        let once = format!("once-{number}");
        let form = [("csrf_token", browser.token.as_str()), ("once", once.as_str()), ("p.prompt", "a boat")];
        let ran = browser.send_parts(RUN, &form).await;
        assert_eq!(ran.status, 303, "{}", ran.text());
        jobs.push(ran.header("location").expect("a job").trim_start_matches("/jobs/").to_owned());
    }
    jobs
}

async fn with_credits(api: &Api) -> Browser<'_> {
    publish(api).await;
    let (browser, tenant) = api.browser("ada@example.com").await;
    let admin = api.admin().await;
    for reference in ["r-1", "r-2"] {
        assert_eq!(api.recharge(&admin, &tenant, reference).await.status, 201);
    }
    browser
}

/// The jobs of a list, in its order.
fn listed(page: &Answer) -> Vec<String> {
    let text = page.text();
    let rows = text.split("class=\"id\" href=\"/jobs/").skip(1);
    rows.map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn jobs_are_filtered_turned_exported_and_stopped_together() {
    let api = start().await;
    let browser = with_credits(&api).await;
    let mut jobs = run(&browser, 23).await;
    jobs.reverse();
    let first = browser.get("/jobs").await;
    assert_eq!(listed(&first), jobs[..20]);
    assert!(!first.text().contains("rel=\"prev\""), "nothing is before the newest");
    let second = browser.get(&format!("/jobs?after={}", jobs[19])).await;
    assert_eq!(listed(&second), jobs[20..]);
    assert!(second.text().contains("rel=\"prev\"") && !second.text().contains("rel=\"next\""));
    let back = browser.get(&format!("/jobs?before={}", jobs[20])).await;
    assert_eq!(listed(&back), jobs[..20], "the way back shows what was there");

    assert_eq!(listed(&browser.get(&format!("/jobs?q={}", jobs[3])).await), [jobs[3].clone()]);
    assert!(listed(&browser.get("/jobs?q=other-model").await).is_empty());
    assert!(listed(&browser.get("/jobs?from=2001-01-01&to=2001-01-02").await).is_empty());
    let chips = browser.get("/jobs?q=A-MODEL&status=queued").await.text();
    assert!(chips.contains("href=\"/jobs?status=queued\"") && chips.contains("href=\"/jobs?q=A-MODEL\""), "{chips}");

    let export = browser.get("/jobs/export?q=model").await;
    assert_eq!(export.header("content-type"), Some("text/csv; charset=utf-8"));
    let lines: Vec<String> = export.text().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 24);
    assert!(
        lines[0].contains("created_at_utc")
            && lines[1].starts_with(&format!("{},a-model,text_to_image,queued,,", jobs[0]))
    );

    let selected = [("job", jobs[0].as_str()), ("job", jobs[1].as_str())];
    assert_eq!(browser.send("/jobs/cancel", &selected).await.status, 403, "only our own form");
    let stopped = browser.submit("/jobs/cancel", &selected).await;
    assert_eq!((stopped.status, stopped.header("location")), (303, Some("/jobs?stopped=2&over=0")));
    assert_eq!(listed(&browser.get("/jobs?status=canceled").await), jobs[..2]);
    let (stranger, _) = api.browser("eve@example.com").await;
    assert_eq!(stranger.submit("/jobs/cancel", &[("job", jobs[2].as_str())]).await.status, 404, "another tenant's job");
}

#[tokio::test]
async fn a_job_is_run_once_more_and_shown_as_it_is() {
    let api = start().await;
    let browser = with_credits(&api).await;
    let job = run(&browser, 1).await.remove(0);
    let raw = browser.get(&format!("/jobs/{job}?tab=raw")).await.text();
    assert!(raw.contains("&quot;prompt&quot;: &quot;a boat&quot;"), "{raw}");
    assert_eq!(browser.submit(&format!("/jobs/{job}/cancel"), &[]).await.status, 303);
    assert!(browser.get(&format!("/jobs/{job}")).await.text().contains(&format!("action=\"/jobs/{job}/retry\"")));
    let form = [("once", "once-more")];
    let again = browser.submit(&format!("/jobs/{job}/retry"), &form).await;
    let other = again.header("location").expect("a job").to_owned();
    assert!(again.status == 303 && !other.ends_with(&job), "{other}");
    let twice = browser.submit(&format!("/jobs/{job}/retry"), &form).await;
    assert_eq!(twice.header("location"), Some(other.as_str()), "sent twice, it is one job");
    assert!(browser.get(&other).await.text().contains("a boat"));
}

#[tokio::test]
async fn the_tray_lists_what_runs_and_what_just_ended() {
    let api = start().await;
    let browser = with_credits(&api).await;
    assert!(browser.get("/market").await.text().contains("id=\"tray\""));
    let jobs = run(&browser, 2).await;
    let tray = browser.fragment("/_f/tray").await;
    assert_eq!(tray.header("cache-control"), Some("private, no-store"));
    let tray = tray.text();
    assert!(tray.contains("data-count>2</span>"), "{tray}");
    assert_eq!(browser.submit(&format!("/jobs/{}/cancel", jobs[0]), &[]).await.status, 303);
    let tray = browser.fragment("/_f/tray").await.text();
    assert!(tray.contains("data-count>1</span>") && tray.contains("Just ended") && tray.contains(&jobs[0]), "{tray}");
    let nobody = api.client.send("GET", "/_f/tray", &[("hx-request", "true".to_owned())], b"").await;
    assert_eq!((nobody.status, nobody.header("hx-redirect")), (401, Some("/login")));
}

#[tokio::test]
async fn what_a_model_wrote_is_marked_up_and_harmless() {
    let api = start().await;
    let browser = with_credits(&api).await;
    let job = run(&browser, 1).await.remove(0);
    let body = serde_json::json!({"content": "**bold** <script>alert(1)</script> [x](javascript:alert(1))", "reasoning_content": "because"});
    let written = JobText { index: 0, kind: TextKind::Text, body: body.to_string() };
    let contents = &api.state.parts.dispatcher.parts().contents;
    contents.put_text(&job.parse().expect("an id"), &written).await.expect("it is kept");
    let answer = browser.fragment(&format!("/_f/jobs/{job}/answer")).await.text();
    assert!(
        answer.contains("<strong>bold</strong>") && answer.contains("hx-disable") && answer.contains("because"),
        "{answer}"
    );
    assert!(!answer.contains("<script") && !answer.contains("href=\"javascript"), "{answer}");
    let (stranger, _) = api.browser("eve@example.com").await;
    assert_eq!(stranger.fragment(&format!("/_f/jobs/{job}/answer")).await.status, 404);
}

#[tokio::test]
async fn a_person_changes_name_and_password_and_ends_other_sessions() {
    let api = start().await;
    let (browser, _) = api.browser("ada@example.com").await;
    let login = serde_json::json!({"email": "ada@example.com", "password": "correct horse"});
    let other = text(&api.client.post("/auth/login", None, &login).await.json()["access_token"]);
    assert_eq!(api.client.get("/auth/me", Some(&other)).await.status, 200);

    assert_eq!(browser.submit("/settings/profile", &[("display_name", " ")]).await.status, 422);
    let named = browser.submit("/settings/profile", &[("display_name", "Countess <Ada>")]).await;
    assert_eq!((named.status, named.header("location")), (303, Some("/settings?done=saved")));
    assert!(browser.get("/settings?done=saved").await.text().contains("Countess &lt;Ada&gt;"));

    let wrong = [("password_now", "wrong"), ("password_new", "a longer horse")];
    assert_eq!(browser.submit("/settings/password", &wrong).await.status, 422);
    assert_eq!(api.client.get("/auth/me", Some(&other)).await.status, 200, "nothing changed");
    let right = [("password_now", "correct horse"), ("password_new", "a longer horse")];
    assert_eq!(browser.send("/settings/password", &right).await.status, 400, "a form without its token can't be read");
    assert_eq!(browser.submit("/settings/password", &right).await.status, 303);
    assert_eq!(api.client.get("/auth/me", Some(&other)).await.status, 401, "all other sessions were ended");
    assert_eq!(api.client.post("/auth/login", None, &login).await.status, 401);

    let login = serde_json::json!({"email": "ada@example.com", "password": "a longer horse"});
    let third = text(&api.client.post("/auth/login", None, &login).await.json()["access_token"]);
    let page = browser.get("/settings").await.text();
    let (_, rest) = page.split_once("action=\"/settings/sessions/").expect("the other session can be ended");
    let session = rest.split('"').next().unwrap_or_default().to_owned();
    let (stranger, _) = api.browser("eve@example.com").await;
    assert_eq!(stranger.submit(&format!("/settings/sessions/{session}"), &[]).await.status, 404, "another person's");
    assert_eq!(api.client.get("/auth/me", Some(&third)).await.status, 200);
    assert_eq!(browser.submit(&format!("/settings/sessions/{session}"), &[]).await.status, 303);
    assert_eq!(api.client.get("/auth/me", Some(&third)).await.status, 401);
}

#[tokio::test]
async fn times_are_told_in_the_zone_that_was_chosen() {
    let api = start().await;
    let mut browser = with_credits(&api).await;
    run(&browser, 1).await;
    assert!(browser.get("/billing/ledger").await.text().contains("UTC\">"), "without a choice it is UTC, and says so");
    let chosen = browser.submit("/preferences", &[("zone", "Asia/Shanghai"), ("back", "/settings")]).await;
    let cookie = chosen.header("set-cookie").expect("a cookie").to_owned();
    assert!(cookie.starts_with("zephyr_zone=Asia/Shanghai;") && !cookie.contains("HttpOnly"), "{cookie}");
    assert_eq!(
        browser.submit("/preferences", &[("zone", "Mars/Base"), ("back", "/")]).await.header("set-cookie"),
        None
    );
    browser.cookies.push_str("; zephyr_zone=Asia/Shanghai");
    let ledger = browser.get("/billing/ledger").await.text();
    assert!(ledger.contains("Asia/Shanghai\">") && !ledger.contains("UTC\">"), "{ledger}");
}

#[tokio::test]
async fn a_key_is_replaced_by_one_like_it_and_goes_on_for_a_day() {
    let api = start().await;
    let (browser, _) = api.browser("ada@example.com").await;
    let form =
        [("name", "ci"), ("scope", "generate"), ("scope", "account"), ("budget_per_day", "2"), ("models", "a, b")];
    let issued = browser.submit("/keys", &form).await.text();
    let key = |page: &str| {
        let (_, rest) = page.split_once("<code>zk_live_").expect("it is shown");
        format!("zk_live_{}", rest.split('<').next().unwrap_or_default())
    };
    let first = key(&issued);
    let (_, rest) = issued.split_once("action=\"/keys/key_").expect("it can be replaced");
    let path = format!("/keys/key_{}", rest.split('"').next().unwrap_or_default());
    assert!(path.ends_with("/rotate"), "{path}");
    let second = key(&browser.submit(&path, &[]).await.text());
    assert_ne!(first, second);
    for key in [&first, &second] {
        assert_eq!(api.client.get("/v1/account", Some(key)).await.status, 200);
    }
    let page = browser.get("/keys").await.text();
    assert_eq!(page.matches("generate, account").count(), 2, "both may do the same: {page}");
    assert_eq!(page.matches("<time").count(), 1, "one of them expires");
    let billing = browser.get("/billing").await.text();
    assert_eq!(billing.matches("<meter").count(), 2, "each has its budget");
}

#[tokio::test]
async fn a_filled_form_is_a_link_and_stays_filled_from_tab_to_tab() {
    let api = start().await;
    let browser = with_credits(&api).await;
    let page = browser.get("/m/a-model?cap=text_to_image&p.prompt=a+red+boat&p.size=2K").await.text();
    assert!(page.contains(">a red boat</textarea>"), "{page}");
    assert!(page.contains("tab=api&amp;p.prompt=a+red+boat&amp;p.size=2K"), "{page}");
    let snippets = browser.get("/m/a-model?tab=api&p.prompt=a+red+boat&p.size=2K").await.text();
    assert!(snippets.contains("a red boat") && snippets.contains("2K"), "{snippets}");
    let about = browser.get("/m/a-model?tab=about").await.text();
    assert!(about.contains("prompt") && about.contains("1K, 2K"), "{about}");
}

#[tokio::test]
async fn a_browser_may_keep_files_and_one_page_and_nothing_else() {
    let api = start().await;
    let worker = api.client.get("/sw.js", None).await;
    assert_eq!((worker.status, worker.header("cache-control")), (200, Some("no-cache")));
    let text = worker.text();
    let files = text.split("\"/static/").skip(1).map(|rest| rest.split('"').next().unwrap_or_default());
    for file in files {
        assert_eq!(api.client.get(&format!("/static/{file}"), None).await.status, 200, "{file}");
    }
    let offline = api.client.get("/offline", None).await;
    assert!(offline.status == 200 && !offline.text().contains("data-visitor"));
}

#[tokio::test]
async fn the_style_guide_is_there_only_where_one_develops() {
    let api = start().await;
    assert_eq!(api.client.get("/styleguide", None).await.status, 404);
    drop(api);
    let developing = crate::support::start_with(|parts| parts.settings.development = true).await;
    let styles = developing.client.get("/styleguide", None).await.text();
    assert!(styles.contains("zh-CN") && !styles.contains(" style="));
}
