//! Refused requests by example: what is allowed beside the others, the nearest valid request, and that the search ends.

use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use super::{CompiledSchema, Refused};

/// A video: ten seconds only in two resolutions, a frame and references exclude each other, sizes have steps.
fn schema() -> CompiledSchema {
    CompiledSchema::new(&json!({
        "type": "object", "required": ["prompt"], "additionalProperties": false,
        "properties": {
            "prompt": {"type": "string", "minLength": 1, "maxLength": 20},
            "duration": {"type": "integer", "enum": [5, 10], "default": 5},
            "resolution": {"type": "string", "enum": ["480p", "720p", "1080p", "4k"], "default": "720p"},
            "frames": {"type": "integer", "minimum": 25, "maximum": 289, "multipleOf": 4},
            "audio": {"type": "boolean", "default": false},
            "image": {"type": "string"},
            "references": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
            "strength": {"type": "number", "minimum": 0, "maximum": 1}
        },
        "allOf": [
            {"if": {"properties": {"duration": {"const": 10}}, "required": ["duration"]},
             "then": {"properties": {"resolution": {"enum": ["480p", "720p"]}}}},
            {"not": {"required": ["image", "references"], "description": "takes a frame or references, not both"}}
        ]
    }))
    .expect("a schema")
}

fn refused(params: &Value) -> Refused {
    *schema().resolve_or_explain(params.clone()).expect_err("refused")
}

#[test]
fn allowed_is_what_is_allowed_beside_the_others() {
    let explained = refused(&json!({"prompt": "x", "duration": 10, "resolution": "1080p"}));
    assert_eq!(explained.errors[0].param, "resolution");
    assert_eq!(explained.errors[0].allowed, Some(vec![json!("480p"), json!("720p")]));
    let nearest = explained.nearest.expect("near");
    assert_eq!(nearest.params, json!({"prompt": "x", "duration": 10, "resolution": "720p"}));
    assert_eq!((nearest.changes.len(), nearest.changes[0].param.as_str()), (1, "resolution"));
    let alone = refused(&json!({"prompt": "x", "resolution": "8k"}));
    assert_eq!(alone.errors[0].allowed.as_ref().map(Vec::len), Some(4));
}

#[rstest]
#[case(json!({"prompt": "x", "duration": 8}), json!({"prompt": "x", "duration": 10}))]
#[case(json!({"prompt": "x", "duration": "5"}), json!({"prompt": "x", "duration": 5}))]
#[case(json!({"prompt": "x", "frames": 29}), json!({"prompt": "x", "frames": 28}))]
#[case(json!({"prompt": "x", "frames": 1000}), json!({"prompt": "x", "frames": 288}))]
#[case(json!({"prompt": "x", "strength": 1.5}), json!({"prompt": "x", "strength": 1}))]
#[case(json!({"prompt": "x", "resolutoin": "480p"}), json!({"prompt": "x", "resolution": "480p"}))]
#[case(json!({"prompt": "x", "moon": "full"}), json!({"prompt": "x"}))]
#[case(json!({"prompt": "x", "audio": "true"}), json!({"prompt": "x", "audio": true}))]
#[case(json!({"prompt": "x", "references": ["a", "b", "c"]}), json!({"prompt": "x", "references": ["a", "b"]}))]
#[case(json!({"prompt": "x", "references": "a"}), json!({"prompt": "x", "references": ["a"]}))]
#[case(json!({"prompt": "x", "image": "a", "references": ["b"]}), json!({"prompt": "x", "references": ["b"]}))]
#[case(json!({"prompt": "a text that is much too long"}), json!({"prompt": "a text that is much "}))]
#[case(json!({"prompt": "x", "duration": 11, "resolution": "4k"}), json!({"prompt": "x", "duration": 5, "resolution": "4k"}))]
fn the_nearest_valid_request(#[case] params: Value, #[case] expected: Value) {
    let nearest = refused(&params).nearest.expect("near");
    assert_eq!(nearest.params, expected);
    assert!(schema().resolve(nearest.params).is_ok());
}

#[test]
fn several_faults_are_mended_together() {
    let nearest = refused(&json!({"prompt": "x", "duration": 9, "moon": 1, "audio": 1})).nearest.expect("near");
    assert_eq!(nearest.changes.len(), 3);
    assert!(schema().resolve(nearest.params).is_ok());
}

#[test]
fn a_fault_of_the_whole_names_the_field_that_mends_it() {
    let explained = refused(&json!({"prompt": "x", "image": "a", "references": ["b"]}));
    assert_eq!(explained.errors[0].param, "image");
    assert_eq!(explained.errors[0].message, "takes a frame or references, not both");
}

#[test]
fn a_text_is_never_made_up() {
    assert_eq!(refused(&json!({})).nearest, None);
    assert_eq!(refused(&json!({"prompt": ""})).nearest, None);
}

#[test]
fn a_request_of_many_megabytes_is_tried_a_few_times_only() {
    let image = "x".repeat(4 * 1024 * 1024);
    let explained = refused(&json!({"prompt": "x", "image": image, "duration": 9}));
    assert_eq!(explained.nearest.map(|nearest| nearest.changes.len()), Some(1));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        prop::sample::select(vec!["480p", "4k", "10", "", "x"]).prop_map(Value::from),
        ".{0,30}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let names = prop::sample::select(vec![
            "prompt",
            "duration",
            "resolution",
            "frames",
            "audio",
            "image",
            "references",
            "strength",
            "a/b~c",
            "0",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(names, inner, 0..6).prop_map(|fields| json!(fields)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn whatever_is_refused_what_is_offered_is_valid(params in any_json()) {
        match (schema().resolve(params.clone()), schema().resolve_or_explain(params)) {
            (Ok(resolved), Ok(same)) => prop_assert_eq!(resolved, same),
            (Err(errors), Err(explained)) => {
                prop_assert_eq!(errors.len(), explained.errors.len());
                if let Some(nearest) = explained.nearest {
                    prop_assert!(schema().resolve(nearest.params).is_ok());
                }
            }
            _ => prop_assert!(false, "both ways agree"),
        }
    }
}
