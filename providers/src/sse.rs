//! Reads server-sent events from pieces of bytes, wherever they are cut. Lines and events are bounded; only the data counts.

/// The longest line.
const MAX_LINE: usize = 4 << 20;
/// The largest event, its lines together.
const MAX_EVENT: usize = 8 << 20;

/// A line or an event is beyond its bound, or no UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadEvent;

/// What is between two events.
#[derive(Debug, Default)]
pub struct Decoder {
    line: Vec<u8>,
    data: Option<String>,
    /// The last byte was a carriage return, which ended its line: a line feed now belongs to it.
    after_return: bool,
    started: bool,
}

impl Decoder {
    /// Takes a piece and appends the data of all events that it completes.
    pub fn push(&mut self, piece: &[u8], events: &mut std::collections::VecDeque<String>) -> Result<(), BadEvent> {
        for &byte in piece {
            let continues = std::mem::replace(&mut self.after_return, byte == b'\r') && byte == b'\n';
            match byte {
                _ if continues => {}
                b'\r' | b'\n' => events.extend(self.end_line()?),
                _ if self.line.len() == MAX_LINE => return Err(BadEvent),
                _ => self.line.push(byte),
            }
        }
        Ok(())
    }

    /// Ends the current line; the data of the event, if it was the empty line after one.
    fn end_line(&mut self) -> Result<Option<String>, BadEvent> {
        let bytes = std::mem::take(&mut self.line);
        let line = std::str::from_utf8(&bytes).map_err(|_| BadEvent)?;
        let first = !std::mem::replace(&mut self.started, true);
        let line = if first { line.trim_start_matches('\u{feff}') } else { line };
        if line.is_empty() {
            return Ok(self.data.take());
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        if field == "data" {
            self.add(value.strip_prefix(' ').unwrap_or(value))?;
        }
        Ok(None)
    }

    fn add(&mut self, value: &str) -> Result<(), BadEvent> {
        let data = match &mut self.data {
            Some(data) => {
                data.push('\n');
                data
            }
            none => none.insert(String::new()),
        };
        data.push_str(value);
        if data.len() > MAX_EVENT { Err(BadEvent) } else { Ok(()) }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    fn read(text: &[u8], piece: usize) -> Result<VecDeque<String>, BadEvent> {
        let (mut decoder, mut events) = (Decoder::default(), VecDeque::new());
        for piece in text.chunks(piece) {
            decoder.push(piece, &mut events)?;
        }
        Ok(events)
    }

    #[test]
    fn pieces_may_end_anywhere() {
        let text = "\u{feff}: hello\r\nevent: x\r\ndata: {\"a\":\"西风\"}\r\nid: 1\r\n\r\ndata:one\ndata: two\n\n\rdata: 3\r\r: bye\n\ndata: cut";
        for piece in 1..text.len() {
            assert_eq!(read(text.as_bytes(), piece).unwrap(), ["{\"a\":\"西风\"}", "one\ntwo", "3"], "by {piece}");
        }
    }

    #[test]
    fn bounds_and_letters_are_checked() {
        assert_eq!(read(&vec![b'x'; MAX_LINE + 1], 1 << 16), Err(BadEvent));
        assert_eq!(read(b"data: \xff\xfe\n\n", 3), Err(BadEvent));
        let lines = format!("data: {}\n", "x".repeat(MAX_LINE - 10)).repeat(3);
        assert_eq!(read(lines.as_bytes(), 1 << 16), Err(BadEvent));
    }
}
