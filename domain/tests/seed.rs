//! The seed catalog as it is delivered: every capability can be published, its examples are priced, and a hold covers what its bounds allow.

use std::{collections::BTreeSet, fs, path::PathBuf, sync::LazyLock};

use chrono::{DateTime, Utc};
use domain::{
    capability::{Capability, CapabilityKind, Quote},
    decide::Decide,
    model::{CatalogEntry, Model, ModelCommand},
    pricing::{Meter, Quantities},
    schema::CompiledSchema,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// When the requests of these tests come.
const NOON: DateTime<Utc> = DateTime::<Utc>::UNIX_EPOCH;

fn catalog() -> &'static [CatalogEntry] {
    static CATALOG: LazyLock<Vec<CatalogEntry>> = LazyLock::new(read_catalog);
    &CATALOG
}

fn read_catalog() -> Vec<CatalogEntry> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../zephyr/seed/catalog");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("the seed folder").map(|file| file.expect("a file").path()).collect();
    files.sort();
    let read = |file: &PathBuf| -> Vec<CatalogEntry> {
        let text = fs::read_to_string(file).expect("a readable file");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    };
    files.iter().flat_map(read).collect()
}

fn capability(model: &str, kind: CapabilityKind) -> Capability {
    let entry = catalog().iter().find(|entry| entry.name == model).expect("a model of the catalog");
    entry.capabilities.iter().find(|capability| capability.kind == kind).expect("a capability of the model").clone()
}

fn resolve(capability: &Capability, params: Value) -> Value {
    CompiledSchema::new(&capability.param_schema).expect("a schema").resolve(params).expect("valid parameters")
}

fn quote(capability: &Capability, params: Value) -> Quote {
    capability.quote(&resolve(capability, params), NOON).expect("a price")
}

#[test]
fn every_capability_may_be_published() {
    for entry in catalog() {
        assert!(!entry.capabilities.is_empty(), "{} can do nothing", entry.name);
        for capability in &entry.capabilities {
            assert_eq!(capability.lint(), Vec::new(), "{} {}", entry.name, capability.kind);
            assert!(!capability.ui_hints.examples.is_empty(), "{} {} has no example", entry.name, capability.kind);
        }
    }
}

#[test]
fn names_are_unique_and_the_families_are_there() {
    let catalog = catalog();
    let names: BTreeSet<&str> = catalog.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names.len(), catalog.len());
    for family in
        ["doubao-seed-2-1", "doubao-seed-1-6", "doubao-seedream-4-0", "doubao-seedance-1-5", "doubao-embedding"]
    {
        assert!(names.iter().any(|name| name.starts_with(family)), "{family}");
    }
}

#[test]
fn seeding_twice_changes_nothing() {
    for entry in catalog() {
        let mut model = Model::default();
        for command in entry.commands() {
            let events = model.decide(&command).expect("accepted");
            assert_eq!(events.len(), 1, "{}", entry.name);
            events.into_iter().for_each(|event| cqrs_es::Aggregate::apply(&mut model, event));
            assert_eq!(model.decide(&command), Ok(vec![]));
        }
        let rerun: Vec<ModelCommand> = entry.commands().collect();
        assert!(rerun.iter().all(|command| model.decide(command) == Ok(vec![])), "{}", entry.name);
    }
}

#[test]
fn the_hold_of_every_example_covers_its_bounds() {
    for entry in catalog() {
        for capability in &entry.capabilities {
            for example in &capability.ui_hints.examples {
                let quote = quote(capability, Value::Object(example.params.clone()));
                let at_bound = capability.charge(&quote.priced, &quote.quantities).expect("priced");
                assert_eq!(at_bound, quote.hold, "{} {}", entry.name, example.title);
                assert!(quote.expected.amount <= quote.hold.amount);
                assert!(quote.expected.amount > domain::Credits::ZERO);
                assert!(quote.hold.adds_up() && quote.expected.adds_up());
            }
        }
    }
}

#[test]
fn we_charge_more_than_we_pay() {
    for entry in catalog() {
        for capability in &entry.capabilities {
            for (example, route) in
                capability.ui_hints.examples.iter().flat_map(|e| capability.routes.iter().map(move |r| (e, r)))
            {
                let mut costs = capability.clone();
                costs.pricing = route.cost.clone().expect("every route of the seed states its cost").price;
                let params = Value::Object(example.params.clone());
                let (price, cost) = (quote(capability, params.clone()), quote(&costs, params));
                assert!(price.expected.amount > cost.expected.amount, "{}", entry.name);
            }
        }
    }
}

#[test]
fn a_flat_chat_costs_one_credit_whatever_was_used() {
    let flat = capability("demo-flat-chat", CapabilityKind::Chat);
    let quote = quote(&flat, json!({"messages": [{"role": "user", "content": "hello"}]}));
    assert_eq!(quote.hold.amount.to_string(), "1");
    let usage = Quantities::new().with(Meter::InputToken, 9).with(Meter::OutputToken, 0);
    assert_eq!(flat.charge(&quote.priced, &usage).expect("priced").amount.to_string(), "1");
}

#[test]
fn a_recorded_video_costs_at_most_its_hold() {
    let video = capability("doubao-seedance-2-0", CapabilityKind::TextToVideo);
    let quote = quote(&video, json!({"prompt": "a boat", "resolution": "720p", "ratio": "16:9", "duration": 5}));
    assert_eq!(quote.quantities.get(Meter::VideoToken), Some(108_900));
    let charge = video.charge(&quote.priced, &Quantities::new().with(Meter::VideoToken, 108_900)).expect("priced");
    assert_eq!(charge.amount, quote.hold.amount);
}

#[test]
fn flags_in_a_video_prompt_are_refused_with_a_reason() {
    for prompt in ["a boat --resolution 1080p", "--dur 12 a boat", "a boat --RS 1080p"] {
        let video = capability("doubao-seedance-1-0-pro", CapabilityKind::TextToVideo);
        let schema = CompiledSchema::new(&video.param_schema).expect("a schema");
        let errors = schema.resolve(json!({"prompt": prompt})).expect_err("refused");
        assert_eq!(errors[0].param, "prompt");
        assert!(errors[0].message.contains("--resolution or --dur"), "{}", errors[0].message);
    }
    let video = capability("doubao-seedance-1-0-pro", CapabilityKind::TextToVideo);
    resolve(&video, json!({"prompt": "a well--known boat, 3 -- no, 4 sails"}));
}

#[test]
fn a_first_frame_and_references_exclude_each_other() {
    let video = capability("doubao-seedance-2-0", CapabilityKind::ImageToVideo);
    let schema = CompiledSchema::new(&video.param_schema).expect("a schema");
    let both = json!({"prompt": "x", "image": "ast_1", "reference_images": ["ast_2"]});
    let errors = schema.resolve(both).expect_err("refused");
    assert_eq!(errors[0].message, "takes a first frame or references, not both");
    assert!(schema.resolve(json!({"prompt": "x"})).is_err());
    assert!(schema.resolve(json!({"prompt": "x", "reference_images": ["ast_2"]})).is_ok());
}

#[test]
fn given_images_are_charged_from_the_second_on_and_known_from_the_request() {
    let edit = capability("doubao-seedream-5-0-pro", CapabilityKind::ImageToImage);
    let one = quote(&edit, json!({"prompt": "x", "image": "ast_1"}));
    let three = quote(&edit, json!({"prompt": "x", "image": ["ast_1", "ast_2", "ast_3"]}));
    assert!(three.hold.amount > one.hold.amount);
    let charge = edit.charge(&three.priced, &Quantities::new().with(Meter::Image, 1)).expect("priced");
    assert_eq!(charge, three.hold);
    assert!(!serde_json::to_string(&three.priced).expect("JSON").contains("ast_1"));
}

#[test]
fn no_message_gets_into_what_is_frozen_on_a_job() {
    let chat = capability("doubao-seed-2-0-pro", CapabilityKind::Chat);
    let quote = quote(&chat, json!({"messages": [{"role": "user", "content": "a secret"}], "max_tokens": 10}));
    let frozen = serde_json::to_value(&quote).expect("JSON");
    assert!(!frozen.to_string().contains("secret"));
    assert_eq!(frozen["priced"]["params"], json!({"max_tokens": 10}));
}

#[test]
fn a_kind_of_media_without_a_bound_is_refused() {
    let chat = capability("doubao-seed-2-0-pro", CapabilityKind::Chat);
    let part = |part: Value| json!({"messages": [{"role": "user", "content": [part]}]});
    let image = part(json!({"type": "image_url", "image_url": {"url": "https://images.example.com/a.png"}}));
    assert!(quote(&chat, image).quantities.get(Meter::InputToken) > Some(16_384));
    let file = part(json!({"type": "file", "file": {"file_id": "f"}}));
    assert!(chat.quote(&resolve(&chat, file), NOON).is_err());
}

#[test]
fn seconds_that_the_request_decides_are_charged_though_upstream_reports_none() {
    let video = capability("gen4.5", CapabilityKind::TextToVideo);
    let quote = quote(&video, json!({"prompt": "a boat", "duration": 5}));
    assert_eq!(quote.quantities.get(Meter::Second), Some(5));
    let charge = video.charge(&quote.priced, &Quantities::new()).expect("priced");
    assert_eq!((&charge, charge.amount.to_string().as_str()), (&quote.hold, "90"));
    // What upstream does report goes first, zero included.
    let none = video.charge(&quote.priced, &Quantities::new().with(Meter::Second, 0)).expect("priced");
    assert_eq!(none.amount, domain::Credits::ZERO);
    let image = capability("gen4_image", CapabilityKind::TextToImage);
    let small = quote_of(&image, "1680:720");
    assert!(small.hold.amount < quote_of(&image, "1024:1024").hold.amount, "720 pixels are cheaper");
    assert!(image.charge(&small.priced, &Quantities::new()).is_err(), "images are counted, never assumed");
}

fn quote_of(image: &Capability, ratio: &str) -> Quote {
    quote(image, json!({"prompt": "a boat", "ratio": ratio}))
}

fn arbitrary_usage(bounds: &Quantities, shares: &[u64; 4]) -> Quantities {
    let share =
        |quantity: u64, share: u64| u64::try_from(u128::from(quantity) * u128::from(share) / 1_000).expect("smaller");
    let mut usage: Quantities =
        bounds.iter().zip(shares.iter().cycle()).map(|((meter, most), part)| (meter, share(most, *part))).collect();
    if let (Some(input), Some(_)) = (usage.get(Meter::InputToken), usage.get(Meter::CachedInputToken)) {
        usage = usage.with(Meter::CachedInputToken, share(input, shares[3]));
    }
    usage
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_usage_within_the_bounds_costs_more_than_the_hold(shares in prop::array::uniform4(0_u64..=1_000)) {
        for entry in catalog() {
            for capability in &entry.capabilities {
                for example in &capability.ui_hints.examples {
                    let quote = quote(capability, Value::Object(example.params.clone()));
                    let charge = capability.charge(&quote.priced, &arbitrary_usage(&quote.quantities, &shares)).expect("priced");
                    prop_assert!(charge.amount <= quote.hold.amount, "{} {}", entry.name, example.title);
                    prop_assert!(charge.adds_up());
                }
            }
        }
    }
}
