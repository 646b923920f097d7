//! A PNG of a canvas: each cell a square of pixels; equal rows compress to almost nothing.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use super::canvas::Canvas;

/// The file of `width` × `height` pixels, `cell` pixels to a cell's side.
pub fn encode(canvas: &Canvas, width: u32, height: u32, cell: u32) -> Vec<u8> {
    let mut pixels = Vec::with_capacity(width as usize * height as usize * 3);
    for y in 0..height {
        let above = pixels.len().saturating_sub(width as usize * 3);
        if y % cell != 0 {
            pixels.extend_from_within(above..);
            continue;
        }
        let row = canvas.row((y / cell) as usize);
        for x in 0..width {
            pixels.extend_from_slice(&row[(x / cell) as usize]);
        }
    }
    let mut file = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut file, CompressionType::Fast, FilterType::Up);
    match encoder.write_image(&pixels, width, height, ExtendedColorType::Rgb8) {
        Ok(()) => file,
        Err(error) => {
            tracing::error!(%error, "a PNG could not be encoded");
            Vec::new()
        }
    }
}
