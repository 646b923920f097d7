//! A Rust file as the rules see it: with comments and literals blanked, line for line.
//!
//! It knows just enough of the language's tokens to find its comments, literals, braces and functions; it is no parser.

use std::path::Path;

/// One Rust file.
pub struct Source {
    /// Relative to the workspace, with forward slashes.
    pub path: String,
    /// As it stands on disk.
    pub text: String,
    /// The text with comments blanked.
    pub uncommented: String,
    /// The text with comments and literals blanked.
    pub code: String,
    /// String literals, each with its line.
    pub literals: Vec<(usize, String)>,
}

/// A function and where it stands.
pub struct Function {
    pub name: String,
    pub line: usize,
    pub lines: usize,
}

impl Source {
    /// Scans a file's text.
    pub fn new(path: &Path, text: &str) -> Self {
        let mut uncommented = text.as_bytes().to_vec();
        let mut code = uncommented.clone();
        let mut literals = Vec::new();
        for region in regions(text.as_bytes()) {
            blank(&mut code[region.start..region.end]);
            if region.comment {
                blank(&mut uncommented[region.start..region.end]);
            } else {
                literals.push((line_of(text, region.start), text[region.start..region.end].to_owned()));
            }
        }
        let readable = |bytes| String::from_utf8(bytes).expect("only whole literals and comments were blanked");
        Self {
            path: path.to_string_lossy().replace('\\', "/"),
            text: text.to_owned(),
            uncommented: readable(uncommented),
            code: readable(code),
            literals,
        }
    }

    /// The crate's folder.
    pub fn krate(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }

    /// Whether the whole file is test code.
    pub fn is_test(&self) -> bool {
        let mut parts = self.path.split('/').skip(1);
        self.krate() == "tests" || parts.any(|part| matches!(part, "tests" | "benches" | "tests.rs"))
    }

    /// The code with its `#[cfg(test)]` items blanked as well.
    pub fn production_code(&self) -> String {
        let mut code = self.code.clone().into_bytes();
        for (start, _) in self.code.match_indices("#[cfg(test)]") {
            let end = item_end(self.code.as_bytes(), start);
            blank(&mut code[start..end]);
        }
        String::from_utf8(code).expect("only whole items were blanked")
    }

    /// Every function with a body.
    pub fn functions(&self) -> Vec<Function> {
        let bytes = self.code.as_bytes();
        let starts = words(&self.code).filter(|(_, word)| *word == "fn").map(|(at, _)| at);
        let named = starts.filter_map(|at| words(&self.code[at + 2..]).next().map(|(skip, name)| (at, skip, name)));
        let functions = named.filter(|(at, skip, _)| self.code[at + 2..at + 2 + skip].trim().is_empty());
        functions
            .filter_map(|(at, _, name)| {
                let end = item_end(bytes, at);
                let line = line_of(&self.code, at);
                let lines = line_of(&self.code, end.saturating_sub(1)) - line + 1;
                (bytes.get(end.wrapping_sub(1)) == Some(&b'}')).then(|| Function { name: name.to_owned(), line, lines })
            })
            .collect()
    }
}

/// The line of a byte, from 1.
pub fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Every place of `needle` that neither continues a word before it nor is continued by one, as (line, rest of its line).
pub fn places<'a>(text: &'a str, needle: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    text.match_indices(needle).filter_map(move |(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + needle.len()..].chars().next());
        let continued = needle.ends_with(is_word) && after.is_some_and(is_word);
        let continues = needle.starts_with(is_word) && before.is_some_and(is_word);
        (!continued && !continues).then(|| (line_of(text, at), text[at..].lines().next().unwrap_or_default()))
    })
}

/// Every word with its place.
pub fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(|c| !is_word(c))
        .filter(|word| !word.is_empty())
        .map(move |word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// A comment or a literal.
struct Region {
    start: usize,
    end: usize,
    comment: bool,
}

fn regions(bytes: &[u8]) -> Vec<Region> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let rest = &bytes[at..];
        let (length, comment) = match rest {
            [b'/', b'/', ..] => (rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len()), true),
            [b'/', b'*', ..] => (block_comment(rest), true),
            [b'"', ..] => (quoted(rest, b'"'), false),
            [b'\'', ..] => (character(rest), false),
            _ => match raw_string(rest) {
                Some(length) => (length, false),
                None => {
                    at += word_length(rest).max(1);
                    continue;
                }
            },
        };
        if length > 1 {
            found.push(Region { start: at, end: at + length, comment });
        }
        at += length;
    }
    found
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// The length of a character literal; 1 for the quote of a lifetime.
fn character(rest: &[u8]) -> usize {
    if rest.get(1) == Some(&b'\\') {
        return quoted(rest, b'\'');
    }
    let longest_char = 4;
    let close = rest.iter().skip(2).take(longest_char).position(|b| *b == b'\'').map(|at| at + 2);
    let one_char = |end: &usize| std::str::from_utf8(&rest[1..*end]).is_ok_and(|text| text.chars().count() == 1);
    close.filter(one_char).map_or(1, |end| end + 1)
}

fn raw_string(rest: &[u8]) -> Option<usize> {
    let prefix = word_length(rest);
    if !matches!(&rest[..prefix], b"r" | b"br" | b"cr") {
        return None;
    }
    let hashes = rest[prefix..].iter().take_while(|b| **b == b'#').count();
    let open = prefix + hashes;
    if rest.get(open) != Some(&b'"') {
        return None;
    }
    let close = [b"\"".as_slice(), &vec![b'#'; hashes]].concat();
    let body = &rest[open + 1..];
    Some(
        body.windows(close.len())
            .position(|window| window == close)
            .map_or(rest.len(), |at| open + 1 + at + close.len()),
    )
}

fn word_length(rest: &[u8]) -> usize {
    rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_' || !b.is_ascii()).count()
}

/// Where the item that starts here ends: after its closing brace, or after its semicolon.
fn item_end(code: &[u8], start: usize) -> usize {
    let (mut braces, mut others) = (0_usize, 0_usize);
    for (at, byte) in code.iter().enumerate().skip(start) {
        match byte {
            b'(' | b'[' => others += 1,
            b')' | b']' => others = others.saturating_sub(1),
            b'{' => braces += 1,
            b'}' => braces = braces.saturating_sub(1),
            _ => {}
        }
        if others == 0 && braces == 0 && matches!(byte, b'}' | b';') {
            return at + 1;
        }
    }
    code.len()
}

fn blank(bytes: &mut [u8]) {
    bytes.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
}

#[test]
fn literals_and_comments_are_told_from_code() {
    let text =
        "fn a<'x>() { let c = '\"'; let s = \"// no\"; } // fn b\n/* /* fn c */ */ fn d() -> r#type { r#\"}\"# }\n";
    let source = Source::new(Path::new("x/src/lib.rs"), text);
    let names: Vec<_> = source.functions().iter().map(|function| (function.name.clone(), function.line)).collect();
    assert_eq!(names, [("a".to_owned(), 1), ("d".to_owned(), 2)]);
    assert_eq!(source.code.len(), text.len());
    assert!(source.uncommented.contains("// no") && !source.uncommented.contains("fn b"));
}

#[test]
fn test_items_are_not_production_code() {
    let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn now() { Utc::now(); }\n}\nfn b() {}\n";
    let code = Source::new(Path::new("x/src/lib.rs"), text).production_code();
    assert!(!code.contains("Utc::now") && code.contains("fn a") && code.contains("fn b"));
}
