//! What the commands tell the person who called them, on standard output. Logs go elsewhere.

use std::io::Write as _;

/// Prints a line. Nobody listening any more is no reason to fail.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    drop(writeln!(out, "{line}").and_then(|()| out.flush()));
}
