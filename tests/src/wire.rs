//! A wire to a service that can be cut and mended: to the gateway it is as if the service were stopped.

use anyhow::Context as _;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// A wire to one service.
#[derive(Debug)]
pub struct Wire {
    /// The address to use instead of the service's own.
    pub address: String,
    whole: watch::Sender<bool>,
}

impl Wire {
    /// A wire to `host:port`.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn to(service: &str) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let (whole, state) = watch::channel(true);
        tokio::spawn(carry_all(listener, service.to_owned(), state));
        Ok(Self { address, whole })
    }

    /// A wire to the service of a URL, and the URL that leads through the wire.
    ///
    /// # Errors
    /// When no port is free, or the URL names no user.
    pub async fn before(url: &str) -> anyhow::Result<(Self, String)> {
        let (before, after) = url.split_once('@').context("the URL names a user")?;
        let (service, path) = after.split_once('/').unwrap_or((after, ""));
        let wire = Self::to(service).await?;
        let through = format!("{before}@{}/{path}", wire.address);
        Ok((wire, through))
    }

    /// Cuts every connection; new ones are cut at once.
    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Lets new connections through again.
    pub fn mend(&self) {
        self.whole.send_replace(true);
    }
}

async fn carry_all(listener: TcpListener, service: String, state: watch::Receiver<bool>) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(carry(client, service.clone(), state.clone()));
    }
}

/// Ends with either side, with the wire, or with the test.
async fn carry(mut client: TcpStream, service: String, mut state: watch::Receiver<bool>) {
    if !*state.borrow_and_update() {
        return;
    }
    let Ok(mut server) = TcpStream::connect(service).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = state.wait_for(|whole| !whole) => {}
    }
}
