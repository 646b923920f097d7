//! Capabilities by example: how a request becomes a hold, and each thing that lint refuses.

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use super::{Capability, CapabilityKind};
use crate::{
    pricing::{Meter, PriceError, Quantities},
    schema::CompiledSchema,
};

/// When the requests of these tests come.
pub(crate) const NOON: DateTime<Utc> = DateTime::<Utc>::UNIX_EPOCH;

/// A small chat capability, as JSON.
pub(crate) fn chat() -> Value {
    json!({
        "kind": "chat",
        "param_schema": {"type": "object", "required": ["messages"], "properties": {
            "messages": {"type": "array"}, "max_tokens": {"type": "integer", "minimum": 1, "default": 100}}},
        "ui_hints": {"layout": "chat", "order": ["messages"], "examples": [
            {"title": "Hello", "params": {"messages": [{"role": "user", "content": "hello"}]}}]},
        "pricing": {"rates": [
            {"meter": "input_token", "per": 1000, "tiers": [{"rate": "1", "cached_rate": "0.1"}]},
            {"meter": "output_token", "per": 1000, "tiers": [{"rate": "4"}]}]},
        "estimate": {
            "input_token": {"hold": {"text": {"params": ["messages"], "base": 8, "per_item": 4, "media": {"image_url": 500}}}},
            "output_token": {"hold": {"param": {"name": "max_tokens"}}, "expected": {"fixed": 50}}},
        "policies": {"interactive": true},
        "routes": [{"provider": "ark", "upstream_model": "some-model"}]
    })
}

fn capability(value: Value) -> Capability {
    serde_json::from_value(value).expect("a capability")
}

fn resolved(params: Value) -> Value {
    CompiledSchema::new(&chat()["param_schema"]).expect("a schema").resolve(params).expect("valid")
}

#[test]
fn every_kind_has_its_name() {
    for kind in CapabilityKind::ALL {
        assert_eq!(kind.name().parse(), Ok(kind));
        assert_eq!(serde_json::to_value(kind).expect("JSON"), kind.name());
    }
    assert!("telepathy".parse::<CapabilityKind>().is_err());
}

#[test]
fn a_quote_holds_the_bound_and_expects_less() {
    let quote = capability(chat())
        .quote(&resolved(json!({"messages": [{"role": "user", "content": "hello"}]})), NOON)
        .expect("a quote");
    let text = r#"[{"role":"user","content":"hello"}]"#.len() as u64;
    let input = quote.quantities.get(Meter::InputToken).expect("bounded");
    assert!(input >= 8 + 4 + text && input <= 8 + 4 + text + 8, "{input}");
    assert_eq!(quote.quantities.get(Meter::OutputToken), Some(100));
    assert_eq!(quote.quantities.get(Meter::CachedInputToken), Some(0));
    assert_eq!(quote.expected_quantities.get(Meter::OutputToken), Some(50));
    assert!(quote.expected.amount < quote.hold.amount);
    assert_eq!(quote.priced.params.get("max_tokens"), Some(&json!(100)));
}

#[test]
fn expected_is_never_above_the_hold() {
    let params = resolved(json!({"messages": [], "max_tokens": 1}));
    let quote = capability(chat()).quote(&params, NOON).expect("a quote");
    assert_eq!(quote.expected_quantities.get(Meter::OutputToken), Some(1));
}

#[rstest]
#[case(json!({"fixed": 3}), Some(3))]
#[case(json!({"param": {"name": "n"}}), Some(4))]
#[case(json!({"param": {"name": "absent", "default": 2}}), Some(2))]
#[case(json!({"param": {"name": "absent"}}), None)]
#[case(json!({"param": {"name": "minus"}}), None)]
#[case(json!({"items": "list"}), Some(2))]
#[case(json!({"sum": [{"fixed": 3}, {"param": {"name": "n"}}]}), Some(7))]
#[case(json!({"product": [{"fixed": 3}, {"param": {"name": "n"}}]}), Some(12))]
#[case(json!({"product": [{"fixed": 1_000_000_000_000_u64}, {"fixed": 1_000_000_000_000_u64}]}), None)]
#[case(json!({"least": [{"fixed": 3}, {"param": {"name": "n"}}]}), Some(3))]
#[case(json!({"greatest": [{"fixed": 3}, {"param": {"name": "n"}}]}), Some(4))]
#[case(json!({"scaled": {"of": {"fixed": 10}, "by": "0.25", "over": 1}}), Some(3))]
#[case(json!({"scaled": {"of": {"fixed": 10}, "by": "1", "over": 0}}), None)]
#[case(json!({"lookup": {"param": "size", "values": {"2K": {"fixed": 9}}}}), Some(9))]
#[case(json!({"lookup": {"param": "size", "values": {"4K": {"fixed": 9}}}}), None)]
#[case(json!({"lookup": {"param": "size", "values": {}, "otherwise": {"fixed": 1}}}), Some(1))]
#[case(json!({"cases": {"of": [{"when": {"equals": {"subject": "params.minus", "value": -1}}, "count": {"fixed": 15}}],
    "otherwise": {"param": {"name": "minus"}}}}), Some(15))]
fn counts(#[case] count: Value, #[case] expected: Option<u64>) {
    let mut value = chat();
    value["pricing"] = json!({"rates": [{"meter": "image", "tiers": [{"rate": "1"}]}]});
    value["estimate"] = json!({"image": {"hold": count}});
    let params = json!({"n": 4, "minus": -1, "list": ["a", "b"], "size": "2K"});
    let quote = capability(value).quote(&params, NOON);
    assert_eq!(quote.ok().and_then(|quote| quote.quantities.get(Meter::Image)), expected);
}

#[test]
fn media_count_by_their_bound_and_never_by_their_bytes() {
    let image = |bytes: usize| json!([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x".repeat(bytes)}}]}]);
    let tokens = |bytes| {
        let quote = capability(chat()).quote(&resolved(json!({"messages": image(bytes)})), NOON).expect("a quote");
        quote.quantities.get(Meter::InputToken).expect("bounded")
    };
    assert_eq!(tokens(10), tokens(1_000_000));
    assert!(tokens(10) > 500);
    let sound =
        json!({"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "x"}}]}]});
    let refused = capability(chat()).quote(&resolved(sound), NOON);
    assert_eq!(refused.map(|quote| quote.hold.amount), Err(PriceError::Unbounded("input_audio".to_owned())));
}

#[test]
fn a_disguised_text_counts_by_its_bytes() {
    let long = "x".repeat(10_000);
    let disguised = json!({"messages": [{"role": "user", "content": [{"type": "text", "text": long, "image_url": {"url": long}}]}]});
    let quote = capability(chat()).quote(&resolved(disguised), NOON).expect("a quote");
    assert!(quote.quantities.get(Meter::InputToken) > Some(20_000));
}

#[test]
fn a_charge_counts_the_call_by_itself_and_nothing_else() {
    let mut value = chat();
    value["pricing"] = json!({"rates": [{"meter": "call", "tiers": [{"rate": "1"}]}]});
    let flat = capability(value);
    let quote = flat.quote(&json!({}), NOON).expect("a quote");
    assert_eq!(flat.charge(&quote.priced, &Quantities::new()).expect("priced").amount.to_string(), "1");
    let none = Quantities::new().with(Meter::Call, 0);
    assert_eq!(flat.charge(&quote.priced, &none).expect("priced").amount.to_string(), "0");
    let tokens = capability(chat());
    assert!(tokens.charge(&quote.priced, &Quantities::new()).is_err());
}

#[rstest]
#[case("/pricing/rates/1/tiers/0/rate", json!("-4"), "pricing")]
#[case("/pricing/rates", json!([]), "pricing")]
#[case("/estimate", json!({}), "estimate")]
#[case("/estimate/output_token/hold", json!({"fact": "moon"}), "estimate")]
#[case("/estimate/input_token/hold/text/bytes_per_token", json!(4), "estimate.input_token.hold")]
#[case("/estimate/output_token/hold", json!({"least": []}), "estimate")]
#[case("/routes", json!([]), "routes")]
#[case("/routes/0/weight", json!(0), "routes")]
#[case("/routes/0/provider", json!(""), "routes.0")]
#[case("/param_schema", json!({"type": "objct"}), "param_schema")]
#[case("/param_schema/properties/max_tokens/default", json!("many"), "param_schema.max_tokens")]
#[case("/ui_hints/order", json!(["mesages"]), "ui_hints")]
#[case("/ui_hints/examples/0/params", json!({}), "ui_hints.examples.0")]
#[case("/policies/unknown", json!({"release_after": {"seconds": 0}}), "policies.unknown")]
#[case("/policies/overrun", json!({"policy": "debt", "max": "-1"}), "policies.overrun")]
fn lint_refuses(#[case] pointer: &str, #[case] value: Value, #[case] path: &str) {
    let mut broken = chat();
    set(&mut broken, pointer, value);
    let issues = capability(broken).lint();
    assert!(issues.iter().any(|issue| issue.path == path), "{issues:?}");
}

fn set(root: &mut Value, pointer: &str, value: Value) {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    match root.pointer_mut(parent).expect("a place") {
        Value::Object(fields) => drop(fields.insert(key.to_owned(), value)),
        Value::Array(items) => items[key.parse::<usize>().expect("an index")] = value,
        other => panic!("{other} holds nothing"),
    }
}

#[test]
fn lint_finds_nothing_wrong_with_a_good_one() {
    assert_eq!(capability(chat()).lint(), Vec::new());
}

#[test]
fn what_is_unknown_is_not_read() {
    for pointer in ["/surprise", "/pricing/surprise", "/policies/surprise", "/routes/0/surprise", "/ui_hints/surprise"]
    {
        let mut value = chat();
        set(&mut value, pointer, json!(1));
        assert!(serde_json::from_value::<Capability>(value).is_err(), "{pointer}");
    }
}

proptest! {
    #[test]
    fn text_is_bounded_by_its_bytes_and_nothing_panics(texts in prop::collection::vec(".{0,200}", 0..8), max in any::<i64>()) {
        let messages: Vec<_> = texts.iter().map(|text| json!({"role": "user", "content": text})).collect();
        let bytes: usize = texts.iter().map(String::len).sum();
        if let Ok(quote) = capability(chat()).quote(&json!({"messages": messages, "max_tokens": max}), NOON) {
            prop_assert!(quote.quantities.get(Meter::InputToken) >= Some(bytes as u64));
            prop_assert!(quote.hold.adds_up() && quote.hold.amount.is_amount());
        }
    }
}
