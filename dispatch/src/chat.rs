//! Answers to a caller who waits: whole ones, and text as it comes. The work goes on in a task of its own, so that a
//! caller who goes away never leaves an attempt half judged; the policy of the capability says what that costs.

use domain::{
    Credits,
    capability::Disconnect,
    job::Usage,
    pricing::Meter,
    unit::{Unit, Unsuccessful},
};
use futures::StreamExt;
use providers::{ChatEvent, ChatStream, UpstreamError, Verdict};
use serde_json::{Value, json};
use store::contents::TextKind;
use tokio::sync::mpsc;

use crate::{
    Dispatcher, Started,
    heartbeat::Heartbeat,
    perform::{Answer, Finished, finished},
    settle::{ATTEMPTS_AT_MOST, failure},
};

/// How many frames may wait for a slow caller before upstream is read no further; see [`crate::Ages::caller_takes`].
pub const FRAMES_WAITING: usize = 64;
/// What a token is worth in bytes of text when upstream did not say what it used.
const BYTES_PER_TOKEN: usize = 4;

/// A piece of a streamed answer, for the caller.
#[derive(Clone, Debug)]
pub enum ChatFrame {
    /// A chunk in OpenAI's shape.
    Chunk(Value),
    /// The chunk that carries the usage, asked for or not.
    Usage {
        /// In OpenAI's shape.
        chunk: Value,
        /// Whether only we asked for it.
        forced: bool,
    },
    /// The end: settled.
    Done {
        /// What the job was charged.
        cost: Credits,
    },
    /// The end: failed, and nothing charged.
    Failed(UpstreamError),
    /// The end: settled, but the caller took nothing for too long, so that frames are missing.
    CutOff,
}

/// The frames of a streamed answer. Dropping it is going away.
pub type ChatFrames = mpsc::Receiver<ChatFrame>;

/// Why a caller who waits gets no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// Upstream refused, for good. Nothing was charged.
    #[error(transparent)]
    Refused(#[from] UpstreamError),
    /// Nobody knows whether upstream did the work: the job is reconciled.
    #[error("the outcome is unknown: {0}")]
    Unknown(UpstreamError),
    /// The store is out of reach; the job is reconciled.
    #[error("{0}")]
    Unavailable(String),
}

impl Dispatcher {
    /// Makes the attempt of a started job, and on definite refusals further ones, to its end.
    ///
    /// # Errors
    /// When there is no answer; the job has been ended or is reconciled.
    pub async fn answer(&self, started: Started, params: Value) -> Result<Finished, Unanswered> {
        let dispatcher = self.clone();
        let working = tokio::spawn(async move { dispatcher.answer_to_end(started, params).await });
        working.await.unwrap_or_else(|error| Err(Unanswered::Unavailable(error.to_string())))
    }

    async fn answer_to_end(&self, mut started: Started, params: Value) -> Result<Finished, Unanswered> {
        let tenant_id = started.run.tenant_id.clone();
        let params = match self.with_media(&tenant_id, params).await {
            Ok(params) => params,
            Err(error) => {
                let refused = UpstreamError::ours(Verdict::Fail, error.code(), error.to_string());
                return Err(self.judge(started, refused).await);
            }
        };
        loop {
            let call = self.call(&started.run, &started.start, params.clone());
            let heartbeat = self.heartbeat(&started.run.job_id, &call.attempt_id);
            let performed = if self.by_tasks(&started.run, &started.chosen) {
                self.submit_task(&started.run, &started.chosen, &call).await.map(|submitted| submitted.map(|()| None))
            } else {
                self.perform(&started.run, &started.chosen, &call).await.map(|performed| performed.map(Some))
            };
            drop(heartbeat);
            match performed {
                Ok(Err(error)) => started = self.try_again(started, error).await?,
                Ok(Ok(Some(finished))) => return Ok(finished),
                Ok(Ok(None)) => {
                    // The key goes back: upstream works on the task by itself.
                    let Started { run, .. } = started;
                    return self.end_of_task(&run).await;
                }
                // The job's lease lapses, and whoever finds it reconciles.
                Err(unsettled) => return Err(Unanswered::Unavailable(unsettled.to_string())),
            }
        }
    }

    /// Opens the answer as a stream, on another key after a definite refusal. Frames come until the end is settled.
    ///
    /// # Errors
    /// When there is no answer; the job has been ended or is reconciled.
    pub async fn answer_streamed(&self, started: Started, params: Value) -> Result<ChatFrames, Unanswered> {
        let dispatcher = self.clone();
        let opening = tokio::spawn(async move { dispatcher.open_stream(started, params).await });
        opening.await.unwrap_or_else(|error| Err(Unanswered::Unavailable(error.to_string())))
    }

    async fn open_stream(&self, mut started: Started, params: Value) -> Result<ChatFrames, Unanswered> {
        loop {
            let call = self.call(&started.run, &started.start, params.clone());
            let Some(adapter) = self.adapter(&started.chosen.settings.adapter) else {
                return Err(self.judge(started, crate::follow::no_adapter()).await);
            };
            let heartbeat = self.heartbeat(&started.run.job_id, &call.attempt_id);
            self.pool.about_to_call(&started.chosen).await;
            match adapter.chat_stream(&started.chosen.endpoint, &call).await {
                Ok(stream) => {
                    let (frames, reader) = mpsc::channel(FRAMES_WAITING);
                    let heard = Heard::default();
                    let pump = Pump { dispatcher: self.clone(), started, frames, gone: false, params, heard };
                    tokio::spawn(pump.run(stream, heartbeat));
                    return Ok(reader);
                }
                Err(error) => {
                    self.heed(&started.chosen, Err(&error)).await;
                    started = self.try_again(started, error).await?;
                }
            }
        }
    }

    /// After a refusal that cost nothing another key may do; anything else is judged.
    async fn try_again(&self, started: Started, error: UpstreamError) -> Result<Started, Unanswered> {
        if error.fate != Verdict::Retry || started.number >= ATTEMPTS_AT_MOST {
            return Err(self.judge(started, error).await);
        }
        match self.next_key(started, &error).await {
            Ok(next) => Ok(next),
            Err(started) => Err(self.judge(*started, error).await),
        }
    }

    /// Ends the job as the refusal says, or leaves it to be reconciled.
    async fn judge(&self, started: Started, error: UpstreamError) -> Unanswered {
        let Started { run, start, .. } = started;
        let unknown = error.fate == Verdict::Unknown;
        let ended = if unknown {
            self.mark_unknown(&run, &start.attempt_id, error.code).await
        } else {
            self.fail_for_good(&run, &start.attempt_id, &failure(&error)).await
        };
        match ended {
            Err(failed) => Unanswered::Unavailable(failed.to_string()),
            Ok(_) if unknown => Unanswered::Unknown(error),
            Ok(_) => Unanswered::Refused(error),
        }
    }
}

/// What was heard of a streamed answer so far.
#[derive(Default)]
struct Heard {
    text: String,
    reasoning: String,
    finish_reason: Option<String>,
    usage: Option<Usage>,
}

/// Carries one streamed answer from upstream to the caller, and settles it.
struct Pump {
    dispatcher: Dispatcher,
    started: Started,
    frames: mpsc::Sender<ChatFrame>,
    /// Whether the caller has hung up, or takes nothing any more.
    gone: bool,
    params: Value,
    heard: Heard,
}

impl Pump {
    async fn run(mut self, mut stream: ChatStream, heartbeat: Heartbeat) {
        let finish_alone = self.started.run.callable.capability.policies.disconnect == Disconnect::ChargeFullUsage;
        let end = loop {
            if self.gone && !finish_alone {
                break None;
            }
            let event = tokio::select! {
                event = stream.next() => event,
                () = self.frames.closed(), if !self.gone => {
                    self.gone = true;
                    continue;
                }
            };
            match event {
                Some(Ok(ChatEvent::Done)) => break Some(Ok(())),
                Some(Ok(event)) => self.pass_on(event).await,
                Some(Err(error)) => break Some(Err(error)),
                None => break Some(Err(cut())),
            }
        };
        drop(stream);
        drop(heartbeat);
        if let Some(end) = &end {
            self.dispatcher.heed(&self.started.chosen, end.as_ref().copied()).await;
        }
        let last = match end {
            None => self.client_gone().await,
            Some(Ok(())) => self.settle().await,
            Some(Err(error)) => self.fail(error).await,
        };
        let Self { started, frames, gone, .. } = self;
        // The key goes back before a slow caller has taken the last frame, for which only its connection waits.
        drop(started);
        // The caller may have gone by now; the settlement stands.
        drop(frames.send(if gone { ChatFrame::CutOff } else { last }).await);
    }

    async fn pass_on(&mut self, event: ChatEvent) {
        let frame = match event {
            ChatEvent::Chunk(chunk) => {
                self.hear(&chunk);
                ChatFrame::Chunk(chunk)
            }
            ChatEvent::Usage { chunk, usage, forced } => {
                self.hear(&chunk);
                self.heard.usage = Some(usage);
                ChatFrame::Usage { chunk, forced }
            }
            ChatEvent::Done => return,
        };
        if !self.gone {
            let within = self.dispatcher.parts().ages.caller_takes;
            self.gone = self.frames.send_timeout(frame, within).await.is_err();
        }
    }

    fn hear(&mut self, chunk: &Value) {
        let Some(choice) = chunk["choices"].get(0) else { return };
        if let Some(text) = choice["delta"]["content"].as_str().filter(|text| !text.is_empty()) {
            let frame = json!({ "type": "text", "offset": self.heard.text.len(), "text": text });
            let bus = &self.dispatcher.parts().bus;
            bus.publish_frame(self.started.run.job_id.as_str(), frame.to_string());
            self.heard.text.push_str(text);
        }
        if let Some(text) = choice["delta"]["reasoning_content"].as_str() {
            self.heard.reasoning.push_str(text);
        }
        if let Some(reason) = choice["finish_reason"].as_str() {
            self.heard.finish_reason = Some(reason.to_owned());
        }
    }

    async fn settle(&self) -> ChatFrame {
        let Started { run, start, .. } = &self.started;
        self.keep_text().await;
        let usage = self.heard.usage.clone().unwrap_or_default();
        match self.dispatcher.succeed(run, &start.attempt_id, vec![], usage).await {
            Ok(committed) => match finished(Answer::Body(Value::Null), &committed) {
                Ok(Finished { cost, .. }) => ChatFrame::Done { cost },
                Err(error) => ChatFrame::Failed(error),
            },
            Err(error) => ChatFrame::Failed(unsettled(&error)),
        }
    }

    async fn fail(&self, error: UpstreamError) -> ChatFrame {
        let Started { run, start, .. } = &self.started;
        match self.dispatcher.fail_for_good(run, &start.attempt_id, &failure(&error)).await {
            Ok(_) => ChatFrame::Failed(error),
            Err(error) => ChatFrame::Failed(unsettled(&error)),
        }
    }

    /// The caller went away and upstream was hung up on: the declared policy says what that costs.
    async fn client_gone(&self) -> ChatFrame {
        let Started { run, .. } = &self.started;
        self.keep_text().await;
        let capability = &run.callable.capability;
        let usage = self.heard.usage.clone().unwrap_or_else(|| self.counted());
        let charge = match capability.policies.disconnect {
            Disconnect::ChargeNothing => None,
            _ => run.charge(&usage).ok(),
        };
        let unit = match charge {
            None => Unit::release(&run.tenant_id, &run.job_id, Unsuccessful::Canceled),
            Some(charge) => {
                let terms = (charge.amount, capability.policies.overrun);
                Unit::cancel_charged(&run.tenant_id, &run.job_id, usage, terms)
            }
        };
        match self.dispatcher.end(run, unit).await {
            Ok(committed) => match finished(Answer::Body(Value::Null), &committed) {
                Ok(Finished { cost, .. }) => ChatFrame::Done { cost },
                Err(error) => ChatFrame::Failed(error),
            },
            Err(error) => ChatFrame::Failed(unsettled(&error)),
        }
    }

    /// The usage so far when upstream has not said it: counted from the text that was sent and received.
    fn counted(&self) -> Usage {
        let tokens = |bytes: usize| u64::try_from(bytes.div_ceil(BYTES_PER_TOKEN)).unwrap_or(u64::MAX);
        let asked = self.params.get("messages").map_or(0, |messages| messages.to_string().len());
        Usage::new()
            .with(Meter::InputToken, tokens(asked))
            .with(Meter::CachedInputToken, 0)
            .with(Meter::OutputToken, tokens(self.heard.text.len() + self.heard.reasoning.len()))
    }

    async fn keep_text(&self) {
        let Heard { text, reasoning, finish_reason, .. } = &self.heard;
        let body = json!({ "content": text, "reasoning_content": reasoning, "finish_reason": finish_reason });
        self.dispatcher.keep_text(&self.started.run, TextKind::Text, body.to_string()).await;
    }
}

fn cut() -> UpstreamError {
    let message = "the provider cut the answer off";
    UpstreamError::ours(Verdict::Fail, providers::code::UNAVAILABLE, message)
}

fn unsettled(error: &store::ExecuteError) -> UpstreamError {
    UpstreamError::ours(Verdict::Unknown, "not_settled", format!("the job is not settled yet: {error}"))
}
