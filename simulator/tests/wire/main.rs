//! The simulator through real HTTP, one module per path of the provider, one for the control routes.
//! Ages and latencies are settings, so no test sleeps.

mod callbacks;
mod chat;
mod embeddings;
mod faults;
mod images;
mod openai;
mod restarts;
mod running;
mod runway;
mod video;
