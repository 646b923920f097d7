//! Frames: unnumbered progress and text, best effort. One subscription a process, fanned out to whoever watches here,
//! with the latest progress of each job for those who come later.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use bus::{Bus, Frame};
use futures::StreamExt as _;
use tokio::sync::broadcast;

/// How many frames a slow watcher may lag behind before it misses some.
const LAG: usize = 1_024;
/// How many jobs' latest progress is remembered.
const REMEMBERED: usize = 10_000;

/// The frames of all jobs, as this process hears them.
#[derive(Clone)]
pub struct Frames {
    heard: broadcast::Sender<Frame>,
    latest: Arc<Mutex<HashMap<String, Frame>>>,
}

impl Frames {
    /// Begins to listen.
    #[must_use]
    pub fn listen(bus: &Bus) -> Self {
        let (heard, _) = broadcast::channel(LAG);
        let frames = Self { heard, latest: Arc::default() };
        let (listening, mut coming) = (frames.clone(), bus.subscribe_frames());
        tokio::spawn(async move {
            while let Some(frame) = coming.next().await {
                listening.hear(frame);
            }
        });
        frames
    }

    /// All frames from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Frame> {
        self.heard.subscribe()
    }

    /// The last progress of a job, if some was heard here.
    #[must_use]
    pub fn latest(&self, job_id: &str) -> Option<Frame> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).get(job_id).cloned()
    }

    fn hear(&self, frame: Frame) {
        let progress = serde_json::from_slice::<serde_json::Value>(&frame.payload);
        if progress.is_ok_and(|frame| frame["type"] == "progress") {
            let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
            if latest.len() >= REMEMBERED {
                latest.clear();
            }
            latest.insert(frame.job_id.clone(), frame.clone());
        }
        // Nobody watching is no error.
        drop(self.heard.send(frame));
    }
}
