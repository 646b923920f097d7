//! What this process counts, in the form that Prometheus reads. The recorder is one for the whole process.
//!
//! It never grows with traffic: times are counted into fixed buckets, and taken in whether or not anybody asks.

use std::time::Duration;

use anyhow::Context as _;
use api::state::MetricsText;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// The upper bounds of the buckets that times are counted in, in seconds: a page takes milliseconds, a video minutes.
const SECONDS: [f64; 15] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 300.0];
/// How often measured times are counted into their buckets; until then each is kept.
const COUNT_EVERY: Duration = Duration::from_secs(5);

/// Starts to count, and gives what `/metrics` answers with. Needs a runtime.
///
/// # Errors
/// When something else counts already.
pub fn install() -> anyhow::Result<MetricsText> {
    let builder = PrometheusBuilder::new().set_buckets(&SECONDS).context("the buckets of times")?;
    let recorder = builder.install_recorder().context("the metrics can't be recorded")?;
    tokio::spawn(count(recorder.clone()));
    Ok(Box::new(move || {
        recorder.run_upkeep();
        recorder.render()
    }))
}

/// Lasts as long as the process.
async fn count(recorder: PrometheusHandle) {
    loop {
        tokio::time::sleep(COUNT_EVERY).await;
        recorder.run_upkeep();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn times_are_counted_into_buckets() {
        let shown = install().expect("nothing else counts in this process");
        metrics::histogram!("test_seconds").record(0.3);
        let text = shown();
        for line in ["test_seconds_bucket{le=\"0.25\"} 0", "test_seconds_bucket{le=\"0.5\"} 1", "test_seconds_count 1"]
        {
            assert!(text.contains(line), "{line} is missing in {text}");
        }
    }
}
