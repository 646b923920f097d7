//! Assets and contents against a real database: pages, tenants, deletion, expiry; texts and answers kept once.

mod support;

use chrono::{DateTime, TimeDelta, Utc};
use domain::id::{AssetId, JobId, TenantId};
use serde_json::json;
use store::{
    assets::{Asset, AssetKind, AssetQuery, Assets, AssetsError},
    contents::{Contents, ContentsError, JobText, REPLY_MAX_BYTES, Reply, TextKind},
    objects::object_key,
};
use support::database;
use uuid::Uuid;

fn now() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().expect("it is a time")
}

fn tenant() -> TenantId {
    TenantId::from_uuid(Uuid::now_v7())
}

fn image(tenant_id: &TenantId, number: u128) -> Asset {
    let id = AssetId::from_uuid(Uuid::from_u128(number));
    Asset {
        object_key: object_key(tenant_id, &id, now()),
        id,
        tenant_id: tenant_id.clone(),
        job_id: None,
        kind: AssetKind::Output,
        content_type: "image/png".into(),
        bytes: 5_000_000_000,
        sha256: [7; 32],
        width: Some(2048),
        height: Some(1024),
        duration_ms: None,
        name: Some("a cat.png".into()),
        created_at: now(),
        expires_at: None,
    }
}

fn ids(assets: Vec<Asset>) -> Vec<u128> {
    assets.into_iter().map(|asset| asset.id.uuid().as_u128()).collect()
}

#[tokio::test]
async fn an_asset_comes_back_whole_to_its_tenant_only() {
    let database = database().await;
    let (assets, ours, theirs) = (Assets::new(database.pool.clone()), tenant(), tenant());
    let asset = image(&ours, 1);
    assets.insert(&asset).await.expect("it is new");
    assets.insert(&Asset { bytes: 1, ..asset.clone() }).await.expect("twice is once");
    assert_eq!(assets.by_id(&ours, &asset.id, now()).await.expect("it is ours"), asset);
    assert_eq!(assets.by_link(&asset.id, now()).await.expect("the link is signed"), asset);
    assert!(matches!(assets.by_id(&theirs, &asset.id, now()).await, Err(AssetsError::Missing)));
    assert!(matches!(assets.delete(&theirs, &asset.id, now()).await, Err(AssetsError::Missing)));
    let same_key = Asset { object_key: asset.object_key, ..image(&ours, 2) };
    assert!(matches!(assets.insert(&same_key).await, Err(AssetsError::ObjectKeyTaken)));
}

#[tokio::test]
async fn pages_run_from_the_newest_and_filters_combine() {
    let database = database().await;
    let (assets, ours, theirs) = (Assets::new(database.pool.clone()), tenant(), tenant());
    let job = JobId::from_uuid(Uuid::now_v7());
    for number in 1..=9 {
        let asset = image(&ours, number);
        let asset = match number % 3 {
            0 => Asset { content_type: "video/mp4".into(), job_id: Some(job.clone()), ..asset },
            1 => Asset { kind: AssetKind::Upload, ..asset },
            _ => asset,
        };
        assets.insert(&asset).await.expect("it is new");
    }
    assets.insert(&image(&theirs, 10)).await.expect("it is new");
    let list = async |query: AssetQuery| ids(assets.list(&ours, &query, now()).await.expect("it answers"));
    let all = AssetQuery { limit: 100, ..AssetQuery::default() };
    assert_eq!(list(AssetQuery { limit: 4, ..all.clone() }).await, [9, 8, 7, 6]);
    let before = Some(AssetId::from_uuid(Uuid::from_u128(6)));
    assert_eq!(list(AssetQuery { limit: 4, before, ..all.clone() }).await, [5, 4, 3, 2]);
    assert_eq!(list(AssetQuery { kind: Some(AssetKind::Upload), ..all.clone() }).await, [7, 4, 1]);
    let videos = AssetQuery { content_type_prefix: Some("video/".into()), ..all.clone() };
    assert_eq!(list(videos.clone()).await, [9, 6, 3]);
    assert_eq!(list(AssetQuery { job_id: Some(job), ..videos.clone() }).await, [9, 6, 3]);
    assert!(list(AssetQuery { kind: Some(AssetKind::Upload), ..videos }).await.is_empty());
    assert!(list(AssetQuery { content_type_prefix: Some("%".into()), ..all }).await.is_empty());
}

#[tokio::test]
async fn what_is_deleted_or_expired_is_hidden_at_once_and_purged_later() {
    let database = database().await;
    let (assets, ours) = (Assets::new(database.pool.clone()), tenant());
    let (kept, deleted) = (image(&ours, 1), image(&ours, 2));
    let expiring = Asset { expires_at: Some(now() + TimeDelta::days(1)), ..image(&ours, 3) };
    for asset in [&kept, &deleted, &expiring] {
        assets.insert(asset).await.expect("it is new");
    }
    assets.delete(&ours, &deleted.id, now()).await.expect("it is ours");
    assert!(matches!(assets.delete(&ours, &deleted.id, now()).await, Err(AssetsError::Missing)));
    assert!(matches!(assets.by_link(&deleted.id, now()).await, Err(AssetsError::Missing)));
    let tomorrow = now() + TimeDelta::days(1);
    assert!(assets.by_id(&ours, &expiring.id, now()).await.is_ok());
    assert!(matches!(assets.by_id(&ours, &expiring.id, tomorrow).await, Err(AssetsError::Missing)));
    let query = AssetQuery { limit: 10, ..AssetQuery::default() };
    assert_eq!(ids(assets.list(&ours, &query, tomorrow).await.expect("it answers")), [1]);
    let lease = async |before, at| {
        let leased = assets.lease_purgeable(before, at, at + TimeDelta::minutes(1)).await.expect("it answers");
        let mut ids: Vec<_> = leased.into_iter().map(|file| (file.id.uuid().as_u128(), file.object_key)).collect();
        ids.sort_unstable();
        ids
    };
    let (second, third) = ((2, deleted.object_key.clone()), (3, expiring.object_key.clone()));
    assert_eq!(lease(now(), now()).await, std::slice::from_ref(&second));
    assert_eq!(lease(now(), now()).await, [], "it is leased");
    assert_eq!(lease(tomorrow, tomorrow).await, [second, third], "the lease has lapsed");
    assert_eq!(lease(tomorrow, tomorrow).await, []);
    let gone = [deleted.id, expiring.id];
    for known in [2, 0] {
        assert_eq!(assets.forget(&gone).await.expect("twice is once"), known);
    }
    assert_eq!(lease(tomorrow, tomorrow + TimeDelta::days(1)).await, []);
    assert!(assets.by_id(&ours, &kept.id, tomorrow).await.is_ok());
}

#[tokio::test]
async fn a_jobs_inputs_and_texts_are_read_and_erased() {
    let database = database().await;
    let contents = Contents::new(database.pool.clone());
    let job = JobId::from_uuid(Uuid::now_v7());
    assert_eq!(contents.job_inputs(&job).await.expect("it answers"), None);
    sqlx::query(
        r#"insert into job_inputs (job_id, route, params, metadata, created_at)
           values ($1, '/v1/jobs', '{"z":1,"prompt":"a \u0000 cat"}', null, $2)"#,
    )
    .bind(job.as_str())
    .bind(now())
    .execute(&database.pool)
    .await
    .expect("it is written");
    let inputs = contents.job_inputs(&job).await.expect("it answers").expect("they are there");
    assert_eq!((inputs.params, inputs.route.as_str()), (json!({"z": 1, "prompt": "a \0 cat"}), "/v1/jobs"));
    assert_eq!((inputs.metadata, inputs.created_at), (None, now()));
    for body in ["a \0 line", "another"] {
        let text = JobText { index: 0, kind: TextKind::Text, body: body.into() };
        contents.put_text(&job, &text).await.expect("the first stays");
    }
    let response = JobText { index: 0, kind: TextKind::Response, body: "{}".into() };
    contents.put_text(&job, &response).await.expect("it is another kind");
    let text = JobText { index: 0, kind: TextKind::Text, body: "a \u{fffd} line".into() };
    assert_eq!(contents.texts(&job).await.expect("it answers"), [response, text]);
    contents.erase(&job).await.expect("it is erased");
    contents.erase(&job).await.expect("twice is once");
    assert_eq!(contents.job_inputs(&job).await.expect("it answers"), None);
    assert!(contents.texts(&job).await.expect("it answers").is_empty());
}

#[tokio::test]
async fn a_once_only_key_gives_its_first_answer_until_it_expires() {
    let database = database().await;
    let contents = Contents::new(database.pool.clone());
    let end = now() + TimeDelta::days(1);
    let reply = Reply { status: 201, content_type: "application/json".into(), body: vec![0, 255, b'{'] };
    let other = Reply { status: 500, ..reply.clone() };
    assert_eq!(contents.reply("once", now()).await.expect("it answers"), None);
    contents.put_reply("once", &reply, now(), end).await.expect("it is kept");
    contents.put_reply("once", &other, now(), end).await.expect("the first stays");
    assert_eq!(contents.reply("once", now()).await.expect("it answers"), Some(reply.clone()));
    assert_eq!(contents.reply("once", end).await.expect("it answers"), None);
    assert_eq!(contents.purge_replies(now()).await.expect("it answers"), 0);
    assert_eq!(contents.purge_replies(end).await.expect("it answers"), 1);
    let long = Reply { body: vec![0; REPLY_MAX_BYTES + 1], ..reply };
    assert!(matches!(contents.put_reply("long", &long, now(), end).await, Err(ContentsError::ReplyTooLong(_))));
}
