//! A process that follows the log more slowly than another publishes: it waits for what it has not heard of, and drops
//! neither the job nor its duty.

use std::sync::Arc;

use dispatch::{Dispatcher, HandleError, Handled, Next, duty};
use domain::{
    capability::Capability,
    id::{JobId, ModelId},
    model::{Identity, ModelCommand},
    unit::Unit,
};
use projections::live::Live;
use serde_json::{Value, json};
use store::{Context, Side, Work, timers};
use uuid::Uuid;

use crate::support::{Api, start, text};

fn embedding() -> Capability {
    let published = json!({
        "kind": "embedding",
        "param_schema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "required": ["input"],
            "properties": {"input": {"type": "string", "maxLength": 100}},
        },
        "pricing": {"rates": [{"meter": "call", "per": 1, "tiers": [{"rate": "0.5"}]}], "rounding": "up_to_micro_credit"},
        "estimate": {},
        "policies": {
            "disconnect": "charge_full_usage",
            "overrun": {"policy": "from_balance"},
            "unknown": {"release_after": {"seconds": 900}},
            "interactive": true,
        },
        "routes": [{"provider": "ark", "upstream_model": "some-embedding"}],
    });
    serde_json::from_value(published).expect("a capability")
}

async fn publish(api: &Api) {
    let id = ModelId::from_uuid(Uuid::now_v7());
    let words = |text: &str| text.to_owned();
    let identity = Identity {
        name: words("some-model"),
        display_name: words("Some model"),
        provider: words("ark"),
        description: words("Vectors."),
    };
    for command in [ModelCommand::RegisterModel(identity), ModelCommand::PublishCapability(Box::new(embedding()))] {
        let context = Context { actor: "test".into(), request_id: "test".into() };
        let work = Work { unit: Unit::of(&id, command), context, side: Side::default() };
        let position = api.state.store.execute(work).await.expect("published").position;
        assert!(api.state.follower.reached(position, std::time::Duration::from_secs(10)).await);
    }
}

/// The dispatcher of a process that has heard of nothing yet.
fn behind(api: &Api) -> (Dispatcher, Arc<Live>) {
    let (live, parts) = (Arc::new(Live::default()), api.state.dispatcher.parts());
    let dispatcher = Dispatcher::new(dispatch::Parts {
        live: live.clone(),
        store: parts.store.clone(),
        follower: parts.follower.clone(),
        objects: parts.objects.clone(),
        assets: parts.assets.clone(),
        contents: parts.contents.clone(),
        vault: parts.vault.clone(),
        limits: parts.limits.clone(),
        bus: parts.bus.clone(),
        http: parts.http.clone(),
        ages: dispatch::Ages::default(),
        callback_url: None,
    });
    (dispatcher, live)
}

async fn submit(api: &Api) -> JobId {
    let person = api.register("ada@example.com").await;
    let (token, tenant) = (text(&person["access_token"]), text(&person["user"]["tenants"][0]["id"]));
    let admin = api.admin().await;
    assert_eq!(api.recharge(&admin, &tenant, "r-1").await.status, 201);
    let body = json!({"model": "some-model", "capability": "embedding", "params": {"input": "west wind"}});
    let job = api.client.post("/v1/jobs", Some(&token), &body).await;
    assert_eq!(job.status, 202, "{}", job.text());
    let job: Value = job.json();
    text(&job["id"]).parse().expect("an id")
}

#[tokio::test]
async fn a_job_of_a_version_that_has_not_arrived_yet_is_tried_again_and_keeps_its_duty() {
    let api = start().await;
    publish(&api).await;
    let job_id = submit(&api).await;
    let (dispatcher, live) = behind(&api);
    let pool = api.state.store.pool();

    let early = dispatcher.run_queued(&job_id).await;
    assert!(matches!(early, Err(HandleError::UnknownVersion { version: 1, .. })), "{early:?}");
    let later = api.state.store.now() + std::time::Duration::from_hours(1);
    let mut due = timers::claim(pool, "test", 10, later, later).await.expect("timers are read");
    assert_eq!(due.iter().map(|timer| timer.kind.as_str()).collect::<Vec<_>>(), [duty::DISPATCH]);
    let timer = due.remove(0);
    let early = dispatcher.dispatch_due(&timer).await;
    assert!(matches!(early, Err(HandleError::UnknownVersion { .. })), "{early:?}");

    live.apply(&store::log::read_after(pool, 0, 1_000).await.expect("the log"));
    assert_eq!(
        dispatcher.dispatch_due(&timer).await.expect("it is understood"),
        Next::Again,
        "it is sent to the queue"
    );
    assert_eq!(dispatcher.run_queued(&job_id).await.expect("it is understood"), Handled::Done, "it waits for a key");
}

#[tokio::test]
async fn a_delivery_of_a_job_that_was_never_submitted_is_poison() {
    let api = start().await;
    let nobody = JobId::from_uuid(Uuid::now_v7());
    assert_eq!(api.state.dispatcher.run_queued(&nobody).await.expect("it is judged"), Handled::Poison);
}
