//! Bits into bytes, most significant first, with the codes that H.264 writes its numbers in.

/// Bits written so far.
#[derive(Debug, Default)]
pub struct Bits {
    bytes: Vec<u8>,
    partial: u64,
    pending: u32,
}

impl Bits {
    /// Appends the low `count` (at most 32) bits of `value`.
    pub fn put(&mut self, value: u32, count: u32) {
        let kept = u64::from(value) & ((1_u64 << count) - 1);
        self.partial = (self.partial << count) | kept;
        self.pending += count;
        while self.pending >= 8 {
            self.pending -= 8;
            self.bytes.push((self.partial >> self.pending) as u8);
        }
        self.partial &= (1 << self.pending) - 1;
    }

    /// An unsigned Exp-Golomb code.
    pub fn unsigned(&mut self, value: u32) {
        let length = (value + 1).ilog2();
        self.put(0, length);
        self.put(value + 1, length + 1);
    }

    /// A signed Exp-Golomb code.
    pub fn signed(&mut self, value: i32) {
        let code = if value > 0 { 2 * value - 1 } else { -2 * value };
        self.unsigned(code.unsigned_abs());
    }

    /// Fills the open byte with `bit`.
    pub fn align(&mut self, bit: bool) {
        while self.pending > 0 {
            self.put(u32::from(bit), 1);
        }
    }

    /// Appends whole bytes; only right after `align`.
    pub fn append(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The whole bytes written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
