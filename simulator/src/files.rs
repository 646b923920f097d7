//! Files that were made, kept as recipes and rendered when somebody asks: nothing large stays in memory.
//! A link works for 24 hours; at most 100,000 recipes are kept, the oldest fall out.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::media::{Picture, Video};

/// How long a link works.
pub const LIFETIME_S: i64 = 24 * 3_600;
/// How many recipes are kept.
pub const CAPACITY: usize = 100_000;

/// How a file is made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Recipe {
    /// A PNG or JPEG.
    Picture(Picture),
    /// An MP4.
    Video(Video),
}

/// A recipe and when its link ends (unix seconds).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Made {
    /// How it is made.
    pub recipe: Recipe,
    /// When the link ends.
    pub expires_at: i64,
}

#[derive(Debug, Default)]
struct Shelf {
    made: HashMap<String, Made>,
    order: VecDeque<String>,
}

/// All links that may be asked for.
#[derive(Debug, Default)]
pub struct Files(Mutex<Shelf>);

impl Files {
    /// Puts a recipe under a name.
    pub fn put(&self, id: &str, made: Made) {
        let mut shelf = self.lock();
        if shelf.made.insert(id.to_owned(), made).is_none() {
            shelf.order.push_back(id.to_owned());
        }
        if shelf.order.len() > CAPACITY
            && let Some(oldest) = shelf.order.pop_front()
        {
            shelf.made.remove(&oldest);
        }
    }

    /// The recipe of a name, expired or not.
    pub fn get(&self, id: &str) -> Option<Made> {
        self.lock().made.get(id).cloned()
    }

    /// Forgets all.
    pub fn clear(&self) {
        *self.lock() = Shelf::default();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Recipe {
    /// The file's ending.
    pub fn extension(&self) -> &'static str {
        match self {
            Self::Picture(picture) => picture.format.extension(),
            Self::Video(_) => "mp4",
        }
    }

    /// The file's media type.
    pub fn content_type(&self) -> &'static str {
        match self {
            Self::Picture(picture) => picture.format.content_type(),
            Self::Video(_) => "video/mp4",
        }
    }

    /// The file's bytes; the same recipe gives the same bytes.
    pub fn render(&self) -> Vec<u8> {
        match self {
            Self::Picture(picture) => picture.render(),
            Self::Video(video) => video.render(),
        }
    }
}
