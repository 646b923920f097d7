//! Vectors of length one that follow from the words alone, so that texts with common words are near each other.

use base64::Engine;
use serde_json::{Value, json};

use crate::chance::{digest, mix};
use crate::wording;

/// The sum of one pseudo-random direction per word, brought to length one.
pub fn vector(contents: &[&str], dimensions: usize) -> Vec<f32> {
    let mut sum = vec![0_f32; dimensions];
    for word in contents.iter().flat_map(|content| words(content)) {
        let seed = digest(word.as_bytes());
        for (index, value) in sum.iter_mut().enumerate() {
            *value += (mix(seed.wrapping_add(index as u64)) >> 40) as f32 / (1 << 23) as f32 - 1.0;
        }
    }
    let length = sum.iter().map(|value| value * value).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    sum.into_iter().map(|value| value / length).collect()
}

/// What counts of a text: its first tokens, in small letters.
pub fn words(content: &str) -> Vec<String> {
    let mut words: Vec<String> = wording::tokens(content).iter().map(|token| token.trim().to_lowercase()).collect();
    words.truncate(512);
    words
}

/// A vector as numbers, or as little-endian floats in base64.
pub fn encoded(vector: &[f32], encoding: &str) -> Value {
    match encoding {
        "base64" => {
            let bytes: Vec<u8> = vector.iter().flat_map(|value| value.to_le_bytes()).collect();
            json!(base64::engine::general_purpose::STANDARD.encode(bytes))
        }
        _ => json!(vector),
    }
}
