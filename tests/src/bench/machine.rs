//! What the disk can do: every acknowledged commit waits for one of its flushes.

use std::{fs::File, io::Write, path::Path, time::Instant};

/// How many flushes are timed.
const FLUSHES: usize = 200;
/// The folder in which the private PostgreSQL lies when flushes are real.
const FOLDER: &str = "/var/tmp";

/// The median time of writing a page and flushing it, in microseconds.
pub fn flush_us() -> anyhow::Result<u128> {
    let path = Path::new(FOLDER).join(format!("zephyr-bench-{}", std::process::id()));
    let timed = time_flushes(&path);
    std::fs::remove_file(&path)?;
    timed
}

fn time_flushes(path: &Path) -> anyhow::Result<u128> {
    let mut file = File::create(path)?;
    let mut times = Vec::with_capacity(FLUSHES);
    for _ in 0..FLUSHES {
        let began = Instant::now();
        file.write_all(&[7; 8_192])?;
        file.sync_data()?;
        times.push(began.elapsed().as_micros());
    }
    times.sort_unstable();
    Ok(times[FLUSHES / 2])
}
