//! `zephyr api`: HTTP. Any number of them may run over the same parts.

use anyhow::Context as _;
use api::{ApiSettings, AppState, state::MetricsText};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Config, ConfigError, local_url},
    metrics,
    parts::Running,
    shutdown,
};

/// Serves until it is asked to stop, then lets running answers end.
///
/// # Errors
/// When a setting is missing, a part can't be reached, or it can't listen.
pub async fn run(config: &Config) -> anyhow::Result<()> {
    let deployment = config.parts.production()?;
    let stop = shutdown::on_signals()?;
    let counted = metrics::install()?;
    let listener = listen(config).await?;
    let running = Running::assemble(config, &deployment, "api").await?;
    tracing::info!(listen = %listener.local_addr()?, "the API serves");
    let served = serve(config, &running, &deployment.jwt_secret, listener, counted, stop.clone());
    shutdown::bounded("api", &stop, config.server.shutdown_within, served).await?;
    running.close().await;
    Ok(())
}

/// Takes the address that the API listens on.
///
/// # Errors
/// When something else listens there.
pub async fn listen(config: &Config) -> anyhow::Result<TcpListener> {
    let address = config.server.listen;
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("nothing can listen on {address}; set ZEPHYR_LISTEN to another address"))
}

/// Serves the API until `stop`.
///
/// # Errors
/// When a setting can't be used, or the listener breaks.
pub async fn serve(
    config: &Config,
    running: &Running,
    jwt_secret: &SecretString,
    listener: TcpListener,
    counted: MetricsText,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let public_url = config.server.public_url.clone().unwrap_or(local_url(listener.local_addr()?));
    let state = AppState::new(api::Parts {
        store: running.store.clone(),
        live: running.live.clone(),
        reads: running.read_models.clone(),
        follower: running.follower.clone(),
        bus: running.bus.clone(),
        limits: running.limits.clone(),
        objects: running.objects.clone(),
        identity: running.identity.clone(),
        settings: settings(config, &public_url, jwt_secret)?,
        dispatcher: running.dispatcher.clone(),
        metrics: counted,
    });
    api::serve(listener, state, stop.cancelled_owned()).await.context("the API's listener broke")
}

fn settings(config: &Config, public_url: &str, jwt_secret: &SecretString) -> anyhow::Result<ApiSettings> {
    let server = &config.server;
    let proxies: Result<_, _> = server.trusted_proxies.iter().map(|text| text.parse()).collect();
    let unusable = |error: api::settings::NetworkError| ConfigError::Unusable {
        name: "ZEPHYR_TRUSTED_PROXIES",
        why: error.to_string(),
    };
    Ok(ApiSettings {
        credit_value: server.credit_value.clone(),
        cors_origins: server.cors_allow.clone(),
        development: server.development,
        trusted_proxies: proxies.map_err(unusable)?,
        ..ApiSettings::new(public_url, jwt_secret.clone())
    })
}
