//! Which provider keys a list shows, out of memory: by provider, by standing, by a text, and after a cursor.

use chrono::{DateTime, Utc};
use domain::{id::ProviderKeyId, provider_key::ProviderKey};
use projections::live::ProviderKeyEntry;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ProviderKeyView;
use crate::{
    error::{ApiError, ApiResult},
    state::AppState,
};

/// Where a key stands, over all its models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyStanding {
    /// It is used.
    Ready,
    /// It is passed over for some model for a while.
    Cooling,
    /// It is not used for some model.
    Partly,
    /// It is not used.
    Disabled,
    /// Never again.
    Revoked,
}

impl KeyStanding {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Ready, Self::Cooling, Self::Partly, Self::Disabled, Self::Revoked];

    /// Where a key stands now.
    #[must_use]
    pub fn of(key: &ProviderKey, now: DateTime<Utc>) -> Self {
        if key.is_revoked() {
            return Self::Revoked;
        }
        if key.disabling().is_some() {
            return Self::Disabled;
        }
        if key.models().values().any(|model| model.disabled.is_some()) {
            return Self::Partly;
        }
        let cools = key.models().values().filter_map(|model| model.cooling.as_ref()).any(|pause| pause.until > now);
        if cools { Self::Cooling } else { Self::Ready }
    }
}

/// Which keys.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Only of this provider.
    pub provider: Option<String>,
    /// Only with this standing.
    pub state: Option<KeyStanding>,
    /// Only with this text in the label, the account or the fingerprint.
    pub q: String,
    /// Only after this key.
    pub after: Option<ProviderKeyId>,
    /// Whether revoked keys are shown where no standing is asked for.
    pub with_revoked: bool,
}

/// Some keys, the oldest first, and whether more follow.
///
/// # Errors
/// `not_found` for an unknown provider.
pub async fn select(state: &AppState, wanted: &Wanted, limit: usize) -> ApiResult<(Vec<ProviderKeyView>, bool)> {
    let (catalog, now) = (state.live.catalog(), state.store.now());
    let provider = |name: &String| catalog.provider(name).ok_or_else(|| ApiError::not_found("provider"));
    let provider = wanted.provider.as_ref().map(provider).transpose()?.map(|entry| &entry.provider_id);
    let text = wanted.q.trim().to_lowercase();
    let fits = |entry: &ProviderKeyEntry| {
        let Some(known) = entry.registration() else { return false };
        let holds = |field: &str| field.to_lowercase().contains(&text);
        provider.is_none_or(|provider| known.provider_id == *provider)
            && wanted.after.as_ref().is_none_or(|after| entry.provider_key_id > *after)
            && match wanted.state {
                Some(standing) => KeyStanding::of(&entry.key, now) == standing,
                None => wanted.with_revoked || !entry.key.is_revoked(),
            }
            && (holds(&known.label) || holds(&known.fingerprint) || known.account.as_deref().is_some_and(holds))
    };
    let page: Vec<_> = catalog.all_provider_keys().filter(|entry| fits(entry)).take(limit + 1).cloned().collect();
    let mut rows = Vec::with_capacity(page.len().min(limit));
    for entry in page.iter().take(limit) {
        rows.push(ProviderKeyView::of(state, &entry.provider_key_id, &entry.key).await?);
    }
    Ok((rows, page.len() > limit))
}

/// How many keys stand where, in the order of [`KeyStanding::ALL`].
#[must_use]
pub fn sums(state: &AppState) -> [usize; 5] {
    let (catalog, now) = (state.live.catalog(), state.store.now());
    let mut sums = [0; 5];
    for entry in catalog.all_provider_keys().filter(|entry| entry.registration().is_some()) {
        let standing = KeyStanding::of(&entry.key, now);
        let place = KeyStanding::ALL.iter().position(|one| *one == standing).unwrap_or_default();
        sums[place] += 1;
    }
    sums
}
