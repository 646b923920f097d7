//! What people do in an ordinary week, in a minute: recharge, ask, replay, stop, run out; while upstream fails now and then.
//!
//! All choices come from the seed. It ends when no job is under way any more, save those that wait for a verdict.

use anyhow::{Context as _, bail, ensure};
use futures::future::try_join_all;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    answer::send,
    world::{Person, World, text},
};

const CHATS: &str = "/v1/chat/completions";
/// How often the jobs under way are listed: each time they are waited for, and new ones may have come of retries.
const ROUNDS: u32 = 600;

/// A random workload.
pub struct Workload {
    seed: u64,
}

impl Workload {
    /// The workload of a seed.
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Lets tenants take so many steps side by side.
    pub async fn run(&self, world: &World, tenants: usize, steps: usize) -> anyhow::Result<Vec<Person>> {
        let walks = (0..tenants).map(|tenant| {
            let dice = StdRng::seed_from_u64(self.seed.wrapping_add(tenant as u64));
            async move {
                let person = world.person("40").await?;
                let mut walk = Walk { world, person, dice };
                for step in 0..steps / tenants {
                    walk.step(step).await?;
                }
                anyhow::Ok(walk.person)
            }
        });
        let people = try_join_all(walks).await?;
        for person in &people {
            come_to_rest(person).await?;
        }
        Ok(people)
    }
}

struct Walk<'a> {
    world: &'a World,
    person: Person,
    dice: StdRng,
}

impl Walk<'_> {
    async fn step(&mut self, step: usize) -> anyhow::Result<()> {
        match self.dice.random_range(0..12) {
            0 => self.recharge(step).await,
            1 | 2 => self.fault().await,
            3..=5 => self.chat().await,
            6 => self.stream_and_leave().await,
            7 => self.replay(step).await,
            8 => {
                let image = image(self.dice.random_range(1..4));
                self.ask("/v1/images/generations", &image, "").await
            }
            9 => {
                self.ask("/v1/embeddings", &json!({ "model": "doubao-embedding-large", "input": "the sea" }), "").await
            }
            10 => self.ask("/v1/jobs", &video(), "").await,
            _ => self.stop_a_video().await,
        }
    }

    async fn recharge(&mut self, step: usize) -> anyhow::Result<()> {
        let amount = format!("{}.{:06}", self.dice.random_range(0..30), self.dice.random_range(1..1_000_000));
        let tenant_id = &self.person.tenant_id;
        for _ in 0..2 {
            let answer = self.world.recharge(tenant_id, &amount, &format!("step \"{step}\", é / 充值")).await?;
            ensure!(answer.status == 201 || answer.status == 200, "{answer:?}");
        }
        Ok(())
    }

    /// Something goes wrong with a coming call of anybody.
    async fn fault(&mut self) -> anyhow::Result<()> {
        let fault = match self.dice.random_range(0..6) {
            0 => json!({ "status": 400, "code": "InvalidParameter" }),
            1 => json!({ "status": 429, "code": "ServerOverloaded" }),
            2 => json!({ "match": { "op": "chat" }, "wrong_usage": { "completion_tokens": -1 } }),
            3 => json!({ "match": { "op": "chat" }, "cut_after_chunks": 3 }),
            4 => json!({ "match": { "op": "chat" }, "lose_answer": true }),
            _ => {
                json!({ "match": { "op": "video_create" }, "task_error": { "code": "OutputVideoSensitiveContentDetected" } })
            }
        };
        self.world.upstream.schedule(&[fault]).await
    }

    async fn chat(&mut self) -> anyhow::Result<()> {
        let mut body = question(if self.dice.random_bool(0.5) { "demo-flat-chat" } else { "doubao-seed-2-0-mini" });
        body["stream"] = json!(self.dice.random_bool(0.5));
        self.ask(CHATS, &body, "").await
    }

    async fn stream_and_leave(&mut self) -> anyhow::Result<()> {
        let mut body = question("doubao-seed-2-0-mini");
        body["stream"] = json!(true);
        let mut answer = self.person.api.post(CHATS, &body).send().await?;
        // Whatever came first is enough.
        drop(answer.chunk().await);
        Ok(())
    }

    async fn replay(&mut self, step: usize) -> anyhow::Result<()> {
        let key = format!("step-{step}");
        for _ in 0..2 {
            self.ask("/v1/jobs", &video(), &key).await?;
        }
        Ok(())
    }

    async fn stop_a_video(&mut self) -> anyhow::Result<()> {
        let answer = send(self.person.api.post("/v1/jobs", &video())).await?;
        if answer.status != 202 {
            return expected(&answer);
        }
        let path = format!("/v1/jobs/{}/cancel", text(&answer.body["id"])?);
        let stopped = send(self.person.api.post(&path, &json!({}))).await?;
        ensure!(matches!(stopped.status, 200 | 409), "{stopped:?}");
        Ok(())
    }

    async fn ask(&self, path: &str, body: &Value, key: &str) -> anyhow::Result<()> {
        let request = self.person.api.post(path, body);
        let request = if key.is_empty() { request } else { request.header("idempotency-key", key) };
        expected(&send(request).await?)
    }
}

/// Done, refused for want of credits, or failed upstream: never a defect of ours.
fn expected(answer: &crate::answer::Answer) -> anyhow::Result<()> {
    ensure!(matches!(answer.status, 200 | 202 | 400 | 402 | 409 | 429 | 502 | 503 | 504), "{answer:?}");
    Ok(())
}

/// Waits until no job of a tenant is under way, save those that wait for a verdict: by the events of each.
async fn come_to_rest(person: &Person) -> anyhow::Result<()> {
    for _ in 0..ROUNDS {
        let mut under_way = Vec::new();
        for status in ["queued", "running"] {
            let list: Value = person.api.get(&format!("/v1/jobs?limit=100&status={status}")).await?;
            let jobs = list["data"].as_array().cloned().unwrap_or_default();
            under_way.extend(jobs.into_iter().filter(|job| job["stage"] != "reconciling"));
        }
        if under_way.is_empty() {
            return Ok(());
        }
        for job in under_way {
            rests(person, &text(&job["id"])?).await?;
        }
    }
    bail!("{} does not come to rest", person.tenant_id)
}

/// Waits until a job has ended, or nobody knows how.
async fn rests(person: &Person, job_id: &str) -> anyhow::Result<()> {
    let path = format!("/v1/jobs/{job_id}/events");
    let so_far: Value = person.api.get(&path).await?;
    let last = so_far["data"].as_array().and_then(|events| events.last()).context("a job has an event")?;
    if last["type"] == "job.reconciling" {
        return Ok(());
    }
    let request = person.api.request(Method::GET, &format!("{path}?after={}", last["sequence"]));
    let mut answer = request.header("accept", "text/event-stream").send().await?.error_for_status()?;
    let mut heard = String::new();
    while let Some(chunk) = answer.chunk().await? {
        heard.push_str(&String::from_utf8_lossy(&chunk));
        if heard.contains("event: job.reconciling\n") {
            break;
        }
    }
    Ok(())
}

fn question(model: &str) -> Value {
    let messages = json!([{ "role": "user", "content": "Why is the sea salty?" }]);
    json!({ "model": model, "messages": messages, "max_completion_tokens": 60, "thinking": { "type": "disabled" } })
}

fn image(n: u32) -> Value {
    json!({ "model": "doubao-seedream-4-0", "prompt": "A lighthouse", "size": "1024x1024", "n": n })
}

fn video() -> Value {
    let params = json!({ "prompt": "A boat leaves", "resolution": "480p", "duration": 2 });
    json!({ "model": "doubao-seedance-1-0-pro", "capability": "text_to_video", "params": params })
}
