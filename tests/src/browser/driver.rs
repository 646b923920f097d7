//! The ChromeDriver that a program's tests share: started by the first of them, gone with the last. It never leaves a
//! browser behind.

use std::sync::{
    Arc, Weak,
    atomic::{AtomicU32, Ordering},
};

use tokio::sync::Mutex;

use crate::{
    api_client::ApiClient, ports::free_address, program::Program, scratch::ScratchFolder, services::BrowserParts,
};

/// What it prints when it serves.
const READY: &str = "ChromeDriver was started successfully on port";
/// How often another port is tried.
const TRIES: u32 = 3;
static SHARED: Mutex<Weak<Driver>> = Mutex::const_new(Weak::new());

/// A ChromeDriver.
#[derive(Debug)]
pub struct Driver {
    /// Where it is.
    pub url: String,
    /// The programs it works with.
    pub parts: BrowserParts,
    folder: ScratchFolder,
    profiles: AtomicU32,
    program: Option<Program>,
}

impl Driver {
    /// The driver of this program's tests.
    ///
    /// # Errors
    /// When it is not installed or does not start.
    pub async fn shared() -> anyhow::Result<Arc<Self>> {
        let mut shared = SHARED.lock().await;
        if let Some(driver) = shared.upgrade() {
            return Ok(driver);
        }
        let driver = Arc::new(Self::start().await?);
        *shared = Arc::downgrade(&driver);
        Ok(driver)
    }

    async fn start() -> anyhow::Result<Self> {
        let parts = BrowserParts::find()?;
        let folder = ScratchFolder::create("browser")?;
        // Nothing of the person whose machine this is: no settings, no caches.
        let home = [("HOME".to_owned(), folder.path().display().to_string())];
        let mut tries = TRIES;
        loop {
            let address = free_address()?;
            let program = Program::installed(parts.driver.clone(), "chromedriver", folder.path());
            let mut program = program.with_arguments([format!("--port={}", address.port())]).with_variables(&home);
            match program.start_until(READY).await {
                Ok(_) => {
                    let (url, profiles) = (format!("http://{address}"), AtomicU32::new(0));
                    return Ok(Self { url, parts, folder, profiles, program: Some(program) });
                }
                Err(error) if tries == 0 => return Err(error),
                // Somebody else took the port meanwhile.
                Err(_) => tries -= 1,
            }
        }
    }

    /// A folder for a browser's profile, which is not there yet.
    #[must_use]
    pub fn new_profile(&self) -> String {
        let number = self.profiles.fetch_add(1, Ordering::Relaxed);
        self.folder.path().join(format!("profile-{number}")).display().to_string()
    }
}

/// Asked to end, it closes its browsers: from a thread of its own, for the test's runtime may be gone.
impl Drop for Driver {
    fn drop(&mut self) {
        let (url, program) = (format!("{}/shutdown", self.url), self.program.take());
        let ending = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                if let Ok(http) = ApiClient::http() {
                    // Whether it could still answer or not, it is killed now.
                    drop(http.get(url).send().await);
                }
                drop(program);
            });
        });
        // It ends in any case: a thread that fails has dropped the program.
        drop(ending.join());
    }
}
