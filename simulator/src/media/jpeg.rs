//! A baseline JPEG in which every 8×8 block has one flat colour: one number per block and channel, so encoding is quick.
//! (A general encoder spends most of a second on 4096×4096 in a development build.)

use super::bits::Bits;
use super::canvas::{Canvas, Colour};

/// Pixels of a cell's side: the block of the format.
pub const CELL: u32 = 8;

/// Code lengths of the DC symbols 0..=11, as in the standard's luminance table.
const DC_COUNTS: [u8; 16] = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
/// The code of each DC symbol: bits and length.
const DC_CODES: [(u32, u32); 9] =
    [(0b00, 2), (0b010, 3), (0b011, 3), (0b100, 3), (0b101, 3), (0b110, 3), (0b1110, 4), (0b11110, 5), (0b11_1110, 6)];

/// The file of `width` × `height` pixels.
pub fn encode(canvas: &Canvas, width: u32, height: u32) -> Vec<u8> {
    let mut file = header(width as u16, height as u16);
    let mut bits = Bits::default();
    let mut before = [0_i32; 3];
    for y in 0..canvas.height {
        for colour in canvas.row(y) {
            let block = ycbcr(*colour).map(|channel| i32::from(channel) - 128);
            for channel in 0..3 {
                flat_block(&mut bits, block[channel] - before[channel]);
            }
            before = block;
        }
    }
    bits.align(true);
    for byte in bits.into_bytes() {
        file.push(byte);
        if byte == 0xff {
            file.push(0);
        }
    }
    file.extend([0xff, 0xd9]);
    file
}

/// The DC difference, then "nothing else in this block", which our table codes as one zero bit.
fn flat_block(bits: &mut Bits, difference: i32) {
    let size = if difference == 0 { 0 } else { difference.unsigned_abs().ilog2() + 1 };
    let (code, length) = DC_CODES[size as usize];
    bits.put(code, length);
    let value = if difference < 0 { difference - 1 } else { difference };
    bits.put(value as u32, size);
    bits.put(0, 1);
}

fn header(width: u16, height: u16) -> Vec<u8> {
    let mut file = vec![0xff, 0xd8];
    segment(&mut file, 0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    // A step of 8 makes the DC coefficient of a flat block its value itself.
    segment(&mut file, 0xdb, &[&[0][..], &[8; 64]].concat());
    let [height_high, height_low] = height.to_be_bytes();
    let [width_high, width_low] = width.to_be_bytes();
    let size = [8, height_high, height_low, width_high, width_low, 3];
    segment(&mut file, 0xc0, &[&size[..], &[1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]].concat());
    segment(&mut file, 0xc4, &[&[0x00][..], &DC_COUNTS, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]].concat());
    segment(&mut file, 0xc4, &[&[0x10][..], &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], &[0]].concat());
    segment(&mut file, 0xda, &[3, 1, 0, 2, 0, 3, 0, 0, 63, 0]);
    file
}

fn segment(file: &mut Vec<u8>, marker: u8, content: &[u8]) {
    file.extend([0xff, marker]);
    file.extend((content.len() as u16 + 2).to_be_bytes());
    file.extend_from_slice(content);
}

/// Full-range BT.601.
pub fn ycbcr([red, green, blue]: Colour) -> [u8; 3] {
    let (r, g, b) = (i32::from(red), i32::from(green), i32::from(blue));
    let luma = (299 * r + 587 * g + 114 * b) / 1_000;
    let byte = |value: i32| value.clamp(0, 255) as u8;
    [byte(luma), byte(128 + (b - luma) * 564 / 1_000), byte(128 + (r - luma) * 713 / 1_000)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoder_finds_the_colours_of_the_cells() {
        let mut canvas = Canvas::shaded(5, 4, [200, 30, 60], [10, 240, 120], 1);
        canvas.rectangle(1, 1, 2, 2, [255, 255, 255]);
        let picture = image::load_from_memory(&encode(&canvas, 37, 30)).expect("a JPEG").to_rgb8();
        assert_eq!(picture.dimensions(), (37, 30));
        for (x, y, pixel) in picture.enumerate_pixels() {
            let wanted = canvas.at((x / CELL) as usize, (y / CELL) as usize);
            for channel in 0..3 {
                assert!(pixel.0[channel].abs_diff(wanted[channel]) < 5, "{pixel:?} {wanted:?}");
            }
        }
    }
}
