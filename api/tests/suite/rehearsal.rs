//! A rehearsal over ten thousand past jobs: it is quick, and what it says of a doubled price is what the ledger says.

use std::time::{Duration, Instant};

use crate::support::{Api, start_alone, text};
use chrono::Utc;
use domain::{
    Credits,
    account::Overrun,
    capability::CapabilityKind,
    id::{AttemptId, JobId, ProviderKeyId, TenantId},
    job::{AttemptStart, Mode, Submission, Usage},
    pricing::{Exact, Meter, PricedParams},
    unit::{OnceKey, Success, Unit},
};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};
use store::{JobInputsRow, Side, Work};
use uuid::Uuid;

/// How many jobs are replayed.
const JOBS: u64 = 10_000;
/// How long that may take.
const WITHIN: Duration = Duration::from_secs(10);
/// How long the tables may take to show all of them, also on a machine that is busy with other tests.
const PROJECTED_WITHIN: Duration = Duration::from_secs(300);
/// How many jobs are made at once.
const AT_ONCE: usize = 512;
const PATH: &str = "/admin/api/models/test-chat/capabilities/chat";

/// A chat that costs so many credits for a thousand tokens, of answers of at most so many tokens.
fn chat(rate: &str, most: u64) -> Value {
    let cost = json!({"price": {"rates": [{"meter": "output_token", "per": 1000, "tiers": [{"rate": "1.5"}]}]},
        "currency": "CNY", "credits_per_unit": "14"});
    json!({
        "kind": "chat",
        "param_schema": {"type": "object", "required": ["messages"], "properties": {
            "messages": {"type": "array"},
            "max_tokens": {"type": "integer", "minimum": 1, "maximum": most, "default": 100}}},
        "pricing": {"rates": [{"meter": "output_token", "per": 1000, "tiers": [{"rate": rate}]}]},
        "estimate": {"output_token": {"hold": {"param": {"name": "max_tokens"}}}},
        "policies": {"interactive": true},
        "routes": [{"provider": "ark", "upstream_model": "some-model", "cost": cost}]
    })
}

/// What the job of a number used: a hundred to a thousand tokens.
const fn used(number: u64) -> u64 {
    100 + number * 7 % 901
}

#[tokio::test]
async fn a_doubled_price_over_ten_thousand_jobs_is_rehearsed_to_the_ledgers_sum_within_ten_seconds() {
    let api = start_alone().await;
    let registered = api.register("ada@example.com").await;
    let tenant: TenantId = text(&registered["user"]["tenants"][0]["id"]).parse().expect("an id");
    let admin = api.admin().await;
    let ask = async |path: &str, body: &Value| api.client.post(path, Some(&admin), body).await.json();
    ask("/admin/api/providers", &json!({"name": "ark", "adapter": "ark", "base_url": "http://127.0.0.1:9"})).await;
    ask("/admin/api/models", &json!({"name": "test-chat", "display_name": "Test", "provider": "ark"})).await;
    ask("/admin/api/models/test-chat/capabilities", &json!({"capability": chat("1", 1_000)})).await;
    make_jobs(&api, &tenant).await;

    let started = Instant::now();
    let doubled = ask(&format!("{PATH}/rehearse"), &json!({"capability": chat("2", 1_000), "days": 1})).await;
    let took = started.elapsed();
    assert!(took <= WITHIN, "it took {took:?}");
    let statement = api.state.reads.statement(tenant.as_str(), None, None).await.expect("a statement");
    let consumed = Credits::from_micro(-statement.totals["consume"].amount);
    assert_eq!(statement.totals["consume"].lines, i64::try_from(JOBS).expect("small"));
    let exact = |value: &Value| text(value).parse::<Exact>().expect("an amount");
    assert_eq!(
        (&doubled["jobs"], &doubled["charged"], &doubled["complete"]),
        (&json!(JOBS), &json!(JOBS), &json!(true))
    );
    assert_eq!(exact(&doubled["revenue_before"]), Exact::of(consumed));
    assert_eq!(exact(&doubled["revenue_change"]), Exact::of(consumed));
    assert_eq!((&doubled["rejected"], &doubled["unpriced"], &doubled["below_cost"]), (&json!(0), &json!(0), &json!(0)));
    let halves = exact(&doubled["margin_after"]).plus(exact(&doubled["margin_before"])).expect("it fits");
    assert_eq!(halves, Exact::ZERO, "at one credit half a credit is lost, at two it is won: {doubled}");

    let narrow = ask(&format!("{PATH}/rehearse"), &json!({"capability": chat("1", 500)})).await;
    let longer = (0..JOBS).filter(|number| used(*number) > 500).count();
    assert_eq!(narrow["rejected"], json!(longer));
    assert_eq!(narrow["below_cost"], json!(JOBS - longer as u64));
    assert_eq!(narrow["examples"].as_array().map(Vec::len), Some(20));
    assert_eq!(ask(&format!("{PATH}/rehearse"), &json!({"days": 1})).await["revenue_change"], "0");
    assert_eq!(api.state.live.catalog().callable("test-chat", CapabilityKind::Chat).expect("callable").version, 1);
}

/// Jobs through the store, held, done and settled as ever.
async fn make_jobs(api: &Api, tenant: &TenantId) {
    let once = OnceKey { id: "recharge:jobs".to_owned(), fingerprint: String::new() };
    let amount = Credits::from_whole(1_000_000);
    let recharge = Unit::recharge(once, tenant, amount, "test".into(), "jobs".into());
    api.state.store.execute(Work { unit: recharge, ..Work::default() }).await.expect("it is recharged");
    let made = stream::iter(0..JOBS).map(|number| make_job(api, tenant, number)).buffer_unordered(AT_ONCE);
    let last = made.fold(0, async |last: i64, position| last.max(position)).await;
    let reached = api.state.reads.wait_for(last, PROJECTED_WITHIN).await;
    assert!(reached.expect("the tables answer"), "the projection keeps up");
}

async fn make_job(api: &Api, tenant: &TenantId, number: u64) -> i64 {
    let (job_id, attempt_id) = (JobId::from_uuid(Uuid::now_v7()), AttemptId::from_uuid(Uuid::now_v7()));
    let most = json!(used(number));
    let submission = Submission {
        tenant_id: tenant.clone(),
        user_id: None,
        api_key_id: None,
        model: "test-chat".into(),
        capability: CapabilityKind::Chat,
        price_version: 1,
        priced_params: PricedParams {
            params: [("max_tokens".to_owned(), most.clone())].into(),
            ..PricedParams::default()
        },
        inputs_sha256: String::new(),
        hold: Credits::from_whole(1),
        mode: Mode::Interactive,
        expires_at: Utc::now() + chrono::TimeDelta::hours(1),
    };
    let start = AttemptStart {
        attempt_id: attempt_id.clone(),
        provider: "ark".into(),
        upstream_model: "some-model".into(),
        provider_key_id: ProviderKeyId::from_uuid(Uuid::now_v7()),
    };
    let inputs = JobInputsRow {
        job_id: job_id.to_string(),
        route: "/v1/jobs".into(),
        params: json!({"messages": [{"role": "user", "content": "hello"}], "max_tokens": most}).to_string(),
        metadata: None,
        webhook_url: None,
    };
    let side = Side { inputs: Some(inputs), ..Side::default() };
    let unit = Unit::submit(None, &job_id, submission, Some(start));
    api.state.store.execute(Work { unit, side, ..Work::default() }).await.expect("it is submitted");
    let usage = Usage::new().with(Meter::OutputToken, used(number));
    let cost = Credits::from_micro(i64::try_from(used(number) * 1_000).expect("small"));
    let success = Success { attempt_id, outputs: Vec::new(), usage };
    let unit = Unit::succeed(tenant, &job_id, success, (cost, Overrun::FromBalance));
    api.state.store.execute(Work { unit, ..Work::default() }).await.expect("it is settled").position
}
