//! Two processes that write to one account: each is this executable again, with half of the clients.

use std::{path::PathBuf, process::Stdio};

use anyhow::Context as _;
use domain::id::TenantId;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines, stdin},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::{
    measure::{Measured, measure},
    ours::Ours,
};

/// The first argument that makes this executable a writer.
pub const WRITER: &str = "writer";
/// What a writer says once it is connected, and what starts it.
const READY: &str = "ready";

/// Both rates together, and the worse of the times.
pub async fn measure_two(url: &str, clients: usize) -> anyhow::Result<Measured> {
    let account = Ours::new(url).await?;
    let each = clients.div_ceil(2);
    let mut writers = [Writer::start(url, account.tenant(), each)?, Writer::start(url, account.tenant(), each)?];
    for writer in &mut writers {
        anyhow::ensure!(writer.says().await? == READY, "a writer began with something else");
    }
    for writer in &mut writers {
        writer.orders.write_all(b"go\n").await?;
    }
    let [one, other] = &mut writers;
    let (one, other) = tokio::try_join!(one.result(), other.result())?;
    Ok(Measured {
        pairs_per_s: one.pairs_per_s + other.pairs_per_s,
        p50_us: one.p50_us.max(other.p50_us),
        p99_us: one.p99_us.max(other.p99_us),
    })
}

/// The life of a writer: connect, wait for the word, measure, tell.
pub async fn write(arguments: &[String]) -> anyhow::Result<()> {
    let [url, tenant, clients] = arguments else { anyhow::bail!("a writer needs a URL, a tenant and its clients") };
    let ours = Ours::attach(url, tenant.parse()?).await?;
    println!("{READY}");
    let mut orders = BufReader::new(stdin()).lines();
    orders.next_line().await?.context("nobody waits for this writer")?;
    let Measured { pairs_per_s, p50_us, p99_us } = measure(ours, clients.parse()?).await?;
    println!("{pairs_per_s} {p50_us} {p99_us}");
    Ok(())
}

struct Writer {
    /// Killed when this goes.
    _process: Child,
    orders: ChildStdin,
    words: Lines<BufReader<ChildStdout>>,
}

impl Writer {
    fn start(url: &str, tenant: &TenantId, clients: usize) -> anyhow::Result<Self> {
        let this: PathBuf = std::env::current_exe()?;
        let mut process = Command::new(this)
            .args([WRITER, url, tenant.as_str(), &clients.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let orders = process.stdin.take().context("its input is piped")?;
        let words = BufReader::new(process.stdout.take().context("its output is piped")?).lines();
        Ok(Self { _process: process, orders, words })
    }

    async fn says(&mut self) -> anyhow::Result<String> {
        self.words.next_line().await?.context("a writer ended early")
    }

    async fn result(&mut self) -> anyhow::Result<Measured> {
        let line = self.says().await?;
        let mut figures = line.split_whitespace();
        let mut next = || figures.next().context("a writer told too little");
        Ok(Measured { pairs_per_s: next()?.parse()?, p50_us: next()?.parse()?, p99_us: next()?.parse()? })
    }
}
