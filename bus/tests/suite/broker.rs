//! The broker under test, and a proxy in front of it that can be cut, frozen, and opened late.

use bus::{Bus, JobMessage, RabbitMqSettings};
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

/// The longest that anything in these tests may take.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The broker's URL.
#[expect(clippy::disallowed_methods, reason = "tests/with-services tells tests where the broker is")]
pub fn url() -> String {
    std::env::var("TEST_AMQP_URL").expect("TEST_AMQP_URL is not set: run through tests/with-services")
}

/// Names that no other test uses.
pub fn prefix() -> String {
    format!("test-{}", uuid::Uuid::now_v7())
}

/// A bus with its own names on the broker.
pub async fn bus(url: &str, prefix: &str) -> Bus {
    let settings = RabbitMqSettings::new(url, "bus test").with_prefix(prefix);
    Bus::rabbitmq_with(settings).await.expect("an AMQP URL")
}

/// Jobs with ids of their own.
pub fn jobs(count: usize) -> Vec<JobMessage> {
    (0..count).map(job).collect()
}

/// One job with an id of its own.
pub fn job(number: usize) -> JobMessage {
    JobMessage {
        id: format!("row-{number}"),
        job_id: format!("job_{number}"),
        payload: format!("{{\"number\":{number}}}").into(),
    }
}

/// Awaits a future, and fails the test when it takes too long.
pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it took too long")
}

/// Waits until a bus is ready, or is not.
pub async fn until_ready(bus: &Bus, ready: bool) {
    soon(async {
        while bus.ready().is_ok() != ready {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Open,
    Frozen,
}

/// A TCP proxy in front of the broker.
pub struct Proxy {
    pub url: String,
    flow: watch::Sender<Flow>,
    epoch: watch::Sender<u64>,
}

impl Proxy {
    pub async fn open() -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.expect("a port"))
    }

    /// A proxy on a port that was refused until now.
    pub fn on(listener: TcpListener) -> Self {
        let own = listener.local_addr().expect("an address").to_string();
        let broker = broker_address();
        let proxy =
            Self { url: url().replace(&broker, &own), flow: watch::channel(Flow::Open).0, epoch: watch::channel(0).0 };
        tokio::spawn(accept(listener, broker, proxy.flow.clone(), proxy.epoch.clone()));
        proxy
    }

    /// Ends every connection that is open now.
    pub fn cut(&self) {
        self.epoch.send_modify(|epoch| *epoch += 1);
    }

    /// Lets nothing through, and keeps connections open.
    pub fn freeze(&self) {
        self.flow.send_replace(Flow::Frozen);
    }

    /// Lets everything through again.
    pub fn thaw(&self) {
        self.flow.send_replace(Flow::Open);
    }
}

/// `host:port` of the broker.
pub fn broker_address() -> String {
    let url = url();
    let rest = url.rsplit('@').next().expect("a host");
    rest.trim_start_matches("amqp://").split('/').next().expect("a host").to_owned()
}

async fn accept(listener: TcpListener, broker: String, flow: watch::Sender<Flow>, epoch: watch::Sender<u64>) {
    while let Ok((near, _)) = listener.accept().await {
        let (flow, mut epoch) = (Arc::new(flow.subscribe()), epoch.subscribe());
        epoch.mark_unchanged();
        let broker = broker.clone();
        tokio::spawn(async move {
            let far = TcpStream::connect(broker).await.expect("the broker");
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            tokio::select! {
                _ = epoch.changed() => {}
                () = copy(near_in, far_out, flow.clone()) => {}
                () = copy(far_in, near_out, flow) => {}
            }
        });
    }
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, flow: Arc<watch::Receiver<Flow>>) {
    let mut flow = (*flow).clone();
    let mut buffer = vec![0; 65_536];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if flow.wait_for(|f| *f == Flow::Open).await.is_err() {
            return;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
