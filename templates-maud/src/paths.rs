//! Every URL of the pages, once: the router takes its patterns from here, and links are made here.

/// The first page after logging in.
pub const OVERVIEW: &str = "/";
/// The door.
pub const LOGIN: &str = "/login";
/// The other door.
pub const REGISTER: &str = "/register";
/// The way out.
pub const LOGOUT: &str = "/logout";
/// Theme and language.
pub const PREFERENCES: &str = "/preferences";
/// The models.
pub const MARKET: &str = "/market";
/// A model.
pub const MODEL: &str = "/m/{model}";
/// What a filled form would cost.
pub const PRICE: &str = "/m/{model}/{capability}/price";
/// Runs a filled form.
pub const RUN: &str = "/m/{model}/{capability}/run";
/// The tenant's jobs.
pub const JOBS: &str = "/jobs";
/// The jobs that a filter finds, as a table for spreadsheets.
pub const JOBS_EXPORT: &str = "/jobs/export";
/// Stops several jobs.
pub const JOBS_CANCEL: &str = "/jobs/cancel";
/// A job.
pub const JOB: &str = "/jobs/{id}";
/// Runs a job once more, as another.
pub const JOB_RETRY: &str = "/jobs/{id}/retry";
/// Stops a job.
pub const JOB_CANCEL: &str = "/jobs/{id}/cancel";
/// The part of a job's page that changes.
pub const JOB_STATE: &str = "/_f/jobs/{id}/state";
/// A job among the results of a bench.
pub const JOB_CARD: &str = "/_f/jobs/{id}/card";
/// The list of the tray.
pub const TRAY: &str = "/_f/tray";
/// What a model answered, as markup.
pub const JOB_ANSWER: &str = "/_f/jobs/{id}/answer";
/// The tenant's files.
pub const ASSETS: &str = "/assets";
/// Deletes several files.
pub const ASSETS_DELETE: &str = "/assets/delete";
/// Deletes a file.
pub const ASSET_DELETE: &str = "/assets/{id}/delete";
/// Balance and spending.
pub const BILLING: &str = "/billing";
/// The statement.
pub const LEDGER: &str = "/billing/ledger";
/// The API keys.
pub const KEYS: &str = "/keys";
/// Issues another API key in the place of one.
pub const KEY_ROTATE: &str = "/keys/{id}/rotate";
/// Ends an API key.
pub const KEY_REVOKE: &str = "/keys/{id}/revoke";
/// The first steps with the API.
pub const QUICKSTART: &str = "/quickstart";
/// The settings.
pub const SETTINGS: &str = "/settings";
/// Changes what one is called.
pub const SETTINGS_PROFILE: &str = "/settings/profile";
/// Changes the password.
pub const SETTINGS_PASSWORD: &str = "/settings/password";
/// Ends all other sessions.
pub const SETTINGS_SESSIONS: &str = "/settings/sessions";
/// Ends a session.
pub const SETTINGS_SESSION: &str = "/settings/sessions/{id}";
/// The page for when there is no network.
pub const OFFLINE: &str = "/offline";
/// What keeps files for when there is no network.
pub const SERVICE_WORKER: &str = "/sw.js";
/// Every component in every state, in development.
pub const STYLEGUIDE: &str = "/styleguide";

// The console: operations.
/// How the platform does.
pub const CONSOLE: &str = "/admin";
/// Our keys at providers.
pub const PROVIDER_KEYS: &str = "/admin/provider-keys";
/// The part of them that changes by itself.
pub const PROVIDER_KEYS_PART: &str = "/_f/admin/provider-keys";
/// One of them.
pub const PROVIDER_KEY: &str = "/admin/provider-keys/{id}";
/// Changes its weight, limits and account.
pub const PROVIDER_KEY_CHANGE: &str = "/admin/provider-keys/{id}/change";
/// Stops using it.
pub const PROVIDER_KEY_DISABLE: &str = "/admin/provider-keys/{id}/disable";
/// Uses it again, or ends a pause.
pub const PROVIDER_KEY_ENABLE: &str = "/admin/provider-keys/{id}/enable";
/// Ends it for good.
pub const PROVIDER_KEY_REVOKE: &str = "/admin/provider-keys/{id}/revoke";
/// Asks its provider whether it is good.
pub const PROVIDER_KEY_TEST: &str = "/admin/provider-keys/{id}/test";
/// Whom we buy from.
pub const CONSOLE_PROVIDERS: &str = "/admin/providers";
/// One of them.
pub const CONSOLE_PROVIDER: &str = "/admin/providers/{id}";
/// Sends it nothing new.
pub const CONSOLE_PROVIDER_PAUSE: &str = "/admin/providers/{id}/pause";
/// Sends it work again.
pub const CONSOLE_PROVIDER_RESUME: &str = "/admin/providers/{id}/resume";
/// Asks it something that costs nothing.
pub const CONSOLE_PROVIDER_TEST: &str = "/admin/providers/{id}/test";
/// The jobs of all tenants.
pub const CONSOLE_JOBS: &str = "/admin/jobs";
/// The part of them that changes by itself.
pub const CONSOLE_JOBS_PART: &str = "/_f/admin/jobs";
/// One of them, with its trace.
pub const CONSOLE_JOB: &str = "/admin/jobs/{id}";
/// Asks it to stop.
pub const CONSOLE_JOB_CANCEL: &str = "/admin/jobs/{id}/cancel";
/// Asks the provider about it now.
pub const CONSOLE_JOB_RECONCILE: &str = "/admin/jobs/{id}/reconcile";
/// The last requests that a process answered.
pub const CONSOLE_REQUESTS: &str = "/admin/requests";
/// The part of them that changes by itself.
pub const CONSOLE_REQUESTS_PART: &str = "/_f/admin/requests";
/// How many came since.
pub const CONSOLE_REQUESTS_NEWS: &str = "/_f/admin/requests/news";
/// What tenants and their keys may do.
pub const CONSOLE_LIMITS: &str = "/admin/limits";
/// What one tenant and its keys may do.
pub const CONSOLE_LIMITS_OF: &str = "/admin/limits/{id}";
/// What the installation is made of.
pub const CONSOLE_SYSTEM: &str = "/admin/system";
/// What it was told at its start.
pub const CONSOLE_SETTINGS: &str = "/admin/settings";
/// Encrypts every provider key anew.
pub const CONSOLE_ROTATE: &str = "/admin/settings/rotate";

// The console: the catalog.
/// The models, for those who run the platform.
pub const CONSOLE_MODELS: &str = "/admin/models";
/// A new model.
pub const CONSOLE_NEW_MODEL: &str = "/admin/new-model";
/// A catalog file.
pub const CONSOLE_IMPORT: &str = "/admin/import";
/// A model, for those who run the platform.
pub const CONSOLE_MODEL: &str = "/admin/models/{model}";
/// Whether a model may be called.
pub const CONSOLE_MODEL_STATE: &str = "/admin/models/{model}/state";
/// The editor of a capability.
pub const CONSOLE_CAPABILITY: &str = "/admin/models/{model}/{capability}";
/// What a draft would be.
pub const CONSOLE_PREVIEW: &str = "/admin/models/{model}/{capability}/preview";
/// Past jobs under a draft.
pub const CONSOLE_REHEARSE: &str = "/admin/models/{model}/{capability}/rehearse";
/// The versions of a capability.
pub const CONSOLE_HISTORY: &str = "/admin/models/{model}/{capability}/history";
/// Publishes an earlier version again.
pub const CONSOLE_ROLLBACK: &str = "/admin/models/{model}/{capability}/rollback";
/// Announces that a capability is to go.
pub const CONSOLE_DEPRECATE: &str = "/admin/models/{model}/{capability}/deprecate";
/// Takes a capability out of the catalog.
pub const CONSOLE_RETIRE: &str = "/admin/models/{model}/{capability}/retire";
// The console: customers.
/// The tenants.
pub const CONSOLE_TENANTS: &str = "/admin/tenants";
/// A tenant.
pub const CONSOLE_TENANT: &str = "/admin/tenants/{id}";
/// Credits for a tenant.
pub const CONSOLE_RECHARGE: &str = "/admin/tenants/{id}/recharge";
/// Whether a tenant may work.
pub const CONSOLE_TENANT_STATE: &str = "/admin/tenants/{id}/state";
/// Sees the portal as a tenant does.
pub const CONSOLE_VIEW: &str = "/admin/tenants/{id}/view";
/// Stops that.
pub const CONSOLE_VIEW_LEAVE: &str = "/admin/view/leave";
/// The people.
pub const CONSOLE_USERS: &str = "/admin/users";
/// A person.
pub const CONSOLE_USER: &str = "/admin/users/{id}";
/// All recharges.
pub const CONSOLE_RECHARGES: &str = "/admin/recharges";

// The console: the books.
/// The ledger of all tenants.
pub const CONSOLE_LEDGER: &str = "/admin/ledger";
/// Whether the books hold together.
pub const CONSOLE_LEDGER_CHECK: &str = "/admin/ledger/check";
/// The entries that are shown, as a file.
pub const CONSOLE_LEDGER_EXPORT: &str = "/admin/ledger/export";
/// The whole books, as a file.
pub const CONSOLE_BOOKS: &str = "/admin/ledger/books";
/// Who did what.
pub const CONSOLE_AUDIT: &str = "/admin/audit";

/// The catalog as a file.
pub const CATALOG_EXPORT: &str = "/admin/api/catalog/export";

/// A pattern with its places filled, in their order. Values are ids and names: they need no escaping.
#[must_use]
pub fn fill(pattern: &str, values: &[&str]) -> String {
    let mut path = String::with_capacity(pattern.len());
    let (mut rest, mut values) = (pattern, values.iter());
    while let Some((before, after)) = rest.split_once('{') {
        let (_, after) = after.split_once('}').unwrap_or(("", after));
        path.push_str(before);
        path.push_str(values.next().copied().unwrap_or_default());
        rest = after;
    }
    path.push_str(rest);
    path
}

/// A path with a query of these pairs; those without a value are left out.
#[must_use]
pub fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs.iter().filter(|(_, value)| !value.is_empty()));
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_and_queries_escaped() {
        assert_eq!(fill(RUN, &["a-model", "chat"]), "/m/a-model/chat/run");
        assert_eq!(fill(JOBS, &[]), "/jobs");
        assert_eq!(with_query(MARKET, &[("q", "a b&c"), ("cap", "")]), "/market?q=a+b%26c");
    }
}
