//! Purging files over a real database and a real object storage: what is hidden goes, what is seen stays, and whoever dies
//! between the object and its row leaves nothing behind.

#[path = "support/service.rs"]
mod service;
mod support;

use std::sync::atomic::Ordering;

use chrono::{DateTime, TimeDelta, Utc};
use domain::id::{AssetId, TenantId};
use service::Service;
use store::{
    assets::{Asset, AssetKind, Assets},
    objects::{Objects, ObjectsError, object_key},
    purge::{LEASE, purge},
};
use support::{TestDatabase, database};
use tokio::task::JoinSet;
use uuid::Uuid;

/// More tries than a call to the object storage makes.
const FOR_LONG: usize = 1_000;

/// A tenant's files, and where their bytes are.
struct House {
    assets: Assets,
    objects: Objects,
    tenant_id: TenantId,
    service: Service,
    _database: TestDatabase,
}

fn now() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().expect("it is a time")
}

impl House {
    async fn build() -> Self {
        let database = database().await;
        let (service, objects) = Service::with_bucket().await;
        let assets = Assets::new(database.pool.clone());
        let tenant_id = TenantId::from_uuid(Uuid::now_v7());
        Self { assets, objects, tenant_id, service, _database: database }
    }

    /// Brings a file, as an upload does: the bytes, then the row.
    async fn bring(&self, expires_at: Option<DateTime<Utc>>) -> Asset {
        let id = AssetId::from_uuid(Uuid::now_v7());
        let asset = Asset {
            object_key: object_key(&self.tenant_id, &id, now()),
            id,
            tenant_id: self.tenant_id.clone(),
            job_id: None,
            kind: AssetKind::Upload,
            content_type: "image/png".into(),
            bytes: 3,
            sha256: [7; 32],
            width: None,
            height: None,
            duration_ms: None,
            name: None,
            created_at: now(),
            expires_at,
        };
        self.objects.put(&asset.object_key, b"png", "image/png").await.expect("it is stored");
        self.assets.insert(&asset).await.expect("it is new");
        asset
    }

    async fn delete(&self, asset: &Asset) {
        self.assets.delete(&self.tenant_id, &asset.id, now()).await.expect("it is ours");
    }

    async fn purge(&self, at: DateTime<Utc>) -> u64 {
        purge(&self.assets, &self.objects, at, at).await.expect("the database answers")
    }

    async fn has_bytes(&self, asset: &Asset) -> bool {
        match self.objects.head(&asset.object_key).await {
            Ok(_) => true,
            Err(ObjectsError::Missing) => false,
            Err(error) => panic!("the object storage is unwell: {error}"),
        }
    }
}

#[tokio::test]
async fn the_bytes_of_hidden_files_go_and_those_of_others_stay() {
    let house = House::build().await;
    let tomorrow = now() + TimeDelta::days(1);
    let (kept, deleted, expiring) =
        (house.bring(None).await, house.bring(None).await, house.bring(Some(tomorrow)).await);
    assert_eq!(house.purge(now()).await, 0);
    house.delete(&deleted).await;
    for gone in [1, 0] {
        assert_eq!(house.purge(now()).await, gone, "the second time there is nothing left");
        assert!(!house.has_bytes(&deleted).await && house.has_bytes(&expiring).await);
    }
    for gone in [1, 0] {
        assert_eq!(house.purge(tomorrow).await, gone);
        assert!(!house.has_bytes(&expiring).await && house.has_bytes(&kept).await);
    }
    assert!(house.assets.by_id(&house.tenant_id, &kept.id, tomorrow).await.is_ok());
}

#[tokio::test]
async fn who_died_between_the_object_and_its_row_is_followed_by_the_next() {
    let house = House::build().await;
    let file = house.bring(None).await;
    house.delete(&file).await;
    // What a killed purge leaves: a lease, no object, the row.
    let leased = house.assets.lease_purgeable(now(), now(), now() + LEASE).await.expect("it answers");
    assert_eq!(leased.len(), 1);
    house.objects.delete(&file.object_key).await.expect("it is deleted");
    assert_eq!(house.purge(now()).await, 0, "its lease holds");
    let later = now() + LEASE + TimeDelta::seconds(1);
    assert_eq!(house.purge(later).await, 1);
    assert_eq!(house.purge(later + LEASE * 2).await, 0, "no row is left");
}

#[tokio::test]
async fn while_the_object_storage_is_away_rows_stay_and_are_tried_again() {
    let house = House::build().await;
    let file = house.bring(None).await;
    house.delete(&file).await;
    house.service.failures.store(FOR_LONG, Ordering::SeqCst);
    assert_eq!(house.purge(now()).await, 0);
    house.service.failures.store(0, Ordering::SeqCst);
    assert!(house.has_bytes(&file).await, "nothing was deleted");
    assert_eq!(house.purge(now() + LEASE * 2).await, 1);
    assert!(!house.has_bytes(&file).await);
}

#[tokio::test]
async fn many_purges_at_once_take_each_file_once() {
    let house = House::build().await;
    let mut files = Vec::new();
    for _ in 0..150 {
        let file = house.bring(None).await;
        house.delete(&file).await;
        files.push(file);
    }
    let mut purging = JoinSet::new();
    for _ in 0..6 {
        let (assets, objects) = (house.assets.clone(), house.objects.clone());
        purging.spawn(async move { purge(&assets, &objects, now(), now()).await.expect("the database answers") });
    }
    assert_eq!(purging.join_all().await.into_iter().sum::<u64>(), 150);
    for file in &files {
        assert!(!house.has_bytes(file).await);
    }
}
