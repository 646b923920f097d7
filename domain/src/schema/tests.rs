//! Parameters by example: defaults, nulls, unknown names, sentences, and schemas that are refused.

use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use super::{CompiledSchema, ParamError, SchemaError};

fn schema() -> CompiledSchema {
    CompiledSchema::new(&json!({
        "type": "object", "required": ["prompt"], "additionalProperties": false,
        "$defs": {"ratio": {"type": "string", "enum": ["16:9", "1:1"], "default": "1:1"}},
        "properties": {
            "prompt": {"type": "string", "minLength": 1},
            "ratio": {"$ref": "#/$defs/ratio"},
            "duration": {"type": "integer", "minimum": 2, "maximum": 12, "default": 5},
            "seed": {"type": ["integer", "null"]},
            "style": {"type": "object", "additionalProperties": false,
                "properties": {"strength": {"type": "number", "default": 0.5}, "name": {"type": "string"}}},
            "parts": {"type": "array", "items": {"type": "object", "properties": {"kind": {"type": "string", "default": "text"}}}}
        }
    }))
    .expect("a schema")
}

fn errors(params: Value) -> Vec<ParamError> {
    schema().resolve(params).expect_err("refused")
}

#[test]
fn fills_in_defaults_at_the_top_and_inside_what_is_given() {
    let resolved = schema().resolve(json!({"prompt": "x", "style": {"name": "ink"}, "parts": [{}]}));
    let expected = json!({"prompt": "x", "ratio": "1:1", "duration": 5, "style": {"name": "ink", "strength": 0.5},
        "parts": [{"kind": "text"}]});
    assert_eq!(resolved, Ok(expected.clone()));
    assert_eq!(schema().resolve(expected.clone()), Ok(expected), "resolving again changes nothing");
}

#[test]
fn null_is_absence_unless_null_is_a_value() {
    let resolved = schema().resolve(json!({"prompt": "x", "duration": null, "seed": null, "style": {"name": null}}));
    let expected = json!({"prompt": "x", "ratio": "1:1", "duration": 5, "seed": null, "style": {"strength": 0.5}});
    assert_eq!(resolved, Ok(expected));
    assert_eq!(errors(json!({"prompt": null}))[0].param, "prompt");
}

#[test]
fn unknown_names_are_answered_with_the_nearest() {
    let wrong = errors(json!({"prompt": "x", "durations": 5}));
    assert_eq!(
        (wrong[0].param.as_str(), wrong[0].message.as_str()),
        ("durations", "is unknown; did you mean duration?")
    );
    let wrong = errors(json!({"prompt": "x", "style": {"strenght": 1}}));
    assert_eq!(
        (wrong[0].param.as_str(), wrong[0].message.as_str()),
        ("style.strenght", "is unknown; did you mean strength?")
    );
    let wrong = errors(json!({"prompt": "x", "nothing_like_it": 1}));
    assert_eq!(wrong[0].message, "is unknown");
}

#[rstest]
#[case(json!({}), "prompt", "is required")]
#[case(json!({"prompt": ""}), "prompt", "must have at least 1 characters")]
#[case(json!({"prompt": 5}), "prompt", "must be of type string")]
#[case(json!({"prompt": "x", "duration": 13}), "duration", "must be at most 12")]
#[case(json!({"prompt": "x", "duration": 2.5}), "duration", "must be of type integer")]
#[case(json!({"prompt": "x", "ratio": "2:1"}), "ratio", "is not one of the allowed values")]
#[case(json!({"prompt": "x", "parts": [{"kind": 1}]}), "parts.0.kind", "must be of type string")]
fn says_what_is_wrong_and_where(#[case] params: Value, #[case] param: &str, #[case] message: &str) {
    let wrong = errors(params);
    assert_eq!((wrong[0].param.as_str(), wrong[0].message.as_str()), (param, message));
}

#[test]
fn lists_the_allowed_values() {
    assert_eq!(errors(json!({"prompt": "x", "ratio": "2:1"}))[0].allowed, Some(vec![json!("16:9"), json!("1:1")]));
}

#[test]
fn never_repeats_a_value() {
    let wrong = serde_json::to_string(&errors(json!({"prompt": ["secret"], "ratio": "secret"}))).expect("JSON");
    assert!(!wrong.contains("secret"));
}

#[test]
fn passes_unknown_fields_through_where_the_schema_is_open() {
    let open = CompiledSchema::new(&json!({"type": "object", "properties": {"a": {"default": 1}}})).expect("a schema");
    assert_eq!(open.resolve(json!({"b": {"c": null}})), Ok(json!({"a": 1, "b": {"c": null}})));
}

#[test]
fn an_explicit_null_of_an_unknown_field_is_dropped() {
    let open = CompiledSchema::new(&json!({"type": "object", "properties": {}})).expect("a schema");
    assert_eq!(open.resolve(json!({"b": null})), Ok(json!({})));
}

#[test]
fn too_deep_or_too_much_is_refused() {
    let deep = (0..60).fold(json!("x"), |inner, _| json!([inner]));
    assert_eq!(errors(json!({"prompt": deep})).len(), 1);
    assert_eq!(errors(json!({"prompt": vec![0; 200_001]})).len(), 1);
    let many: serde_json::Map<_, _> = (0..500).map(|index| (format!("field{index}"), json!(1))).collect();
    assert!(errors(Value::Object(many)).len() <= super::MAX_ERRORS);
}

#[rstest]
#[case(json!(true))]
#[case(json!({"type": "string"}))]
#[case(json!({"type": "object", "properties": {"a": {"type": "strin"}}}))]
#[case(json!({"type": "object", "properties": {"a": {"pattern": "("}}}))]
fn what_is_no_schema_of_parameters_is_refused(#[case] schema: Value) {
    assert!(CompiledSchema::new(&schema).is_err());
}

#[test]
fn nothing_outside_is_referred_to() {
    let outer = json!({"type": "object", "properties": {"a": {"$ref": "https://example.com/schema.json"}}});
    assert!(matches!(CompiledSchema::new(&outer), Err(SchemaError::OuterReference(_))));
}

#[test]
fn circular_schemas_end() {
    let circular = json!({"type": "object", "$defs": {"node": {"allOf": [{"$ref": "#/$defs/node"}, {"$ref": "#"}],
        "type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}}, "properties": {"next": {"$ref": "#/$defs/node"}}});
    if let Ok(schema) = CompiledSchema::new(&circular) {
        let params = (0..40).fold(json!({}), |inner, _| json!({"next": inner}));
        assert!(super::defaults::parts(schema.schema(), &[schema.schema()]).len() < 64);
        let mut completed = params.clone();
        super::defaults::fill(schema.schema(), &[schema.schema()], &mut completed);
        assert_eq!(completed, params);
    }
}

fn shared<T: Send + Sync + Clone>() {}

#[test]
fn a_compiled_schema_is_shared_between_threads() {
    shared::<CompiledSchema>();
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(Value::Null), any::<i64>().prop_map(Value::from), ".{0,9}".prop_map(Value::from)];
    leaf.prop_recursive(4, 20, 4, |inner| {
        let names = prop::sample::select(vec![
            "prompt", "ratio", "duration", "seed", "style", "strength", "parts", "kind", "a/b~c",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(names, inner, 0..5).prop_map(|fields| json!(fields)),
        ]
    })
}

proptest! {
    #[test]
    fn what_was_resolved_is_valid_and_resolves_to_itself(params in any_json()) {
        if let Ok(resolved) = schema().resolve(params) {
            prop_assert_eq!(schema().resolve(resolved.clone()), Ok(resolved));
        }
    }
}
