//! Repeatable choice: a digest of bytes, and dice that a seed decides.
//! Nothing here reads the clock or the system's randomness.

/// A 64-bit FNV-1a digest with a final mix; good for choosing, not for secrets.
pub fn digest(bytes: &[u8]) -> u64 {
    let folded = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    mix(folded)
}

/// Spreads the bits of a number (splitmix64's last steps).
pub fn mix(mut n: u64) -> u64 {
    n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// Dice whose throws follow from their seed alone.
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice that always throw the same sequence for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// True with the given probability (0..=1).
    pub fn happens(&mut self, probability: f64) -> bool {
        let unit = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        unit < probability
    }
}

/// `length` characters of `0-9a-z` chosen by `n`.
pub fn base36(mut n: u64, length: usize) -> String {
    (0..length)
        .map(|_| {
            let digit = (n % 36) as u32;
            n /= 36;
            char::from_digit(digit, 36).unwrap_or('0')
        })
        .collect()
}
