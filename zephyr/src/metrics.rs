//! What this process counts, in the form that Prometheus reads. The recorder is one for the whole process.

use anyhow::Context as _;
use api::state::MetricsText;
use metrics_exporter_prometheus::PrometheusBuilder;

/// Starts to count, and gives what `/metrics` answers with.
///
/// # Errors
/// When something else counts already.
pub fn install() -> anyhow::Result<MetricsText> {
    let recorder = PrometheusBuilder::new().install_recorder().context("the metrics can't be recorded")?;
    Ok(Box::new(move || {
        recorder.run_upkeep();
        recorder.render()
    }))
}
