//! One 8×8 bitmap for every character: Latin and kana from a public-domain font, others as a framed pattern of their code point.

use font8x8::UnicodeFonts;

/// Eight rows; the lowest bit is the leftmost pixel.
pub fn of(character: char) -> [u8; 8] {
    font8x8::BASIC_FONTS
        .get(character)
        .or_else(|| font8x8::LATIN_FONTS.get(character))
        .or_else(|| font8x8::HIRAGANA_FONTS.get(character))
        .unwrap_or_else(|| framed(character))
}

/// A frame around bits of the code point, so that the same character always looks the same.
fn framed(character: char) -> [u8; 8] {
    let code = u32::from(character);
    let row = |index: u32| {
        let nibble = ((code >> (index * 4)) & 0b1111) as u8;
        let tick = if index.is_multiple_of(2) { 0b0010_0000 } else { 0 };
        0b0100_0001 | (nibble << 1) | tick
    };
    [0x7f, row(0), row(1), row(2), row(3), row(4), 0x7f, 0]
}
