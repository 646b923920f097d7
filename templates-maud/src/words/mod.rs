//! Every word of the pages. One struct, so that no language can lack a word.

mod chinese;
pub mod console;
mod english;
mod portal;
mod zoned;

use chrono_tz::Tz;
use domain::{capability::CapabilityKind, pricing::Meter};
use projections::rows::{JobStage, JobStatus, LedgerType};

pub use chinese::CHINESE;
pub use english::ENGLISH;
pub use portal::PortalWords;
pub use zoned::{zone_named, zone_names};

/// The published events, in the order of their words.
const EVENTS: [&str; 12] = [
    "job.submitted",
    "job.started",
    "job.accepted",
    "job.retrying",
    "job.output",
    "job.succeeded",
    "job.failed",
    "job.cancel_requested",
    "job.canceled",
    "job.expired",
    "job.reconciling",
    "job.refunded",
];
/// The stages of a job, in the order of their words.
const STAGES: [JobStage; 5] =
    [JobStage::Starting, JobStage::Generating, JobStage::Storing, JobStage::Retrying, JobStage::Reconciling];

/// The words of one language.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each field is the word that it is called by")]
pub struct Words {
    pub lang: &'static str,
    /// The zone in which times are told.
    pub zone: Tz,
    /// The words of the portal's living half.
    pub portal: PortalWords,
    pub skip: &'static str,
    pub navigation: &'static str,
    pub log_in: &'static str,
    pub log_out: &'static str,
    pub register: &'static str,
    pub email: &'static str,
    pub password: &'static str,
    pub password_rule: &'static str,
    pub display_name: &'static str,
    pub optional: &'static str,
    pub no_account: &'static str,
    pub has_account: &'static str,
    pub theme: &'static str,
    pub language: &'static str,
    pub overview: &'static str,
    pub market: &'static str,
    pub jobs: &'static str,
    pub assets: &'static str,
    pub billing: &'static str,
    pub ledger: &'static str,
    pub keys: &'static str,
    pub quickstart: &'static str,
    pub api_docs: &'static str,
    pub back: &'static str,
    pub request_id: &'static str,
    pub no_tenant: &'static str,
    pub available: &'static str,
    pub held: &'static str,
    pub posted: &'static str,
    pub credit: &'static str,
    pub credits: &'static str,
    pub each_worth: &'static str,
    pub latest_jobs: &'static str,
    pub latest_lines: &'static str,
    pub see_all: &'static str,
    pub no_jobs: &'static str,
    pub job: &'static str,
    pub model: &'static str,
    pub status: &'static str,
    pub charged: &'static str,
    pub created: &'static str,
    pub no_ledger: &'static str,
    pub time: &'static str,
    pub kind: &'static str,
    pub amount: &'static str,
    pub balance: &'static str,
    pub reference: &'static str,
    pub all: &'static str,
    pub filter: &'static str,
    pub clear_all: &'static str,
    pub without: &'static str,
    pub nothing_found: &'static str,
    pub pages: &'static str,
    pub first_page: &'static str,
    pub next_page: &'static str,
    pub search: &'static str,
    pub capability: &'static str,
    pub provider: &'static str,
    pub models_found: &'static str,
    pub goes_on: &'static str,
    pub from: &'static str,
    pub million: &'static str,
    pub views: &'static str,
    pub examples: &'static str,
    pub log_in_to_run: &'static str,
    pub results: &'static str,
    pub no_results: &'static str,
    pub result: &'static str,
    pub advanced: &'static str,
    pub not_set: &'static str,
    pub form_has_errors: &'static str,
    pub upload: &'static str,
    pub asset_or_url: &'static str,
    pub assets_or_urls: &'static str,
    pub example_file: &'static str,
    pub roll: &'static str,
    pub your_message: &'static str,
    pub send: &'static str,
    pub generate: &'static str,
    pub holds_up_to: &'static str,
    pub usually: &'static str,
    pub exact_price: &'static str,
    pub price_later: &'static str,
    pub too_little_credit: &'static str,
    pub api_intro: &'static str,
    pub copy: &'static str,
    pub counted: &'static str,
    pub when: &'static str,
    pub rate: &'static str,
    pub minimum: &'static str,
    pub cached: &'static str,
    pub rounding: &'static str,
    pub calculation: &'static str,
    pub sum: &'static str,
    pub receipt: &'static str,
    pub held_first: &'static str,
    pub returned: &'static str,
    pub refunded: &'static str,
    pub price_version: &'static str,
    pub timeline: &'static str,
    pub details: &'static str,
    pub inputs: &'static str,
    pub inputs_erased: &'static str,
    pub download: &'static str,
    pub use_as_input: &'static str,
    pub run_again: &'static str,
    pub cancel: &'static str,
    pub cancel_costs: &'static str,
    pub opening: &'static str,
    pub closing: &'static str,
    pub lines: &'static str,
    pub export: &'static str,
    pub from_day: &'static str,
    pub to_day: &'static str,
    pub spent_30: &'static str,
    pub as_table: &'static str,
    pub most: &'static str,
    pub other: &'static str,
    pub key_name: &'static str,
    pub key: &'static str,
    pub key_budget: &'static str,
    pub key_rpm: &'static str,
    pub expires: &'static str,
    pub actions: &'static str,
    pub create_key: &'static str,
    pub new_key: &'static str,
    pub key_once: &'static str,
    pub key_stored: &'static str,
    pub no_keys: &'static str,
    pub owners_only: &'static str,
    pub revoke: &'static str,
    pub revoke_sure: &'static str,
    pub outputs: &'static str,
    pub uploads: &'static str,
    pub upload_file: &'static str,
    pub no_assets: &'static str,
    pub delete: &'static str,
    pub delete_sure: &'static str,
    pub base_url: &'static str,
    pub step_key: &'static str,
    pub step_call: &'static str,
    pub step_job: &'static str,
    pub step_ledger: &'static str,
    pub console: &'static console::Console,
    pub themes: [&'static str; 3],
    pub model_tabs: [&'static str; 4],
    statuses: [&'static str; 6],
    stages: [&'static str; STAGES.len()],
    kinds: [&'static str; 6],
    capabilities: [&'static str; 6],
    meters: [&'static str; 11],
    events: [&'static str; EVENTS.len()],
}

impl Words {
    /// The words that a browser prefers, by its Accept-Language.
    #[must_use]
    pub fn preferred(accept_language: &str) -> &'static Self {
        let weighed = accept_language.split(',').filter_map(|range| {
            let (tag, weight) = range.split_once(";q=").unwrap_or((range, "1"));
            let weight = weight.trim().parse::<f32>().ok().filter(|weight| *weight > 0.0)?;
            let tag = tag.trim().to_ascii_lowercase();
            let words = if tag.starts_with("zh") { &CHINESE } else { &ENGLISH };
            (words.lang == "zh-CN" || tag.starts_with("en")).then_some((weight, words))
        });
        let best = weighed.fold(None, |best: Option<(f32, &'static Self)>, next| match best {
            Some(best) if best.0 >= next.0 => Some(best),
            _ => Some(next),
        });
        best.map_or(&ENGLISH, |(_, words)| words)
    }

    /// The words of a language's tag, if there are any.
    #[must_use]
    pub fn tagged(lang: &str) -> Option<&'static Self> {
        [&ENGLISH, &CHINESE].into_iter().find(|words| words.lang == lang)
    }

    /// What a job's status is called.
    #[must_use]
    pub fn status_name(&self, status: JobStatus) -> &'static str {
        word(&self.statuses, &JobStatus::ALL, &status)
    }

    /// What a job's stage is called.
    #[must_use]
    pub fn stage_name(&self, stage: JobStage) -> &'static str {
        word(&self.stages, &STAGES, &stage)
    }

    /// What a kind of ledger line is called.
    #[must_use]
    pub fn kind_name(&self, kind: LedgerType) -> &'static str {
        word(&self.kinds, &LedgerType::ALL, &kind)
    }

    /// What a capability is called.
    #[must_use]
    pub fn capability_name(&self, kind: CapabilityKind) -> &'static str {
        word(&self.capabilities, &CapabilityKind::ALL, &kind)
    }

    /// What is counted.
    #[must_use]
    pub fn meter_name(&self, meter: Meter) -> &'static str {
        word(&self.meters, &Meter::ALL, &meter)
    }

    /// What happened to a job.
    #[must_use]
    pub fn event_name(&self, event_type: &str) -> &'static str {
        word(&self.events, &EVENTS, &event_type)
    }
}

fn word<T: PartialEq>(words: &[&'static str], all: &[T], one: &T) -> &'static str {
    all.iter().position(|known| known == one).map_or("", |place| words[place])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_chooses_the_language() {
        for (header, lang) in [
            ("", "en"),
            ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
            ("en-GB,en;q=0.9,zh;q=0.5", "en"),
            ("de, zh-TW;q=0.7, en;q=0.3", "zh-CN"),
            ("fr", "en"),
            ("zh;q=0, en;q=0.1", "en"),
        ] {
            assert_eq!(Words::preferred(header).lang, lang, "{header}");
        }
    }
}
