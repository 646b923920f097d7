//! What can be set about the pretended upstreams: seeds, latencies, ages and where state is kept.
//! Every duration is in milliseconds of simulated time and is multiplied by the time scale.

use std::path::PathBuf;

/// Settings of one simulator; `Default` is a believable provider in real time.
#[derive(Debug, Clone)]
pub struct Config {
    /// The only source of randomness: same seed and same calls, same answers.
    pub seed: u64,
    /// Real time per simulated time: 0.01 makes everything a hundred times faster.
    pub time_scale: f64,
    /// How long a video task waits before it runs.
    pub queued_ms: u64,
    /// How long a video task runs before it ends.
    pub running_ms: u64,
    /// From the request to the first token of a chat.
    pub first_token_ms: u64,
    /// Between two chunks of a streamed chat.
    pub chunk_ms: u64,
    /// How long one image takes.
    pub image_ms: u64,
    /// How long an embedding takes.
    pub embedding_ms: u64,
    /// Tasks that may wait in one account's queue before creates answer `QuotaExceeded`.
    pub max_queued_videos: usize,
    /// Tasks that Runway works on at once for an account and model; later ones are throttled.
    pub runway_concurrency: usize,
    /// Tasks that Runway takes a day for an account and model.
    pub runway_daily: usize,
    /// Words in a prompt that the content filter refuses.
    pub moderated_words: Vec<String>,
    /// Where tasks, files and the request log are kept across restarts; nowhere when `None`.
    pub state_dir: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 1,
            time_scale: 1.0,
            queued_ms: 3_000,
            running_ms: 12_000,
            first_token_ms: 200,
            chunk_ms: 15,
            image_ms: 1_500,
            embedding_ms: 30,
            max_queued_videos: 1_000,
            runway_concurrency: 20,
            runway_daily: 25_000,
            moderated_words: vec!["gore".into(), "beheading".into(), "血腥".into()],
            state_dir: None,
        }
    }
}
