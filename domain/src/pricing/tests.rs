//! Prices by example: each kind of rate and modifier, and each thing that is no price.

use chrono::{DateTime, Utc};
use rstest::rstest;
use serde_json::{Value, json};

use super::{Charge, ChargeLine, Facts, InvalidPrice, Meter, Price, PriceError, PricedParams, Quantities};

fn price(value: Value) -> Price {
    serde_json::from_value(value).expect("a price")
}

/// Half past seven in the morning, UTC.
fn moment() -> DateTime<Utc> {
    "2026-01-02T07:30:30Z".parse().expect("a moment")
}

fn evaluate(price: &Price, params: &Value, quantities: &Quantities) -> Result<Charge, PriceError> {
    let subjects: Vec<_> = price.subjects().collect();
    let params = PricedParams::pick(params, subjects, &price.facts, moment())?;
    price.evaluate(&Facts { params: &params, quantities })
}

fn amount(price: &Price, params: &Value, quantities: &Quantities) -> String {
    let charge = evaluate(price, params, quantities).expect("an amount");
    assert!(charge.adds_up());
    charge.amount.to_string()
}

fn tokens() -> Price {
    price(json!({"rates": [
        {"meter": "input_token", "per": 1000, "by": "usage.input_token", "tiers": [
            {"up_to": 100, "rate": "1", "cached_rate": "0.1"}, {"rate": "2", "cached_rate": "0.2"}]},
        {"meter": "output_token", "per": 1000, "tiers": [{"rate": "10"}]}]}))
}

fn usage(input: u64, cached: u64, output: u64) -> Quantities {
    let quantities = Quantities::new().with(Meter::InputToken, input).with(Meter::OutputToken, output);
    quantities.with(Meter::CachedInputToken, cached)
}

#[rstest]
#[case(100, 0, 0, "0.1")]
#[case(101, 0, 0, "0.202")]
#[case(100, 50, 0, "0.055")]
#[case(0, 0, 1, "0.01")]
#[case(0, 0, 0, "0")]
fn tokens_cost_by_the_length_of_the_prompt(
    #[case] input: u64,
    #[case] cached: u64,
    #[case] output: u64,
    #[case] expected: &str,
) {
    assert_eq!(amount(&tokens(), &json!({}), &usage(input, cached, output)), expected);
}

#[test]
fn missing_usage_is_never_zero() {
    let without_cache = Quantities::new().with(Meter::InputToken, 1).with(Meter::OutputToken, 1);
    let refused = evaluate(&tokens(), &json!({}), &without_cache);
    assert_eq!(refused, Err(PriceError::MissingUsage(Meter::CachedInputToken)));
    let refused = evaluate(&tokens(), &json!({}), &Quantities::new());
    assert_eq!(refused, Err(PriceError::MissingUsage(Meter::InputToken)));
}

#[test]
fn absurd_usage_is_refused() {
    assert!(matches!(evaluate(&tokens(), &json!({}), &usage(u64::MAX, 0, 0)), Err(PriceError::AbsurdUsage { .. })));
    assert!(matches!(evaluate(&tokens(), &json!({}), &usage(1, 2, 0)), Err(PriceError::Contradiction { .. })));
    let dear = price(json!({"rates": [{"meter": "image", "tiers": [{"rate": "1000000000"}]}]}));
    let two = Quantities::new().with(Meter::Image, 2);
    assert_eq!(evaluate(&dear, &json!({}), &two), Err(PriceError::OutOfRange));
}

#[test]
fn rounds_up_once_and_says_so() {
    let third = price(json!({"rates": [{"meter": "second", "per": 3, "tiers": [{"rate": "0.000001"}]}]}));
    let charge = evaluate(&third, &json!({}), &Quantities::new().with(Meter::Second, 4)).expect("an amount");
    assert_eq!(charge.amount.micro(), 2);
    assert!(matches!(charge.lines.last(), Some(ChargeLine::Rounding { .. })));
    assert!(charge.adds_up());
    let again: Charge = serde_json::from_value(serde_json::to_value(&charge).expect("JSON")).expect("a charge");
    assert_eq!(again, charge);
}

#[test]
fn a_minimum_is_for_what_was_used() {
    let floor = price(json!({"rates": [{"meter": "image", "tiers": [{"rate": "0.01"}]}], "minimum": "0.5"}));
    assert_eq!(amount(&floor, &json!({}), &Quantities::new().with(Meter::Image, 1)), "0.5");
    assert_eq!(amount(&floor, &json!({}), &Quantities::new().with(Meter::Image, 100)), "1");
    assert_eq!(amount(&floor, &json!({}), &Quantities::new().with(Meter::Image, 0)), "0");
}

fn video() -> Price {
    price(json!({
        "rates": [{"meter": "video_token", "per": 1000, "tiers": [{"rate": "1"}]}],
        "modifiers": [
            {"label": "1080p", "when": {"equals": {"subject": "params.resolution", "value": "1080p"}}, "effect": {"multiply": "1.25"}},
            {"label": "silent", "when": {"not": {"equals": {"subject": "params.audio", "value": true}}}, "effect": {"multiply": "0.5"}},
            {"label": "long", "when": {"range": {"subject": "params.duration", "min": 10}}, "effect": {"add": "3"}},
            {"label": "tools", "when": {"present": {"subject": "params.tools"}}, "effect": {"add_each": {"meter": "tool_call", "rate": "0.1"}}}]
    }))
}

#[rstest]
#[case(json!({"resolution": "720p", "audio": true, "duration": 5}), "1")]
#[case(json!({"resolution": "1080p", "audio": true, "duration": 5}), "1.25")]
#[case(json!({"resolution": "1080p", "audio": false, "duration": 5}), "0.625")]
#[case(json!({"resolution": "1080p", "audio": true, "duration": 10.0}), "4.25")]
#[case(json!({"audio": true, "tools": "on"}), "1.2")]
#[case(json!({"audio": true, "tools": null, "duration": null}), "1")]
fn modifiers_apply_in_order_and_explain_themselves(#[case] params: Value, #[case] expected: &str) {
    assert_eq!(video().validate(), Ok(()));
    let usage = Quantities::new().with(Meter::VideoToken, 1000).with(Meter::ToolCall, 2);
    assert_eq!(amount(&video(), &params, &usage), expected);
}

#[test]
fn an_explanation_names_the_values_that_fired() {
    let usage = Quantities::new().with(Meter::VideoToken, 1000);
    let charge = evaluate(&video(), &json!({"resolution": "1080p", "audio": true}), &usage).expect("an amount");
    insta::with_settings!({sort_maps => true}, { insta::assert_json_snapshot!(charge) });
}

/// The requests of these tests come at 07:30 UTC.
#[rstest]
#[case("UTC", "07:00", "08:00", "0.5")]
#[case("UTC+08:00", "07:00", "08:00", "1")]
#[case("UTC-08:00", "22:00", "06:00", "0.5")]
fn a_price_may_follow_the_clock(#[case] zone: &str, #[case] from: &str, #[case] until: &str, #[case] expected: &str) {
    let window = json!({"time_of_day": {"subject": format!("time.{zone}"), "from": from, "until": until}});
    let night = price(json!({"rates": [{"meter": "call", "tiers": [{"rate": "1"}]}],
        "modifiers": [{"label": "off-peak", "when": window, "effect": {"multiply": "0.5"}}]}));
    assert_eq!(night.validate(), Ok(()));
    let once = Quantities::new().with(Meter::Call, 1);
    assert_eq!(amount(&night, &json!({}), &once), expected);
    let unfrozen = PricedParams::default();
    let refused = night.evaluate(&Facts { params: &unfrozen, quantities: &once });
    assert!(matches!(refused, Err(PriceError::MissingFact(_))), "without its moment it has no price");
}

#[test]
fn the_moment_is_frozen_only_when_it_is_read() {
    let picked =
        |price: &Price| PricedParams::pick(&json!({}), price.subjects(), &price.facts, moment()).expect("picked");
    assert_eq!(picked(&tokens()).moment, None);
    let window = json!({"time_of_day": {"subject": "time.UTC", "from": "07:00", "until": "08:00"}});
    let timed = price(json!({"rates": [{"meter": "call", "when": window, "tiers": [{"rate": "1"}]}]}));
    assert_eq!(picked(&timed).moment, Some(moment()));
}

#[test]
fn tokens_of_texts_and_of_images_have_rates_of_their_own() {
    let image = price(json!({"rates": [
        {"meter": "input_token", "per": 1000, "tiers": [{"rate": "5", "cached_rate": "1.25"}]},
        {"meter": "input_image_token", "per": 1000, "tiers": [{"rate": "8"}]},
        {"meter": "output_token", "per": 1000, "tiers": [{"rate": "30"}]}]}));
    assert_eq!(image.validate(), Ok(()));
    let usage = usage(100, 40, 1_000).with(Meter::InputImageToken, 500);
    assert_eq!(amount(&image, &json!({}), &usage), "34.35");
}

#[test]
fn images_cost_by_their_pixels() {
    let image = price(json!({
        "rates": [{"meter": "image", "by": "facts.pixels", "tiers": [{"up_to": 1_000_000, "rate": "3"}, {"rate": "6"}]}],
        "facts": {"pixels": {"pixels": {"param": "size", "words": {"2K": 4_194_304}}}}
    }));
    let one = Quantities::new().with(Meter::Image, 1);
    for (size, expected) in [("1000x1000", "3"), ("1000×1001", "6"), ("2K", "6"), ("16:9", "3")] {
        assert_eq!(amount(&image, &json!({"size": size}), &one), expected, "{size}");
    }
    let refused = evaluate(&image, &json!({"size": "huge"}), &one);
    assert_eq!(refused, Err(PriceError::MissingFact("pixels".to_owned())));
}

#[test]
fn content_is_nothing_that_a_price_reads() {
    let reads = price(json!({"rates": [{"meter": "call", "tiers": [{"rate": "1"}],
        "when": {"present": {"subject": "params.prompt"}}}]}));
    let refused = evaluate(&reads, &json!({"prompt": "x".repeat(65)}), &Quantities::new().with(Meter::Call, 1));
    assert_eq!(refused, Err(PriceError::UnreadableParam("prompt".to_owned())));
}

#[rstest]
#[case(json!({"rates": []}))]
#[case(json!({"rates": [{"meter": "call", "tiers": []}]}))]
#[case(json!({"rates": [{"meter": "call", "tiers": [{"rate": "-1"}]}]}))]
#[case(json!({"rates": [{"meter": "call", "tiers": [{"rate": "1000000001"}]}]}))]
#[case(json!({"rates": [{"meter": "call", "per": 0, "tiers": [{"rate": "1"}]}]}))]
#[case(json!({"rates": [{"meter": "call", "tiers": [{"up_to": 5, "rate": "1"}]}]}))]
#[case(json!({"rates": [{"meter": "call", "tiers": [{"up_to": 5, "rate": "1"}, {"rate": "2"}]}]}))]
#[case(json!({"rates": [{"meter": "image", "by": "usage.image", "tiers": [{"up_to": 5, "rate": "2"}, {"rate": "1"}]}]}))]
#[case(json!({"rates": [{"meter": "image", "by": "usage.image",
    "tiers": [{"up_to": 5, "rate": "1"}, {"up_to": 5, "rate": "1"}, {"rate": "1"}]}]}))]
#[case(json!({"rates": [{"meter": "image", "by": "facts.pixels", "tiers": [{"rate": "1"}]}]}))]
#[case(json!({"rates": [{"meter": "image", "tiers": [{"rate": "1", "cached_rate": "1"}]}]}))]
#[case(json!({"rates": [{"meter": "input_token", "tiers": [{"rate": "1", "cached_rate": "2"}]}]}))]
#[case(json!({"rates": [{"meter": "cached_input_token", "tiers": [{"rate": "1"}]}]}))]
#[case(json!({"rates": [{"meter": "call", "tiers": [{"rate": "1"}]}], "minimum": "-1"}))]
#[case(json!({"rates": [{"meter": "image", "tiers": [{"rate": "1"}],
    "when": {"range": {"subject": "usage.image", "max": 5}}}]}))]
#[case(json!({"rates": [{"meter": "image", "tiers": [{"rate": "1"}]}], "modifiers": [
    {"label": "bulk", "when": {"range": {"subject": "usage.image", "min": 5}}, "effect": {"multiply": "0.5"}}]}))]
#[case(json!({"rates": [{"meter": "call", "tiers": [{"rate": "1"}],
    "when": {"time_of_day": {"subject": "params.hour", "from": "07:00", "until": "08:00"}}}]}))]
#[case(json!({"rates": [{"meter": "call", "tiers": [{"rate": "1"}],
    "when": {"time_of_day": {"subject": "time.UTC", "from": "07:00", "until": "07:00"}}}]}))]
#[case(json!({"rates": [{"meter": "call", "by": "time.UTC", "tiers": [{"rate": "1"}]}]}))]
#[case(json!({"rates": [{"meter": "image", "tiers": [{"rate": "1"}]}], "modifiers": [
    {"label": "x", "when": {"all": []}, "effect": {"multiply": "2"}}]}))]
#[case(json!({"rates": [{"meter": "image", "tiers": [{"rate": "1"}]}], "modifiers": [
    {"label": "x", "when": {"present": {"subject": "params.a"}}, "effect": {"add": "-1"}}]}))]
fn refuses_what_is_no_price(#[case] value: Value) {
    assert!(price(value).validate().is_err());
}

#[rstest]
#[case(json!({"rates": [{"meter": "call", "tiers": [{"rate": 1}]}]}))]
#[case(json!({"rates": [{"meter": "call", "tiers": [{"rate": "NaN"}]}]}))]
#[case(json!({"rates": [{"meter": "call", "tiers": [{}]}]}))]
#[case(json!({"rates": [{"meter": "karma", "tiers": [{"rate": "1"}]}]}))]
#[case(json!({"rates": [], "modifiers": [{"label": "x", "effect": {"add": "1"},
    "when": {"time_of_day": {"subject": "time.Mars", "from": "07:00", "until": "08:00"}}}]}))]
#[case(json!({"rates": [{"meter": "call", "tiers": [{"rate": "1"}], "surprise": 1}]}))]
#[case(json!({"rates": [], "modifiers": [{"label": "x", "when": {"present": {"subject": "moon.phase"}}, "effect": {"add": "1"}}]}))]
#[case(json!({"rates": [], "modifiers": [{"label": "x", "when": {"present": {"subject": "params.a"}}, "effect": {"multiply": 1.5}}]}))]
fn what_is_not_even_written_like_a_price_is_not_read(#[case] value: Value) {
    assert!(serde_json::from_value::<Price>(value).is_err());
}

#[test]
fn a_good_price_is_valid_and_says_what_it_counts() {
    assert_eq!(tokens().validate(), Ok(()));
    let meters: Vec<_> = tokens().meters().into_iter().collect();
    assert_eq!(meters, [Meter::InputToken, Meter::CachedInputToken, Meter::OutputToken]);
    assert_eq!(price(json!({"rates": []})).validate(), Err(InvalidPrice::NoRates));
}
