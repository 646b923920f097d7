//! The socket: what a follower of running jobs hears, that it begins anew after a cut, and that a slow reader costs nothing.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest as _};

use crate::{
    pages::publish,
    support::{Api, start, text},
};

const PATIENCE: Duration = Duration::from_secs(20);

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn open(api: &Api, token: &str) -> Socket {
    let url = format!("ws://{}/v1/ws", api.client.address);
    let mut request = url.into_client_request().expect("a request");
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().expect("a header"));
    tokio_tungstenite::connect_async(request).await.expect("the socket opens").0
}

async fn say(socket: &mut Socket, message: Value) {
    socket.send(Message::text(message.to_string())).await.expect("it is sent");
}

async fn hear(socket: &mut Socket) -> Value {
    loop {
        let message = tokio::time::timeout(PATIENCE, socket.next()).await.expect("the socket is not silent");
        if let Message::Text(text) = message.expect("the socket is open").expect("a message") {
            return serde_json::from_str(&text).expect("JSON");
        }
    }
}

async fn submit(api: &Api, token: &str) -> String {
    let body = json!({"model": "a-model", "capability": "text_to_image", "params": {"prompt": "a boat"}});
    let job = api.client.post("/v1/jobs", Some(token), &body).await;
    assert_eq!(job.status, 202, "{}", job.text());
    text(&job.json()["id"])
}

async fn rich(api: &Api, email: &str) -> String {
    let person = api.register(email).await;
    let admin = api.admin().await;
    assert_eq!(api.recharge(&admin, &text(&person["user"]["tenants"][0]["id"]), email).await.status, 201);
    text(&person["access_token"])
}

#[tokio::test]
async fn a_follower_hears_of_the_tenants_jobs_first_those_that_run_then_what_happens() {
    let api = start().await;
    publish(&api).await;
    let ada = rich(&api, "ada@example.com").await;
    let stranger = text(&api.register("eve@example.com").await["access_token"]);
    let early = submit(&api, &ada).await;

    let (mut ours, mut theirs) = (open(&api, &ada).await, open(&api, &stranger).await);
    say(&mut ours, json!({"type": "follow"})).await;
    let running = hear(&mut ours).await;
    assert_eq!((&running["type"], &running["jobs"][0]["id"]), (&json!("running"), &json!(early)));
    say(&mut theirs, json!({"type": "follow"})).await;
    assert_eq!(hear(&mut theirs).await, json!({"type": "running", "jobs": []}));

    let late = submit(&api, &ada).await;
    let told = hear(&mut ours).await;
    assert_eq!((&told["job"], &told["event"]["type"]), (&json!(late), &json!("job.submitted")));
    assert_eq!(api.client.post(&format!("/v1/jobs/{late}/cancel"), Some(&ada), &json!({})).await.status, 200);
    let (asked, ended) = (hear(&mut ours).await, hear(&mut ours).await);
    assert_eq!(
        (&asked["event"]["type"], &ended["event"]["type"]),
        (&json!("job.cancel_requested"), &json!("job.canceled"))
    );
    assert!(ended["event"]["sequence"].as_i64() > asked["event"]["sequence"].as_i64(), "numbered: {ended}");

    // Cut, and begun anew: what ended meanwhile is no longer listed.
    drop(ours);
    let mut again = open(&api, &ada).await;
    say(&mut again, json!({"type": "follow"})).await;
    let running = hear(&mut again).await;
    assert_eq!(running["jobs"].as_array().map(Vec::len), Some(1), "{running}");
    say(&mut theirs, json!({"type": "ping"})).await;
    assert_eq!(hear(&mut theirs).await, json!({"type": "pong"}), "a stranger heard nothing of it");
}

#[tokio::test]
async fn a_slow_reader_misses_frames_but_no_event_and_nothing_is_kept_for_it() {
    const SENT: usize = 60_000;
    let api = start().await;
    publish(&api).await;
    let ada = rich(&api, "ada@example.com").await;
    let job = submit(&api, &ada).await;
    let mut socket = open(&api, &ada).await;
    say(&mut socket, json!({"type": "subscribe", "job": job, "after": 0})).await;
    assert_eq!(hear(&mut socket).await["event"]["type"], "job.submitted");

    let frame = json!({"type": "text", "offset": 0, "text": "x".repeat(1_000)}).to_string();
    for number in 0..SENT {
        api.state.bus.publish_frame(&job, frame.clone());
        if number % 100 == 0 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(api.client.post(&format!("/v1/jobs/{job}/cancel"), Some(&ada), &json!({})).await.status, 200);
    let (mut frames, mut events) = (0, Vec::new());
    loop {
        let message = hear(&mut socket).await;
        match message["type"].as_str() {
            Some("frame") => frames += 1,
            Some("event") => events.push(text(&message["event"]["type"])),
            _ => break,
        }
    }
    assert_eq!(events, ["job.cancel_requested", "job.canceled"]);
    assert!(frames < SENT / 2, "{frames} of {SENT} frames waited for who did not read");
}
