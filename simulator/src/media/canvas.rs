//! A small drawing made of square cells: ground, boxes and text. Encoders blow each cell up to a square of pixels.

use super::glyph;

/// Red, green, blue.
pub type Colour = [u8; 3];

/// Rows of coloured cells.
#[derive(Debug, Clone)]
pub struct Canvas {
    /// Cells in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    cells: Vec<Colour>,
}

impl Canvas {
    /// A ground that shades from one colour at the top to another at the bottom, in `bands` flat steps.
    pub fn shaded(width: usize, height: usize, top: Colour, bottom: Colour, band: usize) -> Self {
        let bands = height.div_ceil(band).max(2);
        let mut cells = Vec::with_capacity(width * height);
        for y in 0..height {
            let share = (y / band) as i32;
            let mix = |channel: usize| {
                let (from, to) = (i32::from(top[channel]), i32::from(bottom[channel]));
                (from + (to - from) * share / (bands as i32 - 1)).clamp(0, 255) as u8
            };
            let colour = [mix(0), mix(1), mix(2)];
            cells.resize(cells.len() + width, colour);
        }
        Self { width, height, cells }
    }

    /// The colour of a cell; beyond an edge, that of the edge.
    pub fn at(&self, x: usize, y: usize) -> Colour {
        self.cells[y.min(self.height - 1) * self.width + x.min(self.width - 1)]
    }

    /// The cells of one row.
    pub fn row(&self, y: usize) -> &[Colour] {
        &self.cells[y * self.width..(y + 1) * self.width]
    }

    /// Fills a rectangle, as far as it lies inside.
    pub fn rectangle(&mut self, x: usize, y: usize, width: usize, height: usize, colour: Colour) {
        let (left, right) = (x.min(self.width), (x + width).min(self.width));
        for row in y..(y + height).min(self.height) {
            self.cells[row * self.width + left..row * self.width + right].fill(colour);
        }
    }

    /// Writes lines of text that break at the right edge; stops at `bottom`. Returns where the next line would stand.
    pub fn text(&mut self, text: &str, place: Place, colour: Colour) -> usize {
        let step = 8 * place.scale;
        let columns = (self.width.saturating_sub(2 * place.x) / step).max(1);
        let mut y = place.y;
        for line in wrap(text, columns) {
            if y + step > place.bottom {
                break;
            }
            self.line(&line, place.x, y, place.scale, colour);
            y += step + place.scale;
        }
        y
    }

    /// Writes one line; what goes beyond the right edge is cut off.
    pub fn line(&mut self, text: &str, x: usize, y: usize, scale: usize, colour: Colour) {
        for (column, character) in text.chars().enumerate() {
            self.character(character, x + column * 8 * scale, y, scale, colour);
        }
    }

    fn character(&mut self, character: char, x: usize, y: usize, scale: usize, colour: Colour) {
        for (row, bits) in glyph::of(character).into_iter().enumerate() {
            for column in (0..8).filter(|column| bits >> column & 1 == 1) {
                self.rectangle(x + column * scale, y + row * scale, scale, scale, colour);
            }
        }
    }
}

/// Where text starts, how far down it may go, and how large it is.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Left edge; the same is kept free at the right.
    pub x: usize,
    /// Top edge.
    pub y: usize,
    /// No line goes below this.
    pub bottom: usize,
    /// Cells per pixel of the font.
    pub scale: usize,
}

/// Breaks text at spaces, and inside words that are longer than a line.
fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > columns {
            lines.push(String::new());
            used = 0;
        }
        let space = (used > 0).then_some(' ');
        for character in space.into_iter().chain(word.chars()) {
            if used == columns {
                lines.push(String::new());
                used = 0;
            }
            if let Some(line) = lines.last_mut() {
                line.push(character);
            }
            used += 1;
        }
    }
    lines
}
