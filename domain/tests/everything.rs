//! A model that says, as data only, all that a catalog can say: it is fit to be published, and for every request and every usage
//! within the stated bounds the hold covers the charge, and the explanation adds up to it to the micro-credit.

use std::{collections::BTreeSet, sync::LazyLock};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Credits,
    capability::{Capability, CapabilityKind},
    model::CatalogEntry,
    pricing::{Charge, Exact, Meter, Quantities},
    schema::CompiledSchema,
};
use proptest::prelude::*;
use serde_json::{Value, json};

static MODEL: LazyLock<CatalogEntry> = LazyLock::new(|| {
    let text = include_str!("../../tests/flows/everything.json");
    serde_json::from_str::<Vec<CatalogEntry>>(text).expect("a catalog file").remove(0)
});

/// A capability with its compiled schema.
fn capability(kind: CapabilityKind) -> (&'static Capability, CompiledSchema) {
    let found = MODEL.capabilities.iter().find(|capability| capability.kind == kind).expect("it is there");
    (found, CompiledSchema::new(&found.param_schema).expect("a schema"))
}

#[test]
fn it_may_be_published() {
    for capability in &MODEL.capabilities {
        assert_eq!([capability.lint(), capability.lint_costs()].concat(), Vec::new(), "{}", capability.kind);
    }
}

/// The keys of a JSON value, all levels together.
fn keys(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            found.insert(name.clone());
            keys(value, found);
        }),
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        _ => {}
    }
}

#[test]
fn it_says_all_that_can_be_said() {
    let mut said = BTreeSet::new();
    keys(&serde_json::to_value(&*MODEL).expect("JSON"), &mut said);
    let schema = "$defs $ref type enum const default required properties unevaluatedProperties additionalProperties \
        dependentRequired dependentSchemas allOf anyOf oneOf not if then else minLength maxLength pattern format minimum \
        maximum exclusiveMinimum exclusiveMaximum multipleOf items minItems maxItems uniqueItems";
    let price = "rates per included when by tiers up_to cached_rate modifiers multiply add add_each minimum rounding facts \
        pixels count all any equals in range present time_of_day";
    let counts = "fixed param fact text items sum product least greatest scaled cases lookup expected hold";
    let rest = "groups widgets advanced hidden depends_on examples disconnect overrun unknown interactive cost weight";
    for word in [schema, price, counts, rest].iter().flat_map(|list| list.split_whitespace()) {
        // A rounding and a priority have one value each, which is left out where it is what holds anyway.
        assert!(said.contains(word), "nothing in it says {word}");
    }
    let meters: BTreeSet<Meter> =
        MODEL.capabilities.iter().flat_map(|capability| capability.pricing.meters()).collect();
    assert!(meters.len() >= 9, "{meters:?}");
}

fn maybe<T: std::fmt::Debug + Clone + Into<Value> + 'static>(values: Vec<T>) -> impl Strategy<Value = Option<Value>> {
    prop::option::of(prop::sample::select(values).prop_map(Into::into))
}

/// Requests of a video, most of them valid.
fn video() -> impl Strategy<Value = Value> {
    let shape = (
        maybe(vec!["480p", "720p", "1080p"]),
        maybe(vec!["16:9", "1:1", "21:9"]),
        maybe(vec![-1, 4, 6, 8, 10, 12]),
        maybe(vec![true, false]),
        maybe(vec!["default", "flex"]),
    );
    let extras = (
        maybe(vec![json!("storm"), json!(7)]),
        maybe(vec![json!({}), json!({"motion": "pan"}), json!({"strength": 0.25})]),
        prop::option::of(1_usize..5),
        maybe(vec!["vid_1"]),
    );
    (shape, extras).prop_map(|((resolution, ratio, duration, audio, tier), (label, camera, keywords, draft_of))| {
        let keywords = keywords.map(|many| json!((0..many).map(|word| format!("word{word}")).collect::<Vec<_>>()));
        let fields = [
            ("resolution", resolution),
            ("ratio", ratio),
            ("duration", duration),
            ("generate_audio", audio),
            ("service_tier", tier),
            ("label", label),
            ("camera", camera),
            ("keywords", keywords),
            ("draft_of", draft_of),
        ];
        let mut params = json!({"prompt": "A boat"});
        fields.into_iter().filter_map(|(name, value)| Some((name, value?))).for_each(|(name, value)| {
            params[name] = value;
        });
        params
    })
}

/// Requests of images from images.
fn image() -> impl Strategy<Value = Value> {
    (maybe(vec!["1K", "2K", "1024x1024", "2048x2048"]), 1_usize..=10).prop_map(|(size, images)| {
        let mut params = json!({"prompt": "At dusk", "image": vec!["ast_1"; images]});
        size.into_iter().for_each(|size| params["size"] = size);
        params
    })
}

/// Requests of a chat.
fn chat() -> impl Strategy<Value = Value> {
    let texts = prop::collection::vec(".{0,400}", 1..6);
    (texts, prop::option::of(1_u32..=4_096), prop::option::of(any::<bool>())).prop_map(|(texts, most, search)| {
        let messages: Vec<Value> = texts.iter().map(|text| json!({"role": "user", "content": text})).collect();
        let mut params = json!({"messages": messages});
        most.into_iter().for_each(|most| params["max_completion_tokens"] = most.into());
        search.into_iter().for_each(|search| params["web_search"] = search.into());
        params
    })
}

fn request() -> impl Strategy<Value = (CapabilityKind, Value)> {
    prop_oneof![
        video().prop_map(|params| (CapabilityKind::TextToVideo, params)),
        image().prop_map(|params| (CapabilityKind::ImageToImage, params)),
        chat().prop_map(|params| (CapabilityKind::Chat, params)),
    ]
}

/// A part of each bound, in thousandths; cached tokens are a part of the input.
fn usage(bounds: &Quantities, shares: &[u64; 6]) -> Quantities {
    let part = |most: u64, share: u64| u64::try_from(u128::from(most) * u128::from(share) / 1_000).expect("smaller");
    let shared = bounds.iter().zip(shares.iter().cycle());
    let usage: Quantities = shared.map(|((meter, most), share)| (meter, part(most, *share))).collect();
    match (usage.get(Meter::InputToken), usage.get(Meter::CachedInputToken)) {
        (Some(input), Some(_)) => usage.with(Meter::CachedInputToken, part(input, shares[5])),
        _ => usage,
    }
}

/// Adds the lines up again, from nothing but what they say.
fn added_up(charge: &Charge) -> Exact {
    let text = serde_json::to_value(charge).expect("JSON");
    let amounts = text["lines"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| line["amount"].as_str().expect("an amount").parse::<Exact>().expect("an exact amount"));
    amounts.fold(Exact::ZERO, |sum, amount| sum.plus(amount).expect("it fits"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn the_hold_covers_every_usage_within_its_bounds_and_each_explanation_adds_up(
        (kind, params) in request(),
        shares in prop::array::uniform6(prop_oneof![Just(0_u64), Just(1_000), 0_u64..=1_000]),
        minute in 0_i64..1_440,
    ) {
        let (capability, schema) = capability(kind);
        let Ok(params) = schema.resolve(params) else { return Ok(()) };
        let moment: DateTime<Utc> = DateTime::UNIX_EPOCH + TimeDelta::minutes(minute);
        let quote = capability.quote(&params, moment).expect("a valid request has a price");
        let charge = capability.charge(&quote.priced, &usage(&quote.quantities, &shares)).expect("priced");
        prop_assert!(charge.amount <= quote.hold.amount, "{} > {}", charge.amount, quote.hold.amount);
        prop_assert!(quote.expected.amount <= quote.hold.amount);
        for charge in [&charge, &quote.hold, &quote.expected] {
            prop_assert_eq!(added_up(charge), Exact::of(charge.amount));
            prop_assert!(charge.amount >= Credits::ZERO);
        }
    }

    #[test]
    fn a_refused_request_has_a_valid_one_near(params in video(), duration in -5_i64..30) {
        let (_, schema) = capability(CapabilityKind::TextToVideo);
        let mut wrong = params;
        wrong["duration"] = duration.into();
        if let Err(refused) = schema.resolve_or_explain(wrong) {
            let nearest = refused.nearest.expect("a valid request is near");
            prop_assert!(schema.resolve(nearest.params).is_ok());
        }
    }
}
