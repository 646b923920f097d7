//! Prices by property: over random valid prices, a charge never falls while usage rises, its lines add up, and nothing panics.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Charge, Derivation, Facts, Meter, Price, PriceError, PricedParams, Quantities};

const METERS: [&str; 5] = ["call", "input_token", "output_token", "image", "video_token"];

fn amount() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 1_u64..1_000, 1_u64..5_000_000_000]
}

fn credits(micro: u64) -> Value {
    crate::Credits::from_micro(i64::try_from(micro).expect("small")).to_string().into()
}

fn condition() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        (0..3_u8).prop_map(|choice| json!({"equals": {"subject": "params.mode", "value": format!("m{choice}")}})),
        (0..2_000_u64).prop_map(|min| json!({"range": {"subject": "usage.output_token", "min": min}})),
        (0..9_u64).prop_map(|max| json!({"range": {"subject": "facts.images", "max": max}})),
        Just(json!({"not": {"present": {"subject": "params.mode"}}})),
        (0..24_u8).prop_map(|hour| json!({"time_of_day":
            {"subject": "time.UTC+08:00", "from": format!("{hour:02}:00"), "until": "11:30"}})),
        Just(json!({"in": {"subject": "params.level", "values": [1, 2.5, "x"]}})),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        let list = prop::collection::vec(inner, 1..3);
        (list, any::<bool>()).prop_map(|(parts, all)| if all { json!({"all": parts}) } else { json!({"any": parts}) })
    })
}

fn rate() -> impl Strategy<Value = Value> {
    let tiers = prop::collection::vec((1_u64..500, amount(), 0..=100_u64), 1..4);
    (0..METERS.len(), 1_u64..2_000_000, 0_u64..3, prop::option::of(condition()), tiers).prop_map(
        |(meter, per, included, when, steps)| {
            let (mut up_to, mut price, mut cached, mut tiers) = (0, 0, 0, Vec::new());
            let input = METERS[meter] == "input_token";
            for (index, (step, more, share)) in steps.iter().enumerate() {
                (up_to, price) = (up_to + step, price + more);
                cached = u64::max(cached, price * share / 100);
                let mut tier = json!({"rate": credits(price)});
                if index + 1 < steps.len() {
                    tier["up_to"] = up_to.into();
                }
                if input {
                    tier["cached_rate"] = credits(cached);
                }
                tiers.push(tier);
            }
            let included = if input { 0 } else { included };
            let mut rate = json!({"meter": METERS[meter], "per": per, "included": included, "tiers": tiers});
            rate["by"] = format!("usage.{}", METERS[meter]).into();
            if let Some(when) = when {
                rate["when"] = when;
            }
            rate
        },
    )
}

fn modifier() -> impl Strategy<Value = Value> {
    let effect = prop_oneof![
        (100_u64..300).prop_map(|percent| json!({"multiply": format!("{}.{:02}", percent / 100, percent % 100)})),
        amount().prop_map(|micro| json!({"add": credits(micro)})),
        (amount(), 1_u64..9)
            .prop_map(|(micro, per)| json!({"add_each": {"meter": "image", "per": per, "rate": credits(micro)}})),
    ];
    let discount = (0_u8..100).prop_map(|percent| {
        json!({"label": "off", "when": {"present": {"subject": "params.mode"}}, "effect": {"multiply": format!("0.{percent:02}")}})
    });
    let other =
        (condition(), effect).prop_map(|(when, effect)| json!({"label": "more", "when": when, "effect": effect}));
    prop_oneof![other, discount]
}

fn price() -> impl Strategy<Value = Price> {
    let lists = (prop::collection::vec(rate(), 1..4), prop::collection::vec(modifier(), 0..4));
    (lists, prop::option::of(amount())).prop_map(|((rates, modifiers), minimum)| {
        let facts = json!({"images": {"count": {"param": "image"}}});
        let mut value = json!({"rates": rates, "modifiers": modifiers, "facts": facts});
        if let Some(minimum) = minimum {
            value["minimum"] = credits(minimum);
        }
        serde_json::from_value(value).expect("a price")
    })
}

fn params() -> impl Strategy<Value = Value> {
    (prop::option::of(0..4_u8), 0_usize..5).prop_map(|(mode, images)| {
        json!({"mode": mode.map(|mode| format!("m{mode}")), "level": 2.5, "image": vec!["ast"; images]})
    })
}

/// Two usages, the first within the second. Cached tokens are part of the first and unknown to the second.
fn usages() -> impl Strategy<Value = (Quantities, Quantities)> {
    prop::array::uniform6((0_u64..3_000, 0_u64..=100)).prop_map(|pairs| {
        let meters = [Meter::Call, Meter::InputToken, Meter::OutputToken, Meter::Image, Meter::VideoToken];
        let most = |index: usize| pairs[index].0;
        let part = |index: usize| pairs[index].0 * pairs[index].1 / 100;
        let bound: Quantities = meters.iter().enumerate().map(|(index, meter)| (*meter, most(index))).collect();
        let usage: Quantities = meters.iter().enumerate().map(|(index, meter)| (*meter, part(index))).collect();
        let cached = part(1) * pairs[5].1 / 100;
        (usage.with(Meter::CachedInputToken, cached), bound.with(Meter::CachedInputToken, 0))
    })
}

fn moment() -> chrono::DateTime<chrono::Utc> {
    "2026-01-02T03:04:05Z".parse().expect("a moment")
}

fn evaluate(price: &Price, params: &Value, quantities: &Quantities) -> Result<Charge, PriceError> {
    let picked = PricedParams::pick(params, price.subjects(), &price.facts, moment())?;
    price.evaluate(&Facts { params: &picked, quantities })
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,80}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let names =
            prop_oneof![Just("mode".to_owned()), Just("level".to_owned()), Just("image".to_owned()), ".{0,5}".boxed()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(names, inner, 0..4).prop_map(|fields| json!(fields)),
        ]
    })
}

proptest! {
    #[test]
    fn a_bound_of_the_usage_bounds_the_charge(price in price(), params in params(), (usage, bound) in usages()) {
        prop_assert_eq!(price.validate(), Ok(()));
        let hold = evaluate(&price, &params, &bound).expect("within range");
        let charge = evaluate(&price, &params, &usage).expect("within range");
        prop_assert!(charge.amount <= hold.amount, "{} > {}", charge.amount, hold.amount);
    }

    #[test]
    fn every_explanation_adds_up_and_survives_json(price in price(), params in params(), (usage, _) in usages()) {
        let charge = evaluate(&price, &params, &usage).expect("within range");
        prop_assert!(charge.adds_up());
        prop_assert!(charge.amount.is_amount());
        let text = serde_json::to_string(&charge).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<Charge>(&text).expect("a charge"), charge);
        let text = serde_json::to_string(&price).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<Price>(&text).expect("a price"), price);
    }

    #[test]
    fn nothing_used_costs_nothing(price in price(), params in params()) {
        let zero = usages_of(0);
        prop_assert_eq!(evaluate(&price, &params, &zero).expect("within range").amount, crate::Credits::ZERO);
    }

    #[test]
    fn arbitrary_input_never_panics(
        price in price(),
        params in any_json(),
        quantities in prop::collection::btree_map(prop::sample::select(vec![
            Meter::Call, Meter::InputToken, Meter::CachedInputToken, Meter::OutputToken, Meter::Image, Meter::VideoToken,
        ]), any::<u64>(), 0..6),
    ) {
        let quantities: Quantities = quantities.into_iter().collect();
        if let Ok(charge) = evaluate(&price, &params, &quantities) {
            prop_assert!(charge.adds_up());
        }
        let words = std::collections::BTreeMap::new();
        let _ = Derivation::Pixels { param: "mode".to_owned(), words }.derive(&params);
    }
}

fn usages_of(quantity: u64) -> Quantities {
    let meters =
        [Meter::Call, Meter::InputToken, Meter::CachedInputToken, Meter::OutputToken, Meter::Image, Meter::VideoToken];
    meters.into_iter().map(|meter| (meter, quantity)).collect()
}
