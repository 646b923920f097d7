//! One connection to the broker, kept alive: connect, declare, watch, and after a loss do it all again.
//!
//! lapin's own recovery is not used: it gives up after a number of tries, leaves publishes pending meanwhile, and doesn't
//! cover a broker that is absent at the start. Here the loss of a connection fails everything on it at once, and one
//! loop, with a pause of at most [`PAUSE_MAX`], covers start, restart and network faults alike.

use super::{RabbitMqSettings, topology::Names};
use futures::StreamExt;
use lapin::{
    Channel, Connection, ConnectionProperties, Event,
    options::ConfirmSelectOptions,
    uri::{AMQPScheme, AMQPUri},
};
use std::{io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Notify, watch},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// The pause before the second try; it doubles from here.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// The longest pause between two tries.
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// How long one try may take, with the declarations.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the farewell to the broker may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// How often the connection is looked at, beside the events that it reports.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Seconds between heartbeats, unless the URL says otherwise: a dead peer is noticed after two.
const HEARTBEAT_S: u16 = 10;

/// One live connection with its channels.
#[derive(Debug)]
pub(super) struct Session {
    pub connection: Connection,
    /// For messages that the broker confirms.
    pub confirmed: Channel,
    /// For frames, which nobody confirms.
    pub plain: Channel,
    /// Cancelled when the connection is given up. lapin may leave a call pending that raced with the loss.
    pub ended: CancellationToken,
    retired: Notify,
}

impl Session {
    /// Says that this connection misbehaves: it is replaced.
    pub(super) fn retire(&self) {
        self.retired.notify_one();
    }
}

#[derive(Debug, Clone)]
enum State {
    Down(String),
    /// The broker lives, but takes no messages now.
    Blocked(String),
    Up(Arc<Session>),
}

/// A connection that comes back. Cloning shares it.
#[derive(Debug, Clone)]
pub(super) struct Link {
    state: watch::Receiver<State>,
    ended: watch::Receiver<bool>,
}

impl Link {
    /// Starts to keep a connection until `closed`.
    pub(super) fn start(settings: &RabbitMqSettings, role: &str, closed: CancellationToken) -> Result<Self, String> {
        let mut uri: AMQPUri = settings.url.parse()?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT_S);
        let (state_in, state) = watch::channel(State::Down("connecting".into()));
        let (ended_in, ended) = watch::channel(false);
        let keeper = Keeper {
            uri,
            name: format!("{} {role}", settings.connection_name),
            names: Names::new(&settings.prefix),
            state: state_in,
        };
        tokio::spawn(async move {
            closed.run_until_cancelled(keeper.keep()).await;
            keeper.end().await;
            ended_in.send_replace(true);
        });
        Ok(Self { state, ended })
    }

    /// The connection, if it can be used now; else why not.
    pub(super) fn now(&self) -> Result<Arc<Session>, String> {
        match &*self.state.borrow() {
            State::Up(session) => Ok(session.clone()),
            State::Blocked(reason) | State::Down(reason) => Err(reason.clone()),
        }
    }

    /// The connection, waiting for it at most so long.
    pub(super) async fn within(&self, limit: Duration) -> Result<Arc<Session>, String> {
        let mut state = self.state.clone();
        let up = state.wait_for(|state| matches!(state, State::Up(_)));
        // Whatever the wait ended with, the state says it.
        let _ = timeout(limit, up).await.map(|r| r.map(drop));
        self.now()
    }

    /// The connection, however long it takes. Only for background tasks, which end with the bus.
    pub(super) async fn wait(&self) -> Option<Arc<Session>> {
        let mut state = self.state.clone();
        match &*state.wait_for(|state| matches!(state, State::Up(_))).await.ok()? {
            State::Up(session) => Some(session.clone()),
            State::Blocked(_) | State::Down(_) => None,
        }
    }

    /// Waits until the keeper has said farewell to the broker.
    pub(super) async fn ended(&self) {
        let mut ended = self.ended.clone();
        // An error means that the keeper is gone, which is an end too.
        let _ = ended.wait_for(|ended| *ended).await.map(drop);
    }
}

/// The task behind a link.
struct Keeper {
    uri: AMQPUri,
    name: String,
    names: Names,
    state: watch::Sender<State>,
}

impl Keeper {
    async fn keep(&self) {
        let mut pause = PAUSE_MIN;
        let mut silent = false;
        loop {
            let reason = match self.attempt(silent).await {
                Ok(session) => {
                    (pause, silent) = (PAUSE_MIN, false);
                    let session = Arc::new(session);
                    let _end = session.ended.clone().drop_guard();
                    self.attend(session).await
                }
                Err(Failure::Silent(reason)) => {
                    silent = true;
                    reason
                }
                Err(Failure::Refused(reason)) => reason,
            };
            tracing::warn!(connection = self.name, reason, "no connection to RabbitMQ");
            metrics::counter!("zephyr_bus_connection_failures_total").increment(1);
            self.state.send_replace(State::Down(reason));
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// One try. lapin keeps a thread for a try that its peer never answers, so after such a one the peer is probed first.
    async fn attempt(&self, silent: bool) -> Result<Session, Failure> {
        if silent {
            let probe = timeout(CONNECT_TIMEOUT, answers(&self.uri)).await;
            probe
                .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
                .map_err(|e| Failure::Silent(e.to_string()))?;
        }
        match timeout(CONNECT_TIMEOUT, self.connect()).await {
            Ok(Ok(session)) => Ok(session),
            Ok(Err(error)) => Err(Failure::Refused(error.to_string())),
            Err(_) => Err(Failure::Silent("the broker does not answer".into())),
        }
    }

    async fn connect(&self) -> lapin::Result<Session> {
        let properties = ConnectionProperties::default().with_connection_name(self.name.as_str().into());
        let connection = Connection::connect_uri(self.uri.clone(), properties).await?;
        let plain = connection.create_channel().await?;
        self.names.declare(&plain).await?;
        let confirmed = connection.create_channel().await?;
        confirmed.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Session { connection, confirmed, plain, ended: CancellationToken::new(), retired: Notify::new() })
    }

    /// Offers a connection until it ends; the answer is why it did.
    async fn attend(&self, session: Arc<Session>) -> String {
        tracing::info!(connection = self.name, "connected to RabbitMQ");
        let mut events = Box::pin(session.connection.events_listener());
        self.state.send_replace(State::Up(session.clone()));
        loop {
            tokio::select! {
                () = session.retired.notified() => {
                    farewell(&session).await;
                    return "it did not answer and is replaced".into();
                }
                event = events.next() => match event {
                    Some(Event::Error(error)) => return error.to_string(),
                    None => return "the connection ended".into(),
                    Some(Event::ConnectionBlocked(reason)) => {
                        self.state.send_replace(State::Blocked(format!("the broker takes no messages: {reason}")));
                    }
                    Some(Event::ConnectionUnblocked) => {
                        self.state.send_replace(State::Up(session.clone()));
                    }
                    Some(_) => {}
                },
                () = sleep(LOOK_EVERY) => if !session.is_whole() {
                    farewell(&session).await;
                    return "a channel ended".into();
                },
            }
        }
    }

    async fn end(&self) {
        let last = self.state.send_replace(State::Down("it is closed".into()));
        if let State::Up(session) = last {
            farewell(&session).await;
        }
    }
}

impl Session {
    fn is_whole(&self) -> bool {
        self.connection.status().connected() && self.confirmed.status().connected() && self.plain.status().connected()
    }
}

enum Failure {
    /// The peer answered, with a refusal.
    Refused(String),
    /// The peer did not answer at all.
    Silent(String),
}

/// Whether something speaks at the address: for plain AMQP the first byte of its greeting, for TLS an open port.
async fn answers(uri: &AMQPUri) -> io::Result<()> {
    let authority = &uri.authority;
    let mut stream = TcpStream::connect((authority.host.as_str(), authority.port)).await?;
    if uri.scheme == AMQPScheme::AMQP {
        stream.write_all(b"AMQP\x00\x00\x09\x01").await?;
        stream.read_u8().await?;
    }
    Ok(())
}

/// Closes a connection as far as it still listens.
async fn farewell(session: &Session) {
    let close = session.connection.close(200, "OK".into());
    // A connection that can't be closed is lost anyway.
    let _ = timeout(CLOSE_TIMEOUT, close).await;
}
