//! Our keys at providers: the pool as rows of small meters, and a page for each key. Of a secret only the fingerprint.
//!
//! | file | what it shows |
//! |---|---|
//! | `pool` | the keys by filters, with what is taken of their limits and how they do |
//! | `add` | the form for new keys, one or many |
//! | `key` | one key with what may be done to it, and all that happened to it |

mod add;
mod key;
mod pool;

use chrono::{DateTime, Utc};
use maud::{Markup, html};

pub use add::{AddKeys, Added};
pub use key::{Happened, KeyPage, Outcome};
pub use pool::{Filter, PoolPage, PoolSums};

use super::meter::Taken;
use crate::{
    icons,
    words::{Words, console::keys::Keys},
};

/// Where a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
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

impl KeyState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Ready, Self::Cooling, Self::Partly, Self::Disabled, Self::Revoked];

    /// Its name in URLs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Cooling => "cooling",
            Self::Partly => "partly",
            Self::Disabled => "disabled",
            Self::Revoked => "revoked",
        }
    }
}

/// Why a key is not used, or not for a model.
#[derive(Clone, Debug)]
pub struct Unwell {
    /// The provider's model, unless it is about all.
    pub model: Option<String>,
    /// Whether it is disabled; else it only rests.
    pub disabled: bool,
    /// The rule, or an admin's words.
    pub reason: String,
    /// Whether a rule did it.
    pub automatic: bool,
    /// When it is used or probed again, if that is known.
    pub until: Option<DateTime<Utc>>,
}

/// A key, as its row shows it.
#[derive(Clone, Debug)]
pub struct KeyRow {
    /// `pky_…`
    pub id: String,
    /// The provider's name.
    pub provider: String,
    /// What admins call it.
    pub label: String,
    /// What admins call the account that pays for it.
    pub account: Option<String>,
    /// The first characters of its sha256.
    pub fingerprint: String,
    /// Its share.
    pub weight: u32,
    /// Where it stands.
    pub state: KeyState,
    /// Why, where it is not simply used.
    pub unwell: Vec<Unwell>,
    /// Calls under way.
    pub under_way: Taken,
    /// Calls in the last second.
    pub second: Taken,
    /// Calls in the last minute.
    pub minute: Taken,
    /// Of how many of the last calls the provider answered: answered, and all.
    pub answered: (u32, u32),
    /// The last failure, and when.
    pub last_failure: Option<(String, DateTime<Utc>)>,
}

/// Where a key stands: a colour, a sign and a word.
fn state(words: &Keys, state: KeyState) -> Markup {
    let (class, icon) = match state {
        KeyState::Ready => ("good", icons::done()),
        KeyState::Cooling => ("warn", icons::waiting()),
        KeyState::Partly => ("warn", icons::stopped()),
        KeyState::Disabled => ("bad", icons::failed()),
        KeyState::Revoked => ("", icons::stopped()),
    };
    html! { span class={ "state " (class) } { (icon) (words.state(state)) } }
}

/// A reason, and when the key is looked at again.
fn reason(words: &Words, unwell: &Unwell) -> Markup {
    let keys = words.console.keys;
    html! {
        (unwell.reason)
        @if let Some(until) = unwell.until {
            " · " (if unwell.disabled { keys.probe } else { keys.until }) " " (countdown(words, until))
        }
    }
}

/// A moment to come, that scripts count down to.
fn countdown(words: &Words, at: DateTime<Utc>) -> Markup {
    html! { time datetime=(at.to_rfc3339()) title=(at.to_rfc3339()) data-until { (at.with_timezone(&words.zone).format("%H:%M:%S")) } }
}

/// The share of calls that were answered, in per cent.
fn share((answered, all): (u32, u32)) -> Markup {
    html! {
        @if all == 0 { span.soft { "–" } }
        @else { (u64::from(answered) * 100 / u64::from(all)) "\u{a0}%" span.soft { " /" (all) } }
    }
}
