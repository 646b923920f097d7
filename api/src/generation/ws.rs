//! `GET /v1/ws`: one socket, any number of jobs. Clients subscribe by job and resume by number, or follow all that run.
//!
//! What either side sends stands at [`open`]. Nothing waits without a bound: a client that reads slowly makes its watchers
//! wait, who then read the log; one that reads nothing for [`SEND_WITHIN`] is let go.

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
use store::identity::IdentityError;
use tokio::{sync::mpsc, task::JoinHandle};

use super::{
    running::{self, Heard, Running},
    watch::{Seen, Watch, published},
};
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
/// How often a silent socket is pinged, and its client looked at anew.
const PING_EVERY: Duration = Duration::from_secs(20);
/// How long a client may take to read one message.
const SEND_WITHIN: Duration = Duration::from_secs(30);

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
    Follow {},
    Ping {},
}

/// Opens a socket of JSON messages.
///
/// To us: `{"type":"subscribe","job":"job_…","after":3}` for the events of a job after a number,
/// `{"type":"unsubscribe","job":"job_…"}`, `{"type":"follow"}` for all jobs of the tenant that are under way, `{"type":"ping"}`.
///
/// From us: `{"type":"event","job":…,"event":{…}}` with the numbered events of `GET /v1/jobs/{id}/events`,
/// `{"type":"frame","job":…,"frame":{…}}` with progress and text of a subscribed job, `{"type":"end","job":…}` after its last
/// event, `{"type":"running","jobs":[…]}` with what is under way when following begins, `{"type":"error","job":…,"error":{…}}`,
/// `{"type":"pong"}`.
///
/// A browser's socket has to come from our own pages, since it brings cookies by itself.
///
/// # Errors
/// 401, or `csrf_refused` for a foreign page.
#[utoipa::path(get, path = "/v1/ws", tag = "jobs", security(("api_key" = []), ("token" = [])), responses(
    (status = 101, description = "The socket is open."), (status = 401), (status = 403, description = "csrf_refused"),
))]
pub async fn open(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> ApiResult<Response> {
    if !headers.contains_key(AUTHORIZATION) {
        csrf::check_origin(&headers, &state.parts.settings)?;
    }
    Ok(upgrade.max_message_size(MESSAGE_MAX_BYTES).on_upgrade(move |socket| Session::new(state, caller).run(socket)))
}

struct Session {
    state: AppState,
    caller: Caller,
    watching: HashMap<String, JoinHandle<()>>,
    following: Option<JoinHandle<()>>,
    to_client: mpsc::Sender<Value>,
    outbox: mpsc::Receiver<Value>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.watching.values().chain(&self.following).for_each(JoinHandle::abort);
    }
}

impl Session {
    fn new(state: AppState, caller: Caller) -> Self {
        let (to_client, outbox) = mpsc::channel(OUTBOX);
        Self { state, caller, watching: HashMap::new(), following: None, to_client, outbox }
    }

    async fn run(mut self, mut socket: WebSocket) {
        let mut ping = tokio::time::interval(PING_EVERY);
        loop {
            let message = tokio::select! {
                Some(message) = self.outbox.recv() => Some(Message::Text(message.to_string().into())),
                _ = ping.tick() => {
                    if !self.is_welcome().await {
                        return;
                    }
                    Some(Message::Ping(Vec::new().into()))
                }
                heard = socket.recv() => match heard {
                    Some(Ok(Message::Text(text))) => self.hear(&text).await.map(|reply| Message::Text(reply.to_string().into())),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                    Some(Ok(_)) => None,
                },
            };
            let Some(message) = message else { continue };
            let sent = tokio::time::timeout(SEND_WITHIN, socket.send(message)).await;
            if !matches!(sent, Ok(Ok(()))) {
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
            Ok(FromClient::Follow {}) => self.follow().await,
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

    async fn follow(&mut self) -> Option<Value> {
        match Running::begin(&self.state, &self.caller).await {
            Ok(running) => {
                let earlier = self.following.replace(tokio::spawn(tell_running(running, self.to_client.clone())));
                if let Some(earlier) = earlier {
                    earlier.abort();
                }
                None
            }
            Err(error) => Some(self.refuse(None, &error)),
        }
    }

    /// Whether whoever opened the socket may still read. While that can't be asked, they may.
    async fn is_welcome(&self) -> bool {
        let Self { state, caller, .. } = self;
        let tenants = state.live.tenants();
        let Some(tenant) = tenants.tenant(&caller.tenant_id).filter(|tenant| tenant.suspended.is_none()) else {
            return false;
        };
        let key_lives = caller.api_key_id().is_none_or(|id| tenant.api_keys.contains_key(id));
        let Some(session_id) = caller.session_id else { return key_lives };
        let session = state.sessions.find(&state.identity, session_id, state.store.now()).await;
        !matches!(session, Err(IdentityError::SessionEnded | IdentityError::Disabled))
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

async fn tell_running(mut running: Running, to_client: mpsc::Sender<Value>) {
    while let Some(heard) = running.next().await {
        let message = match heard {
            Heard::Jobs(jobs) => {
                json!({ "type": "running", "jobs": jobs.iter().map(running::published).collect::<Vec<_>>() })
            }
            Heard::Event(row) => json!({ "type": "event", "job": row.job_id, "event": published(&row) }),
        };
        if to_client.send(message).await.is_err() {
            return;
        }
    }
}
