//! A wire between the store and PostgreSQL that fails on demand, in the ways that leave an outcome unknown.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

/// What happens to the next bytes that the store sends.
pub enum Fault {
    /// They are lost, and the connection with them.
    LoseRequest,
    /// They arrive and are acted upon, but the answer is lost.
    LoseAnswer,
    /// The store loses the connection, and the bytes arrive when told so. What PostgreSQL then answers is sent back.
    Late { deliver: oneshot::Receiver<()>, answer: oneshot::Sender<Vec<u8>> },
}

pub struct Proxy {
    pub url: String,
    fault: Arc<Mutex<Option<Fault>>>,
}

impl Proxy {
    /// Stands between a caller and the database at this URL.
    pub async fn before(database_url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (before, after) = database_url.split_once('@').expect("a user");
        let (server, path) = after.split_once('/').expect("a path");
        let url = format!("{before}@127.0.0.1:{port}/{path}");
        let fault = Arc::new(Mutex::new(None));
        let (server, shared) = (server.to_owned(), fault.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, fault) = (TcpStream::connect(server.clone()).await.expect("a server"), shared.clone());
                tokio::spawn(async move { drop(carry(client, server, &fault).await) });
            }
        });
        Self { url, fault }
    }

    pub fn arm(&self, fault: Fault) {
        *self.fault.lock().expect("no panic") = Some(fault);
    }
}

async fn carry(mut client: TcpStream, mut server: TcpStream, fault: &Mutex<Option<Fault>>) -> std::io::Result<()> {
    let (mut up, mut down) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let sent = &up[..read?];
                if sent.is_empty() {
                    return Ok(());
                }
                let fault = fault.lock().expect("no panic").take();
                match fault {
                    None => server.write_all(sent).await?,
                    Some(fault) => return fail(fault, sent, client, server).await,
                }
            }
            read = server.read(&mut down) => {
                let answered = &down[..read?];
                if answered.is_empty() {
                    return Ok(());
                }
                client.write_all(answered).await?;
            }
        }
    }
}

async fn fail(fault: Fault, sent: &[u8], client: TcpStream, mut server: TcpStream) -> std::io::Result<()> {
    let mut lost = vec![0; 1 << 16];
    match fault {
        Fault::LoseRequest => {}
        Fault::LoseAnswer => {
            server.write_all(sent).await?;
            let read = server.read(&mut lost).await?;
            assert!(read > 0, "PostgreSQL answers");
        }
        Fault::Late { deliver, answer } => {
            drop(client);
            deliver.await.expect("the test tells when");
            server.write_all(sent).await?;
            let read = server.read(&mut lost).await?;
            drop(answer.send(lost[..read].to_vec()));
        }
    }
    Ok(())
}
