//! An executable as a process, ours or the machine's: started, killed without warning, started again. Its output goes to files.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, bail};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, Command},
};

use crate::{api_client::ApiClient, looking::until};

/// How long a program may take to say that it is ready.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// A program, running or not. It is killed when it is dropped.
#[derive(Debug)]
pub struct Program {
    name: String,
    executable: PathBuf,
    arguments: Vec<OsString>,
    variables: Vec<(String, String)>,
    logs: PathBuf,
    child: Option<Child>,
}

impl Program {
    /// The executable `file` of this build, under a name for its logs in the folder `logs`.
    ///
    /// # Errors
    /// When it was not built.
    pub fn of_this_build(file: &str, name: &str, logs: &Path) -> anyhow::Result<Self> {
        let this = std::env::current_exe()?;
        // A test lies in `deps`, one below the executables.
        let found = this.ancestors().skip(1).take(2).map(|folder| folder.join(file)).find(|path| path.is_file());
        let executable = found.with_context(|| format!("`{file}` is not built: run cargo build --workspace --bins"))?;
        Ok(Self::installed(executable, name, logs))
    }

    /// An executable that this machine has, under a name for its logs in the folder `logs`.
    #[must_use]
    pub fn installed(executable: PathBuf, name: &str, logs: &Path) -> Self {
        let (arguments, variables) = (Vec::new(), Vec::new());
        Self { name: name.to_owned(), executable, arguments, variables, logs: logs.to_owned(), child: None }
    }

    /// Adds arguments.
    #[must_use]
    pub fn with_arguments<T: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = T>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Adds variables to its environment, which else has `PATH` only.
    #[must_use]
    pub fn with_variables(mut self, variables: &[(String, String)]) -> Self {
        self.variables.extend_from_slice(variables);
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn start(&mut self) -> anyhow::Result<()> {
        let output = Stdio::from(self.log("out")?);
        self.child = Some(self.spawn(output)?);
        Ok(())
    }

    /// Starts it and waits for the first line that begins with `ready`; gives what follows there.
    ///
    /// # Errors
    /// When it can't be started, ends, or says nothing in time; with the last lines of its log.
    pub async fn start_until(&mut self, ready: &str) -> anyhow::Result<String> {
        let mut child = self.spawn(Stdio::piped())?;
        let mut copy = tokio::fs::File::from_std(self.log("out")?);
        let mut lines = BufReader::new(child.stdout.take().context("its output is piped")?).lines();
        self.child = Some(child);
        let found = async {
            while let Some(line) = lines.next_line().await? {
                copy.write_all(format!("{line}\n").as_bytes()).await?;
                if let Some(rest) = line.strip_prefix(ready) {
                    return Ok(Some(rest.trim().to_owned()));
                }
            }
            anyhow::Ok(None)
        };
        let found = tokio::time::timeout(READY_WITHIN, found).await;
        let Ok(Ok(Some(rest))) = found else {
            bail!("{} did not get ready:\n{}", self.name, self.last_lines());
        };
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                // A log that can't be written any more is nobody's concern.
                drop(copy.write_all(format!("{line}\n").as_bytes()).await);
            }
        });
        Ok(rest)
    }

    /// Kills it without warning, and waits until it is gone.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn kill9(&mut self) -> anyhow::Result<()> {
        let mut child = self.child.take().with_context(|| format!("{} does not run", self.name))?;
        if let Some(status) = child.try_wait()? {
            bail!("{} had ended by itself, {status}:\n{}", self.name, self.last_lines());
        }
        Ok(child.kill().await?)
    }

    /// Says that it ended by itself, if it did.
    ///
    /// # Errors
    /// It ended; with the last lines of its log.
    pub fn must_live(&mut self) -> anyhow::Result<()> {
        let status = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
        match status {
            None => Ok(()),
            Some(status) => bail!("{} ended by itself, {status}:\n{}", self.name, self.last_lines()),
        }
    }

    /// Waits until the API that it serves says that all its parts are there.
    ///
    /// # Errors
    /// When it ends, or does not get ready in time; with the last lines of its log.
    pub async fn until_ready(&mut self, api: &ApiClient) -> anyhow::Result<()> {
        let ready = until("the API is ready", READY_WITHIN, async || {
            self.must_live()?;
            Ok(api.is_ready().await)
        });
        ready.await.with_context(|| format!("{}:\n{}", self.name, self.last_lines()))
    }

    fn spawn(&self, output: Stdio) -> anyhow::Result<Child> {
        let path = std::iter::once(("PATH".to_owned(), search_path()));
        Command::new(&self.executable)
            .args(&self.arguments)
            .env_clear()
            .envs(path.chain(self.variables.iter().cloned()))
            .current_dir(&self.logs)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(Stdio::from(self.log("log")?))
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} can't be started", self.executable.display()))
    }

    fn log(&self, kind: &str) -> std::io::Result<File> {
        OpenOptions::new().create(true).append(true).open(self.logs.join(format!("{}.{kind}", self.name)))
    }

    fn last_lines(&self) -> String {
        let text = std::fs::read_to_string(self.logs.join(format!("{}.log", self.name))).unwrap_or_default();
        let lines: Vec<&str> = text.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

#[expect(clippy::disallowed_methods, reason = "a program of ours is found where this one was")]
fn search_path() -> String {
    std::env::var("PATH").unwrap_or_default()
}
