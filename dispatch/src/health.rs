//! What the end of a call says about its key: nothing, a pause, a disabling, or that it is well again. Each change is an
//! event with its reason. What an admin disabled stays so: the key itself decides that.
//!
//! Failures that have no measure of their own are counted from the log; so many in a row disable the key ([`watch`]).

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{
    id::ProviderKeyId,
    provider_key::{Backoff, ProviderKeyCommand},
    unit::Unit,
};
use providers::{KeyAction, UpstreamError};
use store::{Context, ExecuteError, Side, Work};
use tokio_util::sync::CancellationToken;

use crate::{ACTOR, Dispatcher, pool::Chosen};

/// The longest pause of a key for a model; an upstream that asks for a longer one gets it.
pub const COOL_DOWN_AT_MOST: Duration = Duration::from_secs(60);
/// The longest pause between two probes of a disabled key.
pub const PROBE_PAUSE_AT_MOST: Duration = Duration::from_mins(30);
/// After this long the counts are looked at again, in case that the store was away at the first look.
const LOOK_ANYWAY: Duration = Duration::from_secs(5);

impl Dispatcher {
    /// Takes note of how a call ended, and hands its result on.
    pub(crate) async fn heard<T>(&self, chosen: &Chosen, result: Result<T, UpstreamError>) -> Result<T, UpstreamError> {
        self.heed(chosen, result.as_ref().map(|_| ())).await;
        result
    }

    /// Does to the key what the end of a call asks for.
    pub(crate) async fn heed(&self, chosen: &Chosen, heard: Result<(), &UpstreamError>) {
        for (key_id, command) in self.consequences(chosen, heard) {
            self.change_key(&key_id, command).await;
        }
    }

    fn consequences(
        &self,
        chosen: &Chosen,
        heard: Result<(), &UpstreamError>,
    ) -> Vec<(ProviderKeyId, ProviderKeyCommand)> {
        let (now, model) = (self.parts().store.now(), chosen.route.upstream_model.clone());
        let this = |command| vec![(chosen.key_id.clone(), command)];
        let error = match heard {
            Err(error) if error.is_against_the_key() => error,
            _ if chosen.probe => return this(ProviderKeyCommand::ProbeSucceeded { model }),
            _ => return vec![],
        };
        let reason = reason(error);
        if chosen.probe {
            let pauses = self.probe_pauses();
            return this(ProviderKeyCommand::ProbeFailed { model, reason, now, pauses });
        }
        let (automatic, probe_at) = (true, Some(self.first_probe(now)));
        match error.key_action {
            KeyAction::None => vec![],
            KeyAction::CoolDown => {
                let pauses = self.cool_down_pauses(error.retry_after);
                this(ProviderKeyCommand::CoolDown { model, reason, now, pauses })
            }
            KeyAction::DisableKeyModel => this(ProviderKeyCommand::DisableModel { model, reason, automatic, probe_at }),
            KeyAction::DisableKey => this(ProviderKeyCommand::DisableKey { reason, automatic, probe_at }),
            KeyAction::DisableAccount => {
                let disable =
                    |key_id| (key_id, ProviderKeyCommand::DisableKey { reason: reason.clone(), automatic, probe_at });
                self.keys_of_the_account(chosen).into_iter().map(disable).collect()
            }
        }
    }

    /// All keys that are paid by the account of a key; the key alone, if nobody said which account that is.
    fn keys_of_the_account(&self, chosen: &Chosen) -> Vec<ProviderKeyId> {
        let catalog = self.parts().live.catalog();
        let account = |key_id| catalog.provider_key(key_id).and_then(|entry| entry.registration()?.account.clone());
        let Some(account) = account(&chosen.key_id) else { return vec![chosen.key_id.clone()] };
        let keys = catalog.provider_keys(&chosen.provider_id).filter(|entry| {
            entry.registration().is_some_and(|known| known.account.as_deref() == Some(account.as_str()))
        });
        keys.map(|entry| entry.provider_key_id.clone()).collect()
    }

    async fn change_key(&self, key_id: &ProviderKeyId, command: ProviderKeyCommand) {
        let context = Context { actor: ACTOR.into(), request_id: String::new() };
        let work = Work { unit: Unit::of(key_id, command), context, side: Side::default() };
        match self.parts().store.execute(work).await {
            Ok(committed) => {
                for recorded in committed.events.iter() {
                    tracing::warn!(key = %key_id, event = ?recorded.event, "a provider key changes");
                }
            }
            Err(ExecuteError::Refused(refusal)) => tracing::info!(key = %key_id, %refusal, "a key is left as it is"),
            Err(error) => tracing::warn!(key = %key_id, %error, "a change of a provider key is not recorded"),
        }
    }

    fn first_probe(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + self.parts().ages.key_probe
    }

    fn probe_pauses(&self) -> Backoff {
        backoff(self.parts().ages.key_probe, PROBE_PAUSE_AT_MOST)
    }

    fn cool_down_pauses(&self, asked: Option<Duration>) -> Backoff {
        backoff(asked.unwrap_or(self.parts().ages.cool_down), COOL_DOWN_AT_MOST)
    }

    /// Disables a key that failed so many times in a row as its provider's settings say.
    async fn disable_failing(&self) {
        let (live, now) = (&self.parts().live, self.parts().store.now());
        let catalog = live.catalog();
        for (key_id, failures) in live.failures_in_a_row() {
            let registration = catalog.provider_key(&key_id).and_then(|entry| entry.registration());
            let provider = registration.and_then(|known| catalog.provider_by_id(&known.provider_id));
            let Some(settings) = provider.and_then(|provider| provider.settings()) else { continue };
            if failures < settings.failures_to_disable() {
                continue;
            }
            let reason = format!("{failures} failures in a row");
            let probe_at = Some(self.first_probe(now));
            self.change_key(&key_id, ProviderKeyCommand::DisableKey { reason, automatic: true, probe_at }).await;
        }
    }
}

/// Disables keys that fail again and again, until `shutdown`. Any number of processes may watch.
pub async fn watch(dispatcher: Dispatcher, shutdown: CancellationToken) {
    let live = dispatcher.parts().live.clone();
    while !shutdown.is_cancelled() {
        dispatcher.disable_failing().await;
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = live.more_failures() => {}
            () = tokio::time::sleep(LOOK_ANYWAY) => {}
        }
    }
}

fn backoff(first: Duration, most: Duration) -> Backoff {
    let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    Backoff { first_ms: ms(first).max(1), most_ms: ms(most) }
}

/// Our code, and what upstream said of itself. Its message stays out: it may quote a prompt.
fn reason(error: &UpstreamError) -> String {
    let status = error.status.map(|status| format!(" {status}")).unwrap_or_default();
    let code = error.upstream_code.as_ref().map(|code| format!(" {code}")).unwrap_or_default();
    format!("{}{status}{code}", error.code)
}
