//! A gateway with something of everything to be seen: jobs that succeeded, failed, were canceled, and one that runs for
//! ever; texts, pictures, a video; an uploaded file, keys, a budget. All of it is done through the API.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::{
    answer::send,
    api_client::ApiClient,
    looking,
    world::{World, text},
};

/// A pace at which a video never gets ready.
const NEVER: f64 = 1_000.0;
/// How long all of it may take to be made.
const MADE_WITHIN: Duration = Duration::from_secs(120);
const CHAT: &str = "doubao-seed-2-0-mini";
const PICTURES: &str = "doubao-seedream-4-0";
const VIDEO: &str = "doubao-seedance-1-0-pro";
static SHARED: Mutex<Weak<Scene>> = Mutex::const_new(Weak::new());

/// The gateway, and what there is to be seen.
#[derive(Debug)]
pub struct Scene {
    /// The gateway.
    pub world: World,
    /// A text.
    pub text: String,
    /// A picture.
    pub picture: String,
    /// A video.
    pub video: String,
    /// A job that failed.
    pub failed: String,
    /// A job that was canceled.
    pub canceled: String,
    /// A job that runs, and goes on running.
    pub running: String,
    /// A key of ours at a provider.
    pub provider_key: String,
    /// A tenant.
    pub tenant: String,
}

impl Scene {
    /// The scene that the tests of a program share. They only look at it.
    ///
    /// # Errors
    /// When the gateway does not get ready, or refuses something.
    pub async fn shared() -> anyhow::Result<Arc<Self>> {
        let mut shared = SHARED.lock().await;
        if let Some(scene) = shared.upgrade() {
            return Ok(scene);
        }
        let scene = Arc::new(Self::furnish().await?);
        *shared = Arc::downgrade(&scene);
        Ok(scene)
    }

    /// A scene of one's own, made from nothing.
    ///
    /// # Errors
    /// When the gateway does not get ready, or refuses something.
    pub async fn furnish() -> anyhow::Result<Self> {
        let world = World::start(&[]).await?;
        let made = tokio::time::timeout(MADE_WITHIN, Self::play(&world)).await;
        let [text, picture, video, failed, canceled, running] = made.context("the scene took too long")??;
        let admin = world.admin_at(&world.base_url);
        let keys: Value = admin.get("/admin/api/provider-keys?provider=ark").await?;
        let tenants: Value = admin.get("/admin/api/tenants").await?;
        let (provider_key, tenant) = (self::text(&keys["data"][0]["id"])?, self::text(&tenants["data"][0]["id"])?);
        Ok(Self { world, text, picture, video, failed, canceled, running, provider_key, tenant })
    }

    async fn play(world: &World) -> anyhow::Result<[String; 6]> {
        let api = ApiClient::new(&world.base_url, &world.demo["ZEPHYR_API_KEY"], world.http.clone());
        let text = ask(&api, "Why is the sea salty and the river is not?").await?;
        ask(&api, "Write a haiku about a lighthouse.").await?;
        let picture = run(&api, &picture("A lighthouse at dusk, gouache on rough paper")).await?;
        run(&api, &self::picture("A red bicycle leaning on a blue door, morning light")).await?;
        let video = run(&api, &self::video("A boat leaves the harbour, the camera follows")).await?;
        upload(world, &api, &picture).await?;
        keys(world).await?;
        let refused = json!({ "code": "OutputVideoSensitiveContentDetected", "message": "sensitive" });
        world.upstream.schedule(&[json!({ "match": { "op": "video_create" }, "task_error": refused })]).await?;
        let failed = run(&api, &self::video("A crowd in front of a stage")).await?;
        world.set_time_scale(NEVER).await?;
        let running = submit(&api, &self::video("Clouds over a ridge, slowly")).await?;
        let canceled = submit(&api, &self::video("Rain on a window")).await?;
        send(api.post(&format!("/v1/jobs/{canceled}/cancel"), &json!({}))).await?;
        until(&api, &running, |job| job["status"] == "running").await?;
        Ok([text, picture, video, failed, canceled, running])
    }
}

async fn ask(api: &ApiClient, question: &str) -> anyhow::Result<String> {
    let messages = json!([{ "role": "user", "content": question }]);
    let body = json!({ "model": CHAT, "messages": messages, "max_completion_tokens": 200 });
    let answer = send(api.post("/v1/chat/completions", &body)).await?;
    let job_id = answer.header("x-zephyr-job-id");
    answer.expect(200)?;
    Ok(job_id)
}

fn picture(prompt: &str) -> Value {
    json!({ "model": PICTURES, "capability": "text_to_image", "params": { "prompt": prompt, "size": "1024x1024" } })
}

fn video(prompt: &str) -> Value {
    let params = json!({ "prompt": prompt, "resolution": "480p", "duration": 3 });
    json!({ "model": VIDEO, "capability": "text_to_video", "params": params })
}

async fn submit(api: &ApiClient, job: &Value) -> anyhow::Result<String> {
    text(&send(api.post("/v1/jobs", job)).await?.expect(202)?["id"])
}

async fn run(api: &ApiClient, job: &Value) -> anyhow::Result<String> {
    let id = submit(api, job).await?;
    until(api, &id, |job| !job["completed_at"].is_null()).await?;
    Ok(id)
}

async fn until(api: &ApiClient, id: &str, holds: impl Fn(&Value) -> bool) -> anyhow::Result<()> {
    looking::until("the job is as it is to be shown", MADE_WITHIN, async || {
        let job: Value = api.get(&format!("/v1/jobs/{id}")).await?;
        let is_so = holds(&job);
        ensure!(is_so || job["completed_at"].is_null(), "{job} has ended");
        Ok(is_so)
    })
    .await
}

/// Brings a picture from outside: the one that was just made.
async fn upload(world: &World, api: &ApiClient, job_id: &str) -> anyhow::Result<()> {
    let job: Value = api.get(&format!("/v1/jobs/{job_id}")).await?;
    let bytes = world.http.get(text(&job["outputs"][0]["url"])?).send().await?.error_for_status()?.bytes().await?;
    let part = reqwest::multipart::Part::bytes(bytes.to_vec()).file_name("harbour.jpg").mime_str("image/jpeg")?;
    let form = reqwest::multipart::Form::new().part("file", part);
    send(api.request(Method::POST, "/v1/assets").multipart(form)).await?.expect(201)?;
    Ok(())
}

/// Keys, which only a person makes.
async fn keys(world: &World) -> anyhow::Result<()> {
    let nobody = ApiClient::new(&world.base_url, "", world.http.clone());
    let credentials =
        json!({ "email": world.demo["ZEPHYR_USER_EMAIL"], "password": world.demo["ZEPHYR_USER_PASSWORD"] });
    let entered = send(nobody.post("/auth/login", &credentials)).await?.expect(200)?;
    let person = ApiClient::new(&world.base_url, text(&entered["access_token"])?, world.http.clone());
    for key in [json!({ "name": "Website" }), json!({ "name": "Newsletter", "budget": "250", "models": [CHAT] })] {
        send(person.post("/v1/keys", &key)).await?.expect(201)?;
    }
    Ok(())
}
