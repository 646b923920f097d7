//! A `zephyr` as a child: its lines are awaited, its end too. It is killed when a test ends early.

use std::{
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

/// How long a start or a stop may take on a busy machine.
const WITHIN: Duration = Duration::from_secs(120);

/// A running `zephyr up`.
pub struct Up {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Up {
    /// Starts one over a data folder and waits until it says that it is ready.
    pub async fn start(data_dir: &Path) -> Self {
        let mut command = zephyr(data_dir);
        let log =
            std::fs::File::options().create(true).append(true).open(data_dir.with_extension("log")).expect("a log");
        command.arg("up").stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let mut up = Self { child, lines };
        up.line_with("the gateway is ready at").await;
        up
    }

    async fn line_with(&mut self, needle: &str) {
        let looking = async {
            while let Some(line) = self.lines.next_line().await.expect("it can be read") {
                if line.contains(needle) {
                    return;
                }
            }
            panic!("it ended before it said {needle:?}");
        };
        tokio::time::timeout(WITHIN, looking).await.expect("it says so in time");
    }

    /// Asks it to stop and waits for its end, which is a good one.
    pub async fn stop(mut self) {
        let pid = self.child.id().expect("it runs").to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status().await.expect("kill can be run");
        assert!(asked.success());
        let ended = tokio::time::timeout(WITHIN, self.child.wait()).await.expect("it ends in time").expect("it ends");
        assert!(ended.success(), "{ended}");
    }

    /// Kills it without warning.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("it is killed");
    }
}

/// Runs a command to its end.
pub async fn run(data_dir: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = zephyr(data_dir);
    command.args(arguments).envs(variables.iter().copied()).stdin(Stdio::null());
    tokio::time::timeout(WITHIN, command.output()).await.expect("it ends in time").expect("it can be run")
}

fn zephyr(data_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zephyr"));
    command
        .env("ZEPHYR_DATA_DIR", data_dir)
        .env("ZEPHYR_LISTEN", "127.0.0.1:0")
        .env("ZEPHYR_SIMULATOR_TIME_SCALE", "0.01");
    for set in ["DATABASE_URL", "AMQP_URL", "REDIS_URL", "S3_ENDPOINT", "JWT_SECRET", "ENCRYPTION_KEYS"] {
        command.env_remove(set);
    }
    // Not the checkout: its .env is nobody's business here.
    command.current_dir(data_dir.parent().expect("it has a parent")).kill_on_drop(true);
    command
}

/// An empty folder for one test, removed with it.
pub struct Folder(std::path::PathBuf);

impl Folder {
    /// Makes one.
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("zephyr-{name}-{}", uuid::Uuid::now_v7().simple()));
        std::fs::create_dir_all(&path).expect("it can be made");
        Self(path)
    }

    /// The data folder in it.
    pub fn data(&self) -> std::path::PathBuf {
        self.0.join("data")
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// The variables of `demo.env`.
pub fn demo(data_dir: &Path) -> std::collections::BTreeMap<String, String> {
    let text = std::fs::read_to_string(data_dir.join("demo.env")).expect("it was written");
    text.lines().filter_map(|line| line.split_once('=')).map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
}
