//! Where something stands in a JSON text: the line of a path, so that what is wrong can be shown beside it.

/// The line, from one, of the deepest part of a path that a JSON text has. The text need not be whole: what was read
/// until it breaks counts.
#[must_use]
pub fn line_of(text: &str, path: &[&str]) -> usize {
    let mut cursor = Cursor { bytes: text.as_bytes(), at: 0 };
    cursor.blanks();
    let mut found = cursor.at;
    for step in path {
        match cursor.enter(step) {
            Some(at) => found = at,
            None => break,
        }
    }
    line_at(text, found)
}

fn line_at(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Goes to the value of a field, or of an index; gives the place of its name, or of the value itself.
    fn enter(&mut self, step: &str) -> Option<usize> {
        let is_list = match self.peek()? {
            b'{' => false,
            b'[' => true,
            _ => return None,
        };
        self.at += 1;
        for index in 0_usize.. {
            self.blanks();
            let (start, mut is_it) = (self.at, is_list && step.parse() == Ok(index));
            if matches!(self.peek()?, b'}' | b']') {
                return None;
            }
            if !is_list {
                is_it = self.string()? == step;
                self.blanks();
                self.at += usize::from(self.peek()? == b':');
                self.blanks();
            }
            if is_it {
                return Some(start);
            }
            self.skip_value()?;
            self.blanks();
            if self.peek()? != b',' {
                return None;
            }
            self.at += 1;
        }
        None
    }

    /// Passes over a text in quotes and gives what it says.
    fn string(&mut self) -> Option<String> {
        let start = self.at;
        if self.peek()? != b'"' {
            return None;
        }
        self.at += 1;
        loop {
            match self.peek()? {
                b'\\' => self.at += 2,
                b'"' => break,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        serde_json::from_slice(&self.bytes[start..self.at]).ok()
    }

    fn skip_value(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => drop(self.string()?),
                b'{' | b'[' => (depth, self.at) = (depth + 1, self.at + 1),
                b'}' | b']' => (depth, self.at) = (depth.checked_sub(1)?, self.at + 1),
                _ => self.at += 1,
            }
            if depth == 0 && matches!(self.peek()?, b',' | b'}' | b']') {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "{\n  \"a\": [1, {\"x\": \"}\"}],\n  \"b \\\"c\": {\n    \"d\": true,\n    \"e\": [\n      1,\n      2\n    ]\n  }\n}";

    #[test]
    fn a_path_leads_to_its_line() {
        for (path, line) in [
            (&[][..], 1),
            (&["a"], 2),
            (&["a", "1", "x"], 2),
            (&["b \"c"], 3),
            (&["b \"c", "d"], 4),
            (&["b \"c", "e", "1"], 7),
            (&["b \"c", "e", "7"], 5),
            (&["b \"c", "missing"], 3),
            (&["missing"], 1),
        ] {
            assert_eq!(line_of(TEXT, path), line, "{path:?}");
        }
    }

    #[test]
    fn a_broken_text_has_lines_too() {
        assert_eq!(line_of("{\n\"a\": {\n\"b\": ", &["a", "b", "c"]), 3);
        assert_eq!(line_of("", &["a"]), 1);
        assert_eq!(line_of("{\"a\" \\", &["b"]), 1);
    }
}
