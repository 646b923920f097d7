//! A generated film: the prompt, size and length on a shaded ground, and a box that slides from side to side.

use serde::{Deserialize, Serialize};

use super::canvas::{Canvas, Colour, Place};
use super::h264::{CELL, Frame, Slide};
use super::mp4::{self, Track};
use super::picture::{colours, mark};

/// Frames per second, as the provider's.
pub const FPS: u32 = 24;
/// Frames from one key frame to the next: eight seconds.
const KEY_EVERY: u32 = 192;
/// How much of a prompt is written on the film.
const MAX_WRITTEN: usize = 120;
const BOX: Colour = [236, 190, 70];
const INK: Colour = [250, 250, 245];

/// What to film.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Video {
    /// Written on the film; also decides its colours.
    pub prompt: String,
    /// Pixels, even.
    pub width: u32,
    /// Pixels, even.
    pub height: u32,
    /// How many frames at 24 a second.
    pub frames: u32,
    /// Whether the provider's mark stands at the bottom right.
    pub watermark: bool,
}

/// Where the box runs, in cells: it slides `step` cells a frame and turns at both ends.
struct Path {
    step: usize,
    steps: usize,
    side: usize,
    top: usize,
    left: usize,
}

impl Path {
    fn new(canvas: &Canvas) -> Self {
        let step = (canvas.width / 160).max(1);
        let side = canvas.height / 6;
        let left = canvas.width / 16;
        let room = canvas.width.saturating_sub(2 * left + side);
        Self { step, steps: (room / step).max(1), side, top: canvas.height * 5 / 8, left }
    }

    fn at(&self, frame: usize) -> usize {
        let turn = frame % (2 * self.steps);
        self.left + self.step * if turn < self.steps { turn } else { 2 * self.steps - turn }
    }

    fn slide(&self, frame: usize) -> Slide {
        let (before, now) = (self.at(frame - 1), self.at(frame));
        Slide {
            left: before.min(now),
            width: self.side + before.abs_diff(now),
            top: self.top,
            height: self.side,
            shift: now as i32 - before as i32,
        }
    }
}

impl Video {
    /// The file's bytes.
    pub fn render(&self) -> Vec<u8> {
        let ground = self.draw();
        let track = Path::new(&ground);
        let frame = Frame::new(self.width, self.height);
        let frames = (0..self.frames).map(|number| {
            let since_key = number % KEY_EVERY;
            if since_key > 0 {
                return (frame.moved(track.slide(number as usize), since_key), false);
            }
            let mut canvas = ground.clone();
            canvas.rectangle(track.at(number as usize), track.top, track.side, track.side, BOX);
            (frame.key(&canvas, number / KEY_EVERY), true)
        });
        mp4::wrap(&Track {
            width: self.width,
            height: self.height,
            fps: FPS,
            sequence_parameters: frame.sequence_parameters(),
            picture_parameters: frame.picture_parameters(),
            frames: frames.collect(),
        })
    }

    fn draw(&self) -> Canvas {
        let (width, height) = ((self.width as usize).div_ceil(CELL), (self.height as usize).div_ceil(CELL));
        let (top, bottom) = colours(&self.prompt);
        let mut canvas = Canvas::shaded(width, height, top, bottom, 4);
        // No text stands where the box runs, which ends above the mark.
        let margin = width / 20;
        let mut place = Place { x: margin, y: margin, bottom: height * 5 / 8 - 4, scale: 1 };
        let seconds = f64::from(self.frames) / f64::from(FPS);
        place.y = canvas.text(&format!("{}x{} {seconds:.1} s", self.width, self.height), place, INK) + 2;
        canvas.text(&self.prompt.chars().take(MAX_WRITTEN).collect::<String>(), place, INK);
        if self.watermark {
            mark(&mut canvas, 1);
        }
        canvas
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::digest;

    /// ffmpeg decodes exactly these bytes without a complaint (`ffmpeg -v error -i … -f null -`), and the box moves in them.
    /// Whoever changes the encoder decodes the new film before changing the number.
    #[test]
    fn the_film_is_the_one_that_was_decoded() {
        let prompt = "A red fox runs through the snow".into();
        let film = Video { prompt, width: 1112, height: 834, frames: 241, watermark: true }.render();
        assert_eq!((film.len(), digest(&film)), (233_949, 9_422_984_332_439_264_017));
    }

    #[test]
    fn the_box_turns_at_both_ends_and_stays_inside() {
        let canvas = Canvas::shaded(320, 180, INK, BOX, 4);
        let path = Path::new(&canvas);
        let places: Vec<usize> = (0..500).map(|frame| path.at(frame)).collect();
        assert!(places.iter().all(|left| *left > 0 && left + path.side < 320));
        assert!(places.windows(2).all(|pair| pair[0].abs_diff(pair[1]) == path.step));
    }
}
