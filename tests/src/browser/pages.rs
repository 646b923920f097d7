//! Every page there is, once, as it is to be seen in the scene. A page of the router that is not here fails a test.

use templates_maud::paths::{self, fill, with_query};

use super::scene::Scene;

/// Who is to look at a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// Nobody who is known.
    Nobody,
    /// A person of a tenant.
    Member,
    /// Who runs the platform.
    Admin,
}

impl Seat {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Nobody, Self::Member, Self::Admin];

    /// Address of e-mail and password, in the scene.
    #[must_use]
    pub fn account(self, scene: &Scene) -> Option<(&str, &str)> {
        let demo = |name: &str| scene.world.demo.get(name).map(String::as_str);
        let who = match self {
            Self::Nobody => return None,
            Self::Member => "USER",
            Self::Admin => "ADMIN",
        };
        Some((demo(&format!("ZEPHYR_{who}_EMAIL"))?, demo(&format!("ZEPHYR_{who}_PASSWORD"))?))
    }
}

/// A page to look at.
#[derive(Clone, Debug)]
pub struct Page {
    /// What it is called, also as a file.
    pub name: &'static str,
    /// Its pattern in the router.
    pub route: &'static str,
    /// Where it is in the scene.
    pub path: String,
    /// Who is to look.
    pub seat: Seat,
}

/// Every page of the scene; some in several states.
#[must_use]
pub fn pages(scene: &Scene) -> Vec<Page> {
    [at_the_door(), portal(scene), models(), jobs(scene), catalog(), customers(scene), console(scene)].concat()
}

fn page(name: &'static str, route: &'static str, seat: Seat) -> Page {
    Page { name, route, path: route.to_owned(), seat }
}

impl Page {
    /// With the places of its pattern filled.
    fn of(self, values: &[&str]) -> Self {
        Self { path: fill(self.route, values), ..self }
    }

    fn with(self, query: &[(&str, &str)]) -> Self {
        Self { path: with_query(&self.path, query), ..self }
    }
}

fn at_the_door() -> Vec<Page> {
    vec![
        page("offline", paths::OFFLINE, Seat::Nobody),
        page("login", paths::LOGIN, Seat::Nobody),
        page("register", paths::REGISTER, Seat::Nobody),
        page("market-for-all", paths::MARKET, Seat::Nobody),
        page("model-for-all", paths::MODEL, Seat::Nobody).of(&["doubao-seedream-4-0"]),
        page("not-found", paths::JOB, Seat::Member).of(&["job_unknown"]),
    ]
}

fn catalog() -> Vec<Page> {
    let seen = |name, route| page(name, route, Seat::Admin);
    let of_model = |name, route| seen(name, route).of(&["doubao-seedream-4-0", "text_to_image"]);
    vec![
        seen("console-models", paths::CONSOLE_MODELS),
        seen("console-new-model", paths::CONSOLE_NEW_MODEL),
        seen("console-import", paths::CONSOLE_IMPORT),
        of_model("console-model", paths::CONSOLE_MODEL),
        of_model("console-editor", paths::CONSOLE_CAPABILITY),
        of_model("console-history", paths::CONSOLE_HISTORY),
    ]
}

fn customers(scene: &Scene) -> Vec<Page> {
    let seen = |name, route| page(name, route, Seat::Admin);
    vec![
        seen("console-tenants", paths::CONSOLE_TENANTS),
        seen("console-tenant", paths::CONSOLE_TENANT).of(&[&scene.tenant]),
        seen("console-users", paths::CONSOLE_USERS),
        seen("console-recharges", paths::CONSOLE_RECHARGES),
        seen("console-ledger", paths::CONSOLE_LEDGER),
        seen("console-ledger-check", paths::CONSOLE_LEDGER_CHECK),
        seen("console-audit", paths::CONSOLE_AUDIT),
    ]
}

fn portal(_: &Scene) -> Vec<Page> {
    vec![
        page("overview", paths::OVERVIEW, Seat::Member),
        page("market", paths::MARKET, Seat::Member),
        page("market-filtered", paths::MARKET, Seat::Member).with(&[("cap", "text_to_video"), ("q", "pro")]),
        page("market-empty", paths::MARKET, Seat::Member).with(&[("q", "nothing of this name")]),
        page("assets", paths::ASSETS, Seat::Member),
        page("billing", paths::BILLING, Seat::Member),
        page("ledger", paths::LEDGER, Seat::Member),
        page("ledger-empty", paths::LEDGER, Seat::Member).with(&[("from", "2001-01-01"), ("to", "2001-01-02")]),
        page("keys", paths::KEYS, Seat::Member),
        page("quickstart", paths::QUICKSTART, Seat::Member),
        page("settings", paths::SETTINGS, Seat::Member),
    ]
}

fn models() -> Vec<Page> {
    let model = |name, model| page(name, paths::MODEL, Seat::Member).of(&[model]);
    vec![
        model("model-simple", "doubao-embedding-large"),
        model("model-studio", "doubao-seedream-4-0").with(&[("example", "0")]),
        model("model-video", "doubao-seedance-2-0").with(&[("cap", "image_to_video")]),
        model("model-chat", "doubao-seed-2-0-mini"),
        model("model-api", "doubao-seedream-4-0").with(&[("example", "0"), ("tab", "api")]),
        model("model-pricing", "doubao-seedance-1-0-pro").with(&[("example", "0"), ("tab", "pricing")]),
    ]
}

fn jobs(scene: &Scene) -> Vec<Page> {
    let job = |name, id| page(name, paths::JOB, Seat::Member).of(&[id]);
    vec![
        page("jobs", paths::JOBS, Seat::Member),
        page("jobs-filtered", paths::JOBS, Seat::Member).with(&[("status", "failed")]),
        job("job-text", &scene.text),
        job("job-picture", &scene.picture),
        job("job-video", &scene.video),
        job("job-failed", &scene.failed),
        job("job-canceled", &scene.canceled),
        job("job-running", &scene.running),
    ]
}

fn console(scene: &Scene) -> Vec<Page> {
    let seen = |name, route| page(name, route, Seat::Admin);
    vec![
        seen("console", paths::CONSOLE),
        seen("console-provider-keys", paths::PROVIDER_KEYS),
        seen("console-provider-key", paths::PROVIDER_KEY).of(&[&scene.provider_key]),
        seen("console-providers", paths::CONSOLE_PROVIDERS),
        seen("console-provider", paths::CONSOLE_PROVIDER).of(&["ark"]),
        seen("console-jobs", paths::CONSOLE_JOBS),
        seen("console-job", paths::CONSOLE_JOB).of(&[&scene.video]),
        seen("console-requests", paths::CONSOLE_REQUESTS),
        seen("console-limits", paths::CONSOLE_LIMITS),
        seen("console-limits-of", paths::CONSOLE_LIMITS_OF).of(&[&scene.tenant]),
        seen("console-system", paths::CONSOLE_SYSTEM),
        seen("console-settings", paths::CONSOLE_SETTINGS),
    ]
}
