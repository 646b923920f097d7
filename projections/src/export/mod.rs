//! The books for auditors: the ledger of one tenant or of all, streamed as JSON Lines, CSV, or an hledger or beancount journal.
//!
//! The log is read by range in steps, never under one long snapshot. The same range gives the same bytes, and the last line says
//! what they were: counts, sums, the last position and a sha256 of everything before it. Never a price, never a prompt.

mod book;
mod journal;
mod lines;

use bytes::Bytes;
use domain::{id::TenantId, stream::Event};
use futures::{Stream, stream};
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use store::{Recorded, log};

use self::book::{Book, Entry};
use crate::table::ReadError;

/// The most events that one step reads.
const EVENTS_A_STEP: i64 = 1_000;

/// How the books are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// One JSON object a line, with payload, metadata and postings.
    Jsonl,
    /// One posting a line.
    Csv,
    /// A journal for hledger, every posting with its balance asserted.
    Hledger,
    /// A journal for beancount, balances asserted at the end of each day.
    Beancount,
}

/// Of whom and from where to where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// Only this tenant; else all.
    pub tenant_id: Option<TenantId>,
    /// After this position; what was before is one opening entry.
    pub after: i64,
    /// Up to this position, or to the end of the log as of now.
    pub through: Option<i64>,
}

/// What is being exported, and how far it is.
struct Export {
    pool: PgPool,
    tenant_id: Option<TenantId>,
    format: Format,
    book: Book,
    /// The last position (of all), or the last sequence (of a tenant) that was read.
    read: i64,
    after: i64,
    through: Option<i64>,
    hasher: Sha256,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Opening,
    Entries,
    Over,
}

/// The last line of an export.
#[derive(Serialize)]
struct Manifest<'a> {
    format: Format,
    tenant_id: Option<&'a str>,
    after: i64,
    through: i64,
    events: u64,
    postings: u64,
    debits: String,
    credits: String,
    last_position: i64,
    sha256: String,
}

/// The books of a range. Dropping the stream stops the reading.
pub fn export(pool: PgPool, range: Range, format: Format) -> impl Stream<Item = Result<Bytes, ReadError>> + Send {
    let Range { tenant_id, after, through } = range;
    let (book, hasher) = (Book::default(), Sha256::new());
    let start =
        Export { pool, tenant_id, format, book, read: 0, after: after.max(0), through, hasher, phase: Phase::Opening };
    stream::try_unfold(start, |mut export| async move {
        loop {
            match export.next().await? {
                Some(text) if text.is_empty() => {}
                Some(text) => return Ok(Some((Bytes::from(text), export))),
                None => return Ok(None),
            }
        }
    })
}

impl Export {
    /// The next piece of the books; nothing when they are over.
    async fn next(&mut self) -> Result<Option<String>, ReadError> {
        let mut out = String::new();
        match self.phase {
            Phase::Over => return Ok(None),
            Phase::Opening => {
                let head = log::head(&self.pool).await.map_err(ReadError::Database)?;
                self.through = Some(self.through.map_or(head, |through| through.min(head)));
                self.phase = Phase::Entries;
                out.push_str(self.header());
            }
            Phase::Entries => {
                let events = self.read().await?;
                for recorded in &events {
                    self.take(recorded, &mut out)?;
                }
                if events.is_empty() {
                    self.close(&mut out);
                    self.hasher.update(&out);
                    out.push_str(&self.manifest()?);
                    self.phase = Phase::Over;
                    return Ok(Some(out));
                }
            }
        }
        self.hasher.update(&out);
        Ok(Some(out))
    }

    /// The next events up to the end of the range; none when it is reached.
    async fn read(&mut self) -> Result<Vec<Recorded>, ReadError> {
        let through = self.through.unwrap_or_default();
        let mut events = match &self.tenant_id {
            Some(tenant_id) => log::read_stream(&self.pool, "account", tenant_id.as_str(), self.read).await?,
            None => log::read_after(&self.pool, self.read, EVENTS_A_STEP.min((through - self.read).max(0))).await?,
        };
        events.retain(|recorded| recorded.position <= through);
        if let Some(last) = events.last() {
            self.read = if self.tenant_id.is_some() { last.sequence } else { last.position };
        }
        Ok(events)
    }

    fn take(&mut self, recorded: &Recorded, out: &mut String) -> Result<(), ReadError> {
        let Event::Account(event) = &recorded.event else { return Ok(()) };
        let Ok(tenant_id) = recorded.aggregate_id.parse::<TenantId>() else { return Ok(()) };
        if recorded.position <= self.after {
            self.book.bring_forward(&tenant_id, event, recorded);
            return Ok(());
        }
        self.open(out);
        let day_over = self.book.turn_to(recorded.recorded_at.date_naive());
        if let (Some(day), Format::Beancount) = (day_over, self.format) {
            journal::assert_day(&mut self.book, day, out);
        }
        let entry = self.book.enter(&tenant_id, event, recorded);
        self.write(&entry, recorded, out)
    }

    /// Writes what was brought forward, once.
    fn open(&mut self, out: &mut String) {
        let Some(opening) = self.book.opening() else { return };
        match self.format {
            Format::Jsonl => lines::jsonl_opening(&opening, out),
            Format::Csv => lines::csv(&opening, out),
            Format::Hledger => journal::hledger(&mut self.book, &opening, out),
            Format::Beancount => journal::beancount(&mut self.book, &opening, out),
        }
    }

    fn write(&mut self, entry: &Entry, recorded: &Recorded, out: &mut String) -> Result<(), ReadError> {
        match self.format {
            Format::Jsonl => return lines::jsonl(entry, recorded, out),
            Format::Csv => lines::csv(entry, out),
            Format::Hledger => journal::hledger(&mut self.book, entry, out),
            Format::Beancount => journal::beancount(&mut self.book, entry, out),
        }
        Ok(())
    }

    fn close(&mut self, out: &mut String) {
        self.open(out);
        if let (Some(day), Format::Beancount) = (self.book.close_day(), self.format) {
            journal::assert_day(&mut self.book, day, out);
        }
    }

    const fn header(&self) -> &'static str {
        match self.format {
            Format::Jsonl => "",
            Format::Csv => lines::CSV_HEADER,
            Format::Hledger => journal::HLEDGER_HEADER,
            Format::Beancount => journal::BEANCOUNT_HEADER,
        }
    }

    fn manifest(&self) -> Result<String, ReadError> {
        let totals = self.book.totals();
        let manifest = serde_json::to_string(&Manifest {
            format: self.format,
            tenant_id: self.tenant_id.as_ref().map(|tenant_id| tenant_id.as_str()),
            after: self.after,
            through: self.through.unwrap_or_default(),
            events: totals.events,
            postings: totals.postings,
            debits: book::decimal(totals.debits),
            credits: book::decimal(totals.credits),
            last_position: totals.last_position,
            sha256: hex::encode(self.hasher.clone().finalize()),
        })?;
        Ok(match self.format {
            Format::Jsonl => format!("{{\"manifest\":{manifest}}}\n"),
            Format::Csv => format!("# manifest {manifest}\n"),
            Format::Hledger | Format::Beancount => format!("; manifest {manifest}\n"),
        })
    }
}
