//! The form for new provider keys, one a line: each line becomes a key by itself, and says what became of it.

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use templates_maud::console::provider_keys::{AddKeys, Added};

use super::provider_keys::whole;
use crate::{
    admin::provider_keys::{
        create::{self, NewProviderKey},
        view::Limits,
    },
    caller::AdminCaller,
    error::{ApiError, ApiResult},
    state::AppState,
};

/// The most keys that one form adds.
const KEYS_AT_ONCE: usize = 200;

/// What the form sends.
#[derive(Deserialize)]
pub struct AddForm {
    /// Shows that it is ours.
    pub csrf_token: String,
    provider: String,
    label: String,
    #[serde(default)]
    account: String,
    #[serde(default)]
    weight: String,
    #[serde(default)]
    at_once: String,
    #[serde(default)]
    a_second: String,
    #[serde(default)]
    a_minute: String,
    secrets: SecretString,
}

/// Adds the keys of a form. What was typed comes back, but never a secret.
pub async fn add_lines(state: &AppState, admin: &AdminCaller, form: AddForm) -> AddKeys {
    let outcome = added(state, admin, &form).await;
    let (added, failure) = match outcome {
        Ok(added) => (added, None),
        Err(error) => (vec![], Some(error.message.to_string())),
    };
    let AddForm { provider, label, account, weight, at_once, a_second, a_minute, .. } = form;
    AddKeys { provider, label, account, weight, a_second, a_minute, at_once, failure, added }
}

async fn added(state: &AppState, admin: &AdminCaller, form: &AddForm) -> ApiResult<Vec<Added>> {
    let limits = Limits {
        requests_per_second: whole("a_second", &form.a_second)?,
        requests_per_minute: whole("a_minute", &form.a_minute)?,
        concurrency: whole("at_once", &form.at_once)?,
    };
    limits.checked()?;
    let weight = whole("weight", &form.weight)?;
    let text = form.secrets.expose_secret();
    let lines: Vec<(usize, &str)> =
        (1..).zip(text.lines().map(str::trim)).filter(|(_, line)| !line.is_empty()).collect();
    if lines.is_empty() || lines.len() > KEYS_AT_ONCE {
        return Err(ApiError::parameter("secrets", format!("paste 1 to {KEYS_AT_ONCE} keys, one a line")));
    }
    let mut all = Vec::with_capacity(lines.len());
    for (line, secret) in &lines {
        let label = if lines.len() == 1 { form.label.clone() } else { format!("{} {line}", form.label) };
        let new = NewProviderKey {
            provider: form.provider.clone(),
            label,
            secret: (*secret).to_owned(),
            weight,
            limits,
            account: Some(form.account.clone()).filter(|account| !account.is_empty()),
        };
        let key = create::add(state, admin, new).await;
        all.push(Added {
            line: *line,
            key: key.map(|(view, new)| (view.id, new)).map_err(|error| error.message.into()),
        });
    }
    Ok(all)
}
