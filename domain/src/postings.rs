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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use uuid::Uuid;

    use super::*;
    use crate::{account::Overrun, id::JobId};

    fn tenant_id() -> TenantId {
        TenantId::from_uuid(Uuid::from_u128(31))
    }

    fn job_id() -> JobId {
        JobId::from_uuid(Uuid::from_u128(1))
    }

    fn micro(micro: i64) -> Credits {
        Credits::from_micro(micro)
    }

    /// The postings as lines of a journal.
    fn journal(event: &AccountEvent) -> Vec<String> {
        postings(&tenant_id(), event).iter().map(|Posting { account, amount }| format!("{account} {amount}")).collect()
    }

    /// `[A-Z0-9][A-Za-z0-9-]*`, which both hledger and beancount take.
    fn is_component(name: &str) -> bool {
        let mut bytes = name.bytes();
        bytes.next().is_some_and(|first| first.is_ascii_uppercase() || first.is_ascii_digit())
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    }

    const TENANT: &str = "T-0000000000000000000000000Z";

    #[test]
    fn a_recharge_comes_from_its_source_and_a_gift_from_our_pocket() {
        let from = |source: &str| {
            let (source, reference) = (source.to_owned(), String::new());
            journal(&AccountEvent::CreditsRecharged { amount: micro(5_000_000), source, reference })
        };
        let credited = format!("Liabilities:Credits:{TENANT} -5");
        assert_eq!(from("card"), ["Assets:Cash:S-card 5".to_owned(), credited.clone()]);
        assert_eq!(from("bank transfer"), ["Assets:Cash:S-bank-20transfer 5".to_owned(), credited.clone()]);
        assert_eq!(from("promo"), ["Expenses:Promo 5".to_owned(), credited]);
    }

    #[test]
    fn a_hold_moves_credits_aside_and_its_settlement_earns_what_was_used() {
        let (api_key_id, model) = (None, "m.1".to_owned());
        let held = AccountEvent::CreditsHeld {
            job_id: job_id(),
            amount: micro(3_000_000),
            api_key_id: api_key_id.clone(),
            model: model.clone(),
            budgets: None,
        };
        assert_eq!(
            journal(&held),
            [format!("Liabilities:Credits:{TENANT} 3"), format!("Liabilities:Holds:{TENANT} -3")]
        );
        let (held, charged) = (micro(3_000_000), micro(2_000_000));
        let settled = AccountEvent::HoldSettled { job_id: job_id(), held, charged, api_key_id, model };
        assert_eq!(
            journal(&settled),
            [
                format!("Liabilities:Holds:{TENANT} 3"),
                "Income:Usage:M-m-2e1 -2".to_owned(),
                format!("Liabilities:Credits:{TENANT} -1")
            ]
        );
    }

    #[test]
    fn an_overrun_is_paid_by_the_tenant_and_by_us() {
        let overrun = AccountEvent::OverrunSettled {
            job_id: job_id(),
            taken: micro(1_000_000),
            absorbed: micro(2_000_000),
            policy: Overrun::FromBalance,
            api_key_id: None,
            model: "m".into(),
            budgets: None,
        };
        assert_eq!(
            journal(&overrun),
            [
                format!("Liabilities:Credits:{TENANT} 1"),
                "Expenses:Absorbed 2".to_owned(),
                "Income:Usage:M-m -3".to_owned()
            ]
        );
    }

    #[test]
    fn an_adjustment_stands_against_equity() {
        let adjusted = AccountEvent::BalanceAdjusted { adjustment_id: "a".into(), amount: micro(-1_500_000) };
        assert_eq!(
            journal(&adjusted),
            ["Equity:Adjustments -1.5".to_owned(), format!("Liabilities:Credits:{TENANT} 1.5")]
        );
    }

    #[test]
    fn what_moves_nothing_has_no_postings() {
        let zero = AccountEvent::CreditsHeld {
            job_id: job_id(),
            amount: Credits::ZERO,
            api_key_id: None,
            model: String::new(),
            budgets: None,
        };
        assert!(journal(&zero).is_empty());
        assert!(journal(&AccountEvent::AccountFrozen { reason: String::new() }).is_empty());
    }

    #[rstest]
    #[case("doubao-seedream-4-0", "M-doubao-2dseedream-2d4-2d0")]
    #[case("gpt.4", "M-gpt-2e4")]
    #[case("", "M-")]
    #[case("模", "M--e6-a8-a1")]
    fn a_component_spells_out_what_it_can_not_hold(#[case] name: &str, #[case] spelt: &str) {
        assert_eq!(component('M', name), spelt);
    }

    proptest! {
        #[test]
        fn two_names_never_share_a_component(a in "[a-f0-9A-F.-]{0,6}|.{0,8}", b in "[a-f0-9A-F.-]{0,6}|.{0,8}") {
            prop_assert_eq!(component('M', &a) == component('M', &b), a == b);
            prop_assert_ne!(component('M', &a), component('S', &b));
            prop_assert_ne!(component('M', &a), tenant_name(&tenant_id()));
        }

        #[test]
        fn a_component_can_be_read_back(name in ".{0,12}") {
            let spelt = component('S', &name);
            let mut parts = spelt.strip_prefix("S-").expect("its kind").split('-');
            let mut bytes = parts.next().expect("a first part").as_bytes().to_vec();
            for part in parts {
                bytes.push(u8::from_str_radix(&part[..2], 16).expect("a byte in hex"));
                bytes.extend(part[2..].bytes());
            }
            prop_assert_eq!(String::from_utf8(bytes), Ok(name));
        }

        #[test]
        fn two_tenants_never_share_a_name(a in any::<u128>(), b in any::<u128>()) {
            let name = |number| tenant_name(&TenantId::from_uuid(Uuid::from_u128(number)));
            prop_assert_eq!(name(a) == name(b), a == b);
            prop_assert!(is_component(&name(a)));
        }

        #[test]
        fn hledger_and_beancount_take_every_component(name in any::<String>()) {
            prop_assert!(is_component(&component('M', &name)));
            prop_assert!(is_component(&component('S', &name)));
        }
    }
}
