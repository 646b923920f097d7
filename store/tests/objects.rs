//! Objects over a real S3 service in this process: bytes, streams, ranges, parts, refusals, and a service that is not well.

#[path = "support/service.rs"]
mod service;

use std::{io, sync::atomic::Ordering};

use futures::TryStreamExt as _;
use service::{SECRET_KEY, Service};
use sha2::{Digest as _, Sha256};
use store::objects::{OBJECT_MAX_BYTES, Object, ObjectsError};
use tokio::io::AsyncReadExt as _;

async fn read(object: Object) -> Vec<u8> {
    let size = object.size;
    let body: Vec<u8> = object.body.map_ok(|bytes| bytes.to_vec()).try_concat().await.expect("the body comes");
    assert_eq!(u64::try_from(body.len()), Ok(size));
    body
}

#[tokio::test]
async fn the_bucket_is_made_once_and_then_ready() {
    let service = Service::start().await;
    let objects = service.objects(SECRET_KEY);
    assert!(matches!(objects.ready().await, Err(ObjectsError::Missing)));
    for _ in 0..2 {
        objects.ensure_bucket().await.expect("it is made once");
        objects.ready().await.expect("it is there");
    }
    assert!(matches!(service.objects("a wrong key").ready().await, Err(ObjectsError::Refused { status: 403, .. })));
}

#[tokio::test]
async fn bytes_are_put_told_of_read_replaced_and_deleted() {
    let (_service, objects) = Service::with_bucket().await;
    let key = "ten_1/2026/03/01/a b+ü.png";
    for bytes in [b"first".as_slice(), b"second one", b""] {
        objects.put(key, bytes, "image/png").await.expect("it is put");
        let head = objects.head(key).await.expect("it is there");
        assert_eq!((head.size, head.content_type.as_deref()), (bytes.len() as u64, Some("image/png")));
        assert_eq!(read(objects.get(key).await.expect("it is there")).await, bytes);
    }
    objects.delete(key).await.expect("it is there");
    objects.delete(key).await.expect("twice is once");
    assert!(matches!(objects.get(key).await, Err(ObjectsError::Missing)));
    assert!(matches!(objects.head(key).await, Err(ObjectsError::Missing)));
    assert!(matches!(objects.get_range(key, 0, 1).await, Err(ObjectsError::Missing)));
}

#[tokio::test]
async fn ranges_are_cut_at_the_end_and_refused_beyond_it() {
    let (_service, objects) = Service::with_bucket().await;
    objects.put("o", b"0123456789", "text/plain").await.expect("it is put");
    for (start, end, expected) in [(0, 0, "0"), (3, 5, "345"), (8, 100, "89"), (0, u64::MAX, "0123456789")] {
        let object = objects.get_range("o", start, end).await.expect("it is within");
        assert_eq!(object.total, 10);
        assert_eq!(read(object).await, expected.as_bytes());
    }
    for (start, end) in [(10, 12), (5, 4)] {
        let refused = objects.get_range("o", start, end).await.err();
        assert!(matches!(refused, Some(ObjectsError::OutOfRange { total: 10 })), "{refused:?}");
    }
}

#[tokio::test]
async fn streams_of_any_size_are_stored_whole_with_their_hash() {
    const PART: usize = 8 * 1024 * 1024;
    let (_service, objects) = Service::with_bucket().await;
    for size in [0, 1000, PART, 2 * PART + 17] {
        let bytes: Vec<u8> = (0..size).map(|place| (place % 251) as u8).collect();
        let stored = objects.put_stream("s", &mut bytes.as_slice(), "video/mp4").await.expect("it is put");
        assert_eq!((stored.size, stored.sha256), (size as u64, <[u8; 32]>::from(Sha256::digest(&bytes))));
        let object = objects.get("s").await.expect("it is there");
        assert_eq!(object.content_type.as_deref(), Some("video/mp4"), "{size}");
        assert!(read(object).await == bytes, "{size} bytes come back as they were");
    }
}

#[tokio::test]
async fn a_stream_that_is_too_long_or_breaks_leaves_nothing() {
    let (service, objects) = Service::with_bucket().await;
    let mut breaking = tokio::io::repeat(1).take(9 * 1024 * 1024).chain(Breaking);
    assert!(matches!(objects.put_stream("b", &mut breaking, "video/mp4").await, Err(ObjectsError::Source(_))));
    let mut endless = tokio::io::repeat(0).take(OBJECT_MAX_BYTES + 1);
    assert!(matches!(objects.put_stream("e", &mut endless, "video/mp4").await, Err(ObjectsError::TooLarge)));
    for key in ["b", "e"] {
        assert!(matches!(objects.head(key).await, Err(ObjectsError::Missing)));
    }
    let parts = std::fs::read_dir(&service.directory).expect("it is there").flatten();
    let left: Vec<_> = parts.map(|entry| entry.file_name()).filter(|name| name != "zephyr").collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn calls_are_made_again_a_few_times_while_the_service_is_not_well() {
    let (service, objects) = Service::with_bucket().await;
    service.failures.store(3, Ordering::SeqCst);
    objects.put("o", b"kept", "text/plain").await.expect("the fourth try succeeds");
    service.failures.store(2, Ordering::SeqCst);
    assert_eq!(read(objects.get("o").await.expect("the third try succeeds")).await, b"kept");
    service.failures.store(4, Ordering::SeqCst);
    let given_up = objects.head("o").await;
    assert!(matches!(&given_up, Err(error @ ObjectsError::Unavailable(_)) if error.is_transient()), "{given_up:?}");
    assert_eq!(service.failures.load(Ordering::SeqCst), 0);
    service.serving.abort();
    service.failures.store(1, Ordering::SeqCst);
    assert!(matches!(objects.ready().await, Err(ObjectsError::Unavailable(_))));
}

struct Breaking;

impl tokio::io::AsyncRead for Breaking {
    fn poll_read(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        _: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::task::Poll::Ready(Err(io::Error::other("the upstream hung up")))
    }
}
