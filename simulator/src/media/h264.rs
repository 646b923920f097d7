//! A very small H.264 encoder (constrained baseline) for one kind of film: a still picture with a box that slides sideways.
//!
//! | frame | how it is written |
//! |-------|-------------------|
//! | key   | a macroblock that equals its left or upper neighbour is predicted from it, any other is stored as samples |
//! | other | macroblocks that the box touches are copied from the frame before, shifted; all others are skipped |
//!
//! There is no transform, no quantiser and no residual, so a film costs milliseconds and a few kilobytes.
//! A crate around a full encoder would need a C++ compiler and a minute of build for the same picture.

use super::bits::Bits;
use super::canvas::Canvas;
use super::jpeg::ycbcr;

/// Pixels of a canvas cell's side; a macroblock is 4 × 4 cells.
pub const CELL: usize = 4;
const BLOCK: usize = 16 / CELL;

/// The picture's size in pixels and macroblocks.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    width: usize,
    height: usize,
    columns: usize,
    rows: usize,
}

/// A rectangle of cells that moves by `shift` cells since the frame before.
#[derive(Debug, Clone, Copy)]
pub struct Slide {
    /// Left edge of what it covers now and covered before.
    pub left: usize,
    /// Cells from the left edge to the right edge of both.
    pub width: usize,
    /// Top edge.
    pub top: usize,
    /// Cells from top to bottom.
    pub height: usize,
    /// Cells to the right (negative: left).
    pub shift: i32,
}

impl Frame {
    /// A frame of even width and height.
    pub fn new(width: u32, height: u32) -> Self {
        let (width, height) = (width as usize, height as usize);
        Self { width, height, columns: width.div_ceil(16), rows: height.div_ceil(16) }
    }

    /// The sequence parameter set.
    pub fn sequence_parameters(&self) -> Vec<u8> {
        let level = match self.columns * self.rows {
            0..=3_600 => 31,
            3_601..=8_192 => 40,
            _ => 51,
        };
        let mut bits = Bits::default();
        for byte in [0x67, 66, 0xc0, level] {
            bits.put(byte, 8);
        }
        // Set 0; 8 bits of frame_num; order is decoding order; one reference frame; no gaps.
        for value in [0, 4, 2, 1] {
            bits.unsigned(value);
        }
        bits.put(0, 1);
        bits.unsigned(self.columns as u32 - 1);
        bits.unsigned(self.rows as u32 - 1);
        bits.put(0b11, 2);
        self.cropping(&mut bits);
        bits.put(0, 1);
        finish(bits)
    }

    fn cropping(&self, bits: &mut Bits) {
        let right = (self.columns * 16 - self.width) / 2;
        let bottom = (self.rows * 16 - self.height) / 2;
        bits.put(u32::from(right + bottom > 0), 1);
        if right + bottom > 0 {
            for offset in [0, right, 0, bottom] {
                bits.unsigned(offset as u32);
            }
        }
    }

    /// The picture parameter set.
    pub fn picture_parameters(&self) -> Vec<u8> {
        let mut bits = Bits::default();
        bits.put(0x68, 8);
        // pps 0, sps 0 | CAVLC, no field order | one slice group, one reference each | no weights | qp 26 | deblocking is said per slice.
        bits.unsigned(0);
        bits.unsigned(0);
        bits.put(0, 2);
        bits.unsigned(0);
        bits.unsigned(0);
        bits.unsigned(0);
        bits.put(0, 3);
        bits.signed(0);
        bits.signed(0);
        bits.signed(0);
        bits.put(0b100, 3);
        finish(bits)
    }

    /// A key frame that shows the canvas.
    pub fn key(&self, canvas: &Canvas, id: u32) -> Vec<u8> {
        let mut bits = slice(0x65, 7, 0);
        bits.unsigned(id % 2);
        bits.put(0, 2);
        bits.signed(0);
        bits.unsigned(1);
        let mut stored = vec![false; self.columns * self.rows];
        let mut flats = vec![None; self.columns * self.rows];
        for block in 0..self.columns * self.rows {
            let (x, y) = (block % self.columns, block / self.columns);
            flats[block] = flat(canvas, x, y);
            let left = (x > 0).then(|| block - 1);
            let above = (y > 0).then(|| block - self.columns);
            let same = |other: Option<usize>| flats[block].is_some() && other.is_some_and(|o| flats[o] == flats[block]);
            // 1 + 16×16 mode: 0 is "as above", 1 is "as left"; the chroma modes are numbered otherwise.
            let predicted = if same(left) {
                Some((2, 1))
            } else if same(above) {
                Some((1, 2))
            } else {
                None
            };
            match predicted {
                Some((kind, chroma)) => {
                    let beside_stored = [left, above].into_iter().flatten().any(|other| stored[other]);
                    predict(&mut bits, kind, chroma, beside_stored);
                }
                None => {
                    stored[block] = true;
                    store(&mut bits, canvas, x, y);
                }
            }
        }
        finish(bits)
    }

    /// A frame that is the one before with the slide made; `number` counts from the last key frame.
    pub fn moved(&self, slide: Slide, number: u32) -> Vec<u8> {
        let mut bits = slice(0x41, 5, number);
        bits.put(0, 3);
        bits.signed(0);
        bits.unsigned(1);
        let mut vectors: Vec<Option<i32>> = vec![None; self.columns * self.rows];
        let mut skipped = 0;
        for block in 0..self.columns * self.rows {
            let (x, y) = (block % self.columns, block / self.columns);
            let wanted = if slide.touches(x, y) { -slide.shift * CELL as i32 * 4 } else { 0 };
            let guess = self.guess(&vectors, x, y);
            if wanted == self.skip_vector(&vectors, x, y, guess) {
                skipped += 1;
            } else {
                bits.unsigned(skipped);
                bits.unsigned(0);
                bits.signed(wanted - guess);
                bits.signed(0);
                bits.unsigned(0);
                skipped = 0;
            }
            vectors[block] = Some(wanted);
        }
        if skipped > 0 {
            bits.unsigned(skipped);
        }
        finish(bits)
    }

    fn vector(&self, vectors: &[Option<i32>], x: Option<usize>, y: Option<usize>) -> Option<i32> {
        let (x, y) = (x.filter(|x| *x < self.columns)?, y?);
        vectors[y * self.columns + x]
    }

    /// The standard's prediction of a horizontal motion vector (all vectors point into the one reference).
    fn guess(&self, vectors: &[Option<i32>], x: usize, y: usize) -> i32 {
        let up = y.checked_sub(1);
        let left = self.vector(vectors, x.checked_sub(1), Some(y));
        let above = self.vector(vectors, Some(x), up);
        let corner = self.vector(vectors, Some(x + 1), up).or_else(|| self.vector(vectors, x.checked_sub(1), up));
        match (left, above, corner) {
            (Some(only), None, None) | (None, Some(only), None) | (None, None, Some(only)) => only,
            _ => {
                let mut three = [left, above, corner].map(|vector| vector.unwrap_or(0));
                three.sort_unstable();
                three[1]
            }
        }
    }

    /// The vector that a skipped macroblock takes.
    fn skip_vector(&self, vectors: &[Option<i32>], x: usize, y: usize, guess: i32) -> i32 {
        let left = self.vector(vectors, x.checked_sub(1), Some(y));
        let above = self.vector(vectors, Some(x), y.checked_sub(1));
        match (left, above) {
            (Some(left), Some(above)) if left != 0 && above != 0 => guess,
            _ => 0,
        }
    }
}

impl Slide {
    fn touches(&self, column: usize, row: usize) -> bool {
        let (x, y) = (column * BLOCK, row * BLOCK);
        x < self.left + self.width && self.left < x + BLOCK && y < self.top + self.height && self.top < y + BLOCK
    }
}

/// The common start of a slice: first macroblock, type, parameter set, number.
fn slice(header: u32, kind: u32, number: u32) -> Bits {
    let mut bits = Bits::default();
    bits.put(header, 8);
    bits.unsigned(0);
    bits.unsigned(kind);
    bits.unsigned(0);
    bits.put(number % 256, 8);
    bits
}

/// The one colour of a macroblock, if it has only one.
fn flat(canvas: &Canvas, column: usize, row: usize) -> Option<[u8; 3]> {
    let first = canvas.at(column * BLOCK, row * BLOCK);
    let same =
        (0..BLOCK * BLOCK).all(|cell| canvas.at(column * BLOCK + cell % BLOCK, row * BLOCK + cell / BLOCK) == first);
    same.then_some(first)
}

/// A macroblock that equals a neighbour. Its (empty) residual is coded by how full the neighbours are; stored ones count as full.
fn predict(bits: &mut Bits, kind: u32, chroma: u32, beside_stored: bool) {
    bits.unsigned(kind);
    bits.unsigned(chroma);
    bits.signed(0);
    match beside_stored {
        true => bits.put(0b00_0011, 6),
        false => bits.put(1, 1),
    }
}

/// A macroblock as plain samples.
fn store(bits: &mut Bits, canvas: &Canvas, column: usize, row: usize) {
    bits.unsigned(25);
    bits.align(false);
    let mut cells = [[0_u8; 3]; BLOCK * BLOCK];
    for (index, cell) in cells.iter_mut().enumerate() {
        *cell = studio(canvas.at(column * BLOCK + index % BLOCK, row * BLOCK + index / BLOCK));
    }
    let mut samples = [0_u8; 384];
    for (index, sample) in samples.iter_mut().enumerate() {
        let (plane, x, y) = match index {
            0..256 => (0, index % 16 / CELL, index / 16 / CELL),
            _ => (1 + (index - 256) / 64, index % 8 / 2, index % 64 / 8 / 2),
        };
        *sample = cells[y * BLOCK + x][plane];
    }
    bits.append(&samples);
}

/// Samples in the range that video uses (16..=235, 16..=240).
fn studio(colour: [u8; 3]) -> [u8; 3] {
    let [luma, blue, red] = ycbcr(colour).map(u32::from);
    [16 + luma * 219 / 255, 16 + blue * 224 / 255, 16 + red * 224 / 255].map(|sample| sample as u8)
}

/// Ends a unit and breaks up byte sequences that would look like a start code.
fn finish(mut bits: Bits) -> Vec<u8> {
    bits.put(1, 1);
    bits.align(false);
    let mut unit = Vec::new();
    let mut zeros = 0;
    for byte in bits.into_bytes() {
        if zeros >= 2 && byte <= 3 {
            unit.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        unit.push(byte);
    }
    unit
}
