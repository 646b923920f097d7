//! What survives a restart: one JSON Lines file that is appended to before an answer leaves.
//! A torn last line (a kill in mid-write) is ignored. It never holds a key, only the last six characters of one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use serde_json::Value;

const FILE: &str = "simulator.jsonl";

/// One line: the newest state of one thing, or its end when `value` is null.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    /// What it is: `request`, `file`, `ark_task`, …
    pub kind: String,
    /// The simulated clock when it was written.
    pub clock_ms: u64,
    /// Which one; a later line of the same kind and id replaces an earlier one.
    pub id: String,
    /// The thing itself, or null when it is gone.
    pub value: Value,
}

/// The newest things that are kept when the file is rewritten.
const MAX_RECORDS: usize = 300_000;
/// How much the file may grow before it is rewritten with the newest state of each thing.
const MAX_GROWTH: u64 = 256 << 20;

/// The open file, or nothing when no state is kept.
#[derive(Debug, Default)]
pub struct Journal(Option<Mutex<Lines>>);

#[derive(Debug)]
struct Lines {
    path: PathBuf,
    file: File,
    grown: u64,
}

impl Journal {
    /// Opens the journal in `dir` (created when missing) and returns what it holds.
    pub fn open(dir: Option<&Path>) -> io::Result<(Self, Vec<Record>)> {
        let Some(dir) = dir else {
            return Ok((Self(None), Vec::new()));
        };
        fs::create_dir_all(dir)?;
        let path = dir.join(FILE);
        let (file, records) = rewrite(&path)?;
        Ok((Self(Some(Mutex::new(Lines { path, file, grown: 0 }))), records))
    }

    /// Writes one record before returning; a failure is logged, the call goes on.
    pub fn append(&self, record: &Record) {
        let Some(lines) = &self.0 else { return };
        let mut lines = lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Err(error) = lines.append(record) {
            tracing::error!(%error, "the simulator can't write its state");
        }
    }

    /// Forgets everything.
    pub fn clear(&self) {
        let Some(lines) = &self.0 else { return };
        let lines = lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Err(error) = lines.file.set_len(0) {
            tracing::error!(%error, "the simulator can't clear its state");
        }
    }
}

impl Lines {
    fn append(&mut self, record: &Record) -> io::Result<()> {
        let bytes = line(record)?;
        self.file.write_all(&bytes)?;
        self.grown += bytes.len() as u64;
        if self.grown > MAX_GROWTH {
            self.file = rewrite(&self.path)?.0;
            self.grown = 0;
        }
        Ok(())
    }
}

/// Rewrites the file with the newest state of each thing, opens it for appending and returns what it holds.
fn rewrite(path: &Path) -> io::Result<(File, Vec<Record>)> {
    let mut records = compact(read(path)?);
    records.drain(..records.len().saturating_sub(MAX_RECORDS));
    let fresh = path.with_extension("new");
    let mut file = BufWriter::new(File::create(&fresh)?);
    for record in &records {
        file.write_all(&line(record)?)?;
    }
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(&fresh, path)?;
    Ok((OpenOptions::new().append(true).open(path)?, records))
}

fn read(path: &Path) -> io::Result<Vec<Record>> {
    let text = match fs::read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

/// Keeps the last line of each thing, in the order in which the things first appeared.
fn compact(records: Vec<Record>) -> Vec<Record> {
    let mut kept: Vec<Option<Record>> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for record in records {
        let place = *places.entry((record.kind.clone(), record.id.clone())).or_insert_with(|| {
            kept.push(None);
            kept.len() - 1
        });
        kept[place] = (!record.value.is_null()).then_some(record);
    }
    kept.into_iter().flatten().collect()
}

fn line(record: &Record) -> io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(record)?;
    bytes.push(b'\n');
    Ok(bytes)
}
