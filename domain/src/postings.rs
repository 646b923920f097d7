//! Double entry: every event of an account as postings that sum to zero, and the names of the accounts they touch.
//!
//! The names are such that both hledger and beancount take them; see [`component`].

use crate::{Credits, account::AccountEvent, id::TenantId};

/// One side of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The account of the chart, such as `Liabilities:Credits:T-01J…`.
    pub account: String,
    /// What is added to it.
    pub amount: Credits,
}

/// The postings of an event. Events that move nothing have none.
#[must_use]
pub fn postings(tenant_id: &TenantId, event: &AccountEvent) -> Vec<Posting> {
    let credits = || format!("Liabilities:Credits:{}", tenant_name(tenant_id));
    let holds = || format!("Liabilities:Holds:{}", tenant_name(tenant_id));
    let usage = |model: &str| format!("Income:Usage:{}", component('M', model));
    let entry = |sides: Vec<(String, Credits)>| {
        let moved = sides.into_iter().filter(|(_, amount)| *amount != Credits::ZERO);
        moved.map(|(account, amount)| Posting { account, amount }).collect()
    };
    match event {
        AccountEvent::CreditsRecharged { amount, source, .. } => {
            entry(vec![(paid_by(source), *amount), (credits(), -*amount)])
        }
        AccountEvent::CreditsHeld { amount, .. } => entry(vec![(credits(), *amount), (holds(), -*amount)]),
        AccountEvent::HoldSettled { held, charged, model, .. } => {
            entry(vec![(holds(), *held), (usage(model), -*charged), (credits(), *charged - *held)])
        }
        AccountEvent::OverrunSettled { taken, absorbed, model, .. } => entry(vec![
            (credits(), *taken),
            ("Expenses:Absorbed".to_owned(), *absorbed),
            (usage(model), -(*taken + *absorbed)),
        ]),
        AccountEvent::HoldReleased { amount, .. } => entry(vec![(holds(), *amount), (credits(), -*amount)]),
        AccountEvent::CreditsRefunded { amount, model, .. } => {
            entry(vec![(usage(model), *amount), (credits(), -*amount)])
        }
        AccountEvent::BalanceAdjusted { amount, .. } => {
            entry(vec![("Equity:Adjustments".to_owned(), *amount), (credits(), -*amount)])
        }
        AccountEvent::AccountOpened {}
        | AccountEvent::AdjustmentRequested { .. }
        | AccountEvent::AdjustmentApproved { .. }
        | AccountEvent::AdjustmentRejected { .. }
        | AccountEvent::CreditLimitSet { .. }
        | AccountEvent::AccountFrozen { .. }
        | AccountEvent::AccountUnfrozen {} => vec![],
    }
}

/// Credits given away are our cost; all others were paid for.
fn paid_by(source: &str) -> String {
    if source == "promo" { "Expenses:Promo".to_owned() } else { format!("Assets:Cash:{}", component('S', source)) }
}

/// The component that stands for a tenant: `T-` and its id in upper case, without the prefix.
#[must_use]
pub fn tenant_name(tenant_id: &TenantId) -> String {
    let digits = tenant_id.as_str().trim_start_matches("ten_");
    format!("T-{}", digits.to_ascii_uppercase())
}

/// The component that stands for a model (`M`) or a source (`S`): its name with every byte but `A-Za-z0-9` as `-xx`.
///
/// Two names never share a component.
#[must_use]
pub fn component(kind: char, name: &str) -> String {
    let escaped = name.bytes().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("-{byte:02x}"),
    });
    format!("{kind}-{}", escaped.collect::<String>())
}
