//! Loads under way: whoever needs a stream that is being read waits for the same reading.
//!
//! A busy account that went cold is read once, however many requests wait for it. It keeps nothing that was read.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use sqlx::PgPool;

use crate::{
    load::{self, LoadError},
    version::{StreamKey, Version},
};

type Reading = Shared<BoxFuture<'static, Result<Version, Arc<LoadError>>>>;

/// The readings under way of one process.
#[derive(Clone)]
pub(crate) struct Loads {
    pool: PgPool,
    under_way: Arc<Mutex<HashMap<StreamKey, Reading>>>,
}

impl Loads {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool, under_way: Arc::default() }
    }

    /// The last version of a stream, as of some moment since the call or shortly before.
    pub(crate) async fn load(&self, key: &StreamKey) -> Result<Version, Arc<LoadError>> {
        let reading = self.under_way().entry(key.clone()).or_insert_with(|| self.begin(key.clone())).clone();
        reading.await
    }

    /// A task of its own, so that it ends even if nobody waits any more.
    fn begin(&self, key: StreamKey) -> Reading {
        let loads = self.clone();
        let reading = tokio::spawn(async move {
            let version = loads.read(&key).await.map_err(Arc::new);
            loads.under_way().remove(&key);
            version
        });
        reading.map(|read| read.unwrap_or_else(|_| Err(Arc::new(sqlx::Error::WorkerCrashed.into())))).boxed().shared()
    }

    async fn read(&self, key: &StreamKey) -> Result<Version, LoadError> {
        load::load(&mut *self.pool.acquire().await?, key).await
    }

    fn under_way(&self) -> std::sync::MutexGuard<'_, HashMap<StreamKey, Reading>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sqlx::postgres::PgPoolOptions;

    use super::*;

    #[tokio::test]
    async fn those_who_need_a_stream_at_once_share_one_reading_and_later_ones_begin_another() {
        let pool = PgPoolOptions::new().acquire_timeout(Duration::from_millis(20));
        let loads = Loads::new(pool.connect_lazy("postgres://nobody@127.0.0.1:1/none").expect("a URL"));
        let account = StreamKey { aggregate_type: "account", aggregate_id: "ten_1".into() };
        let job = StreamKey { aggregate_type: "job", aggregate_id: "job_1".into() };
        let asked = futures::future::join_all((0..100).map(|_| loads.load(&account))).await;
        let errors: Vec<_> = asked.into_iter().map(|read| read.expect_err("nobody listens there")).collect();
        assert!(errors.iter().all(|error| Arc::ptr_eq(error, &errors[0])), "they were read together");
        assert!(loads.under_way().is_empty(), "nothing is kept");
        let (again, other) = futures::future::join(loads.load(&account), loads.load(&job)).await;
        let (again, other) = (again.expect_err("nobody"), other.expect_err("nobody"));
        assert!(!Arc::ptr_eq(&again, &errors[0]) && !Arc::ptr_eq(&again, &other), "each is a reading of its own");
    }
}
