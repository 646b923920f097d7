//! A generated picture: a shaded ground in colours that the prompt decides, with the size and the prompt written on it.

use serde::{Deserialize, Serialize};

use super::canvas::{Canvas, Colour, Place};
use super::{jpeg, png};
use crate::chance::digest;

/// Which kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP, without loss.
    Webp,
}

impl Format {
    /// The file's ending.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Webp => "webp",
        }
    }

    /// The file's media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }
}

/// What to draw.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Picture {
    /// Written on the picture; also decides its colours.
    pub prompt: String,
    /// A second line: which one of a sequence, which references were used.
    pub note: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// PNG or JPEG.
    pub format: Format,
    /// Whether the provider's mark stands at the bottom right.
    pub watermark: bool,
}

const INK: Colour = [250, 250, 245];
const SHADE: Colour = [24, 28, 40];

impl Picture {
    /// The file's bytes.
    pub fn render(&self) -> Vec<u8> {
        let canvas = self.draw();
        match self.format {
            Format::Jpeg => jpeg::encode(&canvas, self.width, self.height),
            Format::Png => png::encode(&canvas, self.width, self.height, jpeg::CELL),
            Format::Webp => webp(&png::encode(&canvas, self.width, self.height, jpeg::CELL)).unwrap_or_default(),
        }
    }

    fn draw(&self) -> Canvas {
        let (width, height) = (self.width.div_ceil(jpeg::CELL) as usize, self.height.div_ceil(jpeg::CELL) as usize);
        let (top, bottom) = colours(&format!("{}{}", self.prompt, self.note));
        let mut canvas = Canvas::shaded(width, height, top, bottom, 1);
        let scale = (width / 200).max(1);
        let margin = width / 16;
        let floor = height.saturating_sub(11 * scale);
        let mut place = Place { x: margin, y: margin, bottom: floor, scale };
        place.y = canvas.text(&format!("{}x{}", self.width, self.height), place, INK) + scale * 2;
        if !self.note.is_empty() {
            place.y = canvas.text(&self.note, place, INK) + scale * 2;
        }
        canvas.text(&self.prompt, place, INK);
        if self.watermark {
            mark(&mut canvas, scale);
        }
        canvas
    }
}

/// The same picture as WebP.
fn webp(png: &[u8]) -> image::ImageResult<Vec<u8>> {
    let mut file = std::io::Cursor::new(Vec::new());
    let picture = image::load_from_memory_with_format(png, image::ImageFormat::Png)?.to_rgba8();
    picture.write_to(&mut file, image::ImageFormat::WebP)?;
    Ok(file.into_inner())
}

/// The mark of generated content, at the bottom right.
pub fn mark(canvas: &mut Canvas, scale: usize) {
    let (width, height) = (16 * scale + 2, 8 * scale + 2);
    let (x, y) = (canvas.width.saturating_sub(width + 1), canvas.height.saturating_sub(height + 1));
    canvas.rectangle(x, y, width, height, SHADE);
    canvas.line("AI", x + 1, y + 1, scale, INK);
}

/// Two dark enough colours that the text decides.
pub fn colours(text: &str) -> (Colour, Colour) {
    let bytes = digest(text.as_bytes()).to_le_bytes();
    let dark = |byte: u8| 20 + byte / 2;
    ([dark(bytes[0]), dark(bytes[1]), dark(bytes[2])], [dark(bytes[3]) / 2, dark(bytes[4]) / 2, dark(bytes[5]) / 2])
}
