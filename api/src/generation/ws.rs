//! `GET /v1/ws`: one socket, any number of jobs. Clients subscribe by job and resume by number.
//!
//! To us: `{"type":"subscribe","job":"job_…","after":3}`, `{"type":"unsubscribe","job":"job_…"}`.
//! From us: `{"type":"event","job":…,"event":{…}}`, `{"type":"frame","job":…,"frame":{…}}`,
//! `{"type":"end","job":…}`, `{"type":"error","job":…,"error":{…}}`.

use std::{collections::HashMap, time::Duration};

use axum::{
    extract::{
        State, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    http::{HeaderMap, header::AUTHORIZATION},
    response::Response,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{sync::mpsc, task::JoinHandle};

use super::watch::{Seen, Watch, published};
use crate::{
    caller::{Caller, csrf},
    error::{ApiError, ApiResult, ErrorCode},
    state::AppState,
};

/// The most jobs that one socket watches.
pub const SUBSCRIPTIONS_MAX: usize = 100;
/// The largest message that a client sends.
pub const MESSAGE_MAX_BYTES: usize = 4 * 1024;
/// How many messages wait for a slow client before its watchers wait too.
const OUTBOX: usize = 256;
/// How often a silent socket is pinged.
const PING_EVERY: Duration = Duration::from_secs(20);

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum FromClient {
    Subscribe {
        job: String,
        #[serde(default)]
        after: i64,
    },
    Unsubscribe {
        job: String,
    },
    Ping {},
}

/// Opens the socket. A browser's has to come from our own pages, since it brings cookies by itself.
///
/// # Errors
/// 401, or `csrf_refused` for a foreign page.
pub async fn open(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> ApiResult<Response> {
    caller.needs_scope("jobs")?;
    if !headers.contains_key(AUTHORIZATION) {
        csrf::check_origin(&headers, &state.parts.settings)?;
    }
    Ok(upgrade.max_message_size(MESSAGE_MAX_BYTES).on_upgrade(move |socket| Session::new(state, caller).run(socket)))
}

struct Session {
    state: AppState,
    caller: Caller,
    watching: HashMap<String, JoinHandle<()>>,
    to_client: mpsc::Sender<Value>,
    outbox: mpsc::Receiver<Value>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.watching.values().for_each(JoinHandle::abort);
    }
}

impl Session {
    fn new(state: AppState, caller: Caller) -> Self {
        let (to_client, outbox) = mpsc::channel(OUTBOX);
        Self { state, caller, watching: HashMap::new(), to_client, outbox }
    }

    async fn run(mut self, mut socket: WebSocket) {
        let mut ping = tokio::time::interval(PING_EVERY);
        loop {
            let sent = tokio::select! {
                Some(message) = self.outbox.recv() => socket.send(Message::Text(message.to_string().into())).await,
                _ = ping.tick() => socket.send(Message::Ping(Vec::new().into())).await,
                heard = socket.recv() => match heard {
                    Some(Ok(Message::Text(text))) => match self.hear(&text).await {
                        Some(reply) => socket.send(Message::Text(reply.to_string().into())).await,
                        None => Ok(()),
                    },
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                    Some(Ok(_)) => Ok(()),
                },
            };
            if sent.is_err() {
                return;
            }
        }
    }

    async fn hear(&mut self, text: &str) -> Option<Value> {
        match serde_json::from_str(text) {
            Ok(FromClient::Subscribe { job, after }) => self.subscribe(job, after).await,
            Ok(FromClient::Unsubscribe { job }) => {
                if let Some(watcher) = self.watching.remove(&job) {
                    watcher.abort();
                }
                None
            }
            Ok(FromClient::Ping {}) => Some(json!({ "type": "pong" })),
            Err(_) => Some(self.refuse(None, &ApiError::new(ErrorCode::InvalidJson, "not a message of this socket"))),
        }
    }

    async fn subscribe(&mut self, job: String, after: i64) -> Option<Value> {
        self.watching.retain(|_, watcher| !watcher.is_finished());
        if self.watching.len() >= SUBSCRIPTIONS_MAX {
            let error = ApiError::new(ErrorCode::LimitReached, "a socket watches at most 100 jobs");
            return Some(self.refuse(Some(&job), &error));
        }
        match Watch::begin(&self.state, &self.caller, &job, after).await {
            Ok(watch) => {
                let watcher = tokio::spawn(tell(watch, self.to_client.clone()));
                if let Some(earlier) = self.watching.insert(job, watcher) {
                    earlier.abort();
                }
                None
            }
            Err(error) => Some(self.refuse(Some(&job), &error)),
        }
    }

    fn refuse(&self, job: Option<&str>, error: &ApiError) -> Value {
        let mut body = error.body(self.caller.request_id.as_str());
        json!({ "type": "error", "job": job, "error": body["error"].take() })
    }
}

async fn tell(mut watch: Watch, to_client: mpsc::Sender<Value>) {
    while let Some(seen) = watch.next().await {
        let message = match seen {
            Seen::Event(row) => json!({ "type": "event", "job": watch.job_id(), "event": published(&row) }),
            Seen::Frame(frame) => json!({ "type": "frame", "job": watch.job_id(), "frame": frame }),
        };
        if to_client.send(message).await.is_err() {
            return;
        }
    }
    // The client may have gone.
    drop(to_client.send(json!({ "type": "end", "job": watch.job_id() })).await);
}
