//! Our keys at providers: registered with a secret that never comes out again, weighed, limited, disabled, enabled, revoked.
//!
//! | file | route |
//! |---|---|
//! | `list` | `GET /admin/api/provider-keys`, `GET /admin/api/provider-keys/{id}` |
//! | `create` | `POST /admin/api/provider-keys` |
//! | `change` | `PATCH` and `DELETE /admin/api/provider-keys/{id}` |
//! | `select` | which keys a list shows |
//! | `view` | a key as it is shown: how it does, and what is taken of its limits |

pub mod change;
pub mod create;
pub mod list;
pub mod select;
pub mod view;

use domain::{id::ProviderKeyId, provider_key::ProviderKey};
pub use view::ProviderKeyView;

use crate::{
    error::{ApiError, ApiResult},
    state::AppState,
};

/// The longest label, account or reason.
const TEXT_MAX_CHARS: usize = 200;
/// The largest weight of a key.
const WEIGHT_MAX: u32 = 1_000_000;
/// The largest limit of a key.
const LIMIT_MAX: u32 = 10_000_000;

/// A key by its id, as the log has it.
pub async fn known(state: &AppState, id: &str) -> ApiResult<(ProviderKeyId, ProviderKey)> {
    let id: ProviderKeyId = id.parse().map_err(|_| ApiError::not_found("provider key"))?;
    let key: ProviderKey = state.store.read(id.as_str()).await?;
    if key.registration().is_none() {
        return Err(ApiError::not_found("provider key"));
    }
    Ok((id, key))
}

fn check_text(param: &str, text: &str) -> ApiResult<()> {
    if text.trim().is_empty() || text.chars().count() > TEXT_MAX_CHARS || text.chars().any(char::is_control) {
        let message = format!("{param} has 1 to {TEXT_MAX_CHARS} characters, on one line");
        return Err(ApiError::parameter(param, message));
    }
    Ok(())
}

fn check_weight(weight: u32) -> ApiResult<u32> {
    let wrong = || ApiError::parameter("weight", format!("weight is from 0 to {WEIGHT_MAX}"));
    if weight <= WEIGHT_MAX { Ok(weight) } else { Err(wrong()) }
}
