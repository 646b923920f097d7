//! The rules of the house, asserted over the checkout's own files.
//!
//! Each file here is one group of rules. A failure names file and line and says what to do. It looks only at text:
//! nothing here builds, runs or changes anything.

mod clocks;
mod documents;
mod imports;
mod pages;
mod scan;
mod shape;
mod standing;
mod traces;
mod tree;

/// Fails with every finding at once, each as `file:line: what is wrong; what to do`.
fn assert_none(findings: &[String]) {
    assert!(findings.is_empty(), "\n{} against the rules of the house:\n  {}\n", findings.len(), findings.join("\n  "));
}
