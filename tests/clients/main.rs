//! The official SDKs, driven by pytest: all of them against the simulator, OpenAI's also against a gateway. Their output is
//! shown when they fail. It never calls a real provider.

use std::path::Path;

use anyhow::{Context as _, ensure};
use tests::{program::Program, scratch::ScratchFolder, world::World};
use tokio::process::Command;

/// The Python that has every SDK.
const PYTHON: &str = "TEST_PYTHON";

#[tokio::test]
async fn the_ark_sdk_is_content_with_the_simulator() -> anyhow::Result<()> {
    with_simulator("ark").await
}

#[tokio::test]
async fn the_runway_sdk_is_content_with_the_simulator() -> anyhow::Result<()> {
    with_simulator("runway").await
}

#[tokio::test]
async fn the_openai_sdk_is_content_with_the_simulator() -> anyhow::Result<()> {
    with_simulator("openai-simulator").await
}

async fn with_simulator(sdk: &str) -> anyhow::Result<()> {
    let folder = ScratchFolder::create("clients")?;
    let mut simulator = Program::of_this_build("simulator", "simulator", folder.path())?.with_arguments([
        "--listen",
        "127.0.0.1:0",
        "--time-scale",
        "0.02",
    ]);
    let url = simulator.start_until("listening on").await?;
    pytest(sdk, &[("SIMULATOR_URL", &url), ("SIMULATOR_KEY", "sim-clients")]).await
}

#[tokio::test]
async fn the_openai_sdk_is_content_with_the_gateway() -> anyhow::Result<()> {
    let world = World::start(&[("ZEPHYR_SIMULATOR_TIME_SCALE", "0.02")]).await?;
    let variables: Vec<(&str, &str)> = world.demo.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    pytest("openai", &variables).await
}

async fn pytest(sdk: &str, variables: &[(&str, &str)]) -> anyhow::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(sdk);
    let done = Command::new(python()?)
        .args(["-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", "."])
        .current_dir(&folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .envs(variables.iter().copied())
        .kill_on_drop(true)
        .output()
        .await
        .context("pytest can't be started")?;
    let (out, problems) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    ensure!(done.status.success(), "{} ended with {}:\n{out}\n{problems}", folder.display(), done.status);
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "tests/with-services tells by the environment where the SDKs are")]
fn python() -> anyhow::Result<String> {
    std::env::var(PYTHON)
        .with_context(|| format!("{PYTHON} is not set: run this under tests/with-services, as make does"))
}
