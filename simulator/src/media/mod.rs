//! Pictures and films that are real files, show what was asked for, and cost next to nothing to make.
//! Everything is drawn in square cells, so a large picture is little work. Nothing here reads the network or a clock.

mod bits;
mod canvas;
mod glyph;
mod h264;
mod jpeg;
mod mp4;
mod picture;
mod png;
mod video;

pub use picture::{Format, Picture};
pub use video::{FPS, Video};
