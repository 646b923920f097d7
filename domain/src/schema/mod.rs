//! Parameters against a JSON Schema 2020-12: validated, nulls dropped, defaults filled in, unknown names answered with the nearest known one.
//!
//! Schemas are self-contained: a reference to another document is refused, nothing is ever fetched. Patterns run in linear time.

mod bounds;
mod defaults;
mod errors;
mod nearest;
#[cfg(test)]
mod nearest_tests;
mod places;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::Value;

pub use self::{
    bounds::Bounds,
    errors::ParamError,
    nearest::{Nearest, ParamChange, Refused},
};

/// The most errors that one answer lists.
pub const MAX_ERRORS: usize = 20;

/// A schema that was compiled once and is shared. Whoever uses it often keeps it.
#[derive(Clone, Debug)]
pub struct CompiledSchema(Arc<Compiled>);

#[derive(Debug)]
struct Compiled {
    schema: Value,
    validator: Validator,
}

/// Why something is no usable schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// Not an object that describes an object.
    #[error("a schema of parameters describes an object")]
    NotAnObject,
    /// Deeper or larger than allowed.
    #[error("the schema is too deep or too large")]
    TooLarge,
    /// It points out of itself.
    #[error("the schema refers to {0:?}; only references within it are allowed")]
    OuterReference(String),
    /// The JSON Schema library refuses it.
    #[error("not a JSON Schema: {0}")]
    Invalid(String),
}

impl CompiledSchema {
    /// Compiles a schema.
    ///
    /// # Errors
    /// It is no JSON Schema 2020-12 of an object, is too large, or refers to something outside.
    pub fn new(schema: &Value) -> Result<Self, SchemaError> {
        if schema.get("type").and_then(Value::as_str) != Some("object") {
            return Err(SchemaError::NotAnObject);
        }
        if !Bounds::SCHEMA.hold(schema) {
            return Err(SchemaError::TooLarge);
        }
        if let Some(reference) = outer_reference(schema) {
            return Err(SchemaError::OuterReference(reference.to_owned()));
        }
        let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
        let options = options.with_pattern_options(PatternOptions::regex().size_limit(1 << 20));
        let validator = options.build(schema).map_err(|error| SchemaError::Invalid(error.to_string()))?;
        Ok(Self(Arc::new(Compiled { schema: schema.clone(), validator })))
    }

    /// The schema itself.
    #[must_use]
    pub fn schema(&self) -> &Value {
        &self.0.schema
    }

    /// Drops the nulls of optional fields and fills in the defaults.
    fn complete(&self, mut params: Value) -> Value {
        defaults::drop_nulls(&self.0.schema, &mut params);
        defaults::fill(&self.0.schema, &[&self.0.schema], &mut params);
        params
    }

    fn validator(&self) -> &Validator {
        &self.0.validator
    }

    /// Validates parameters and completes them: what comes out is frozen on the job and sent upstream.
    ///
    /// An explicit null of an optional field is the same as its absence. Defaults are filled in at the top and in nested objects that
    /// are given.
    ///
    /// # Errors
    /// Each thing that is wrong, up to [`MAX_ERRORS`].
    pub fn resolve(&self, params: Value) -> Result<Value, Vec<ParamError>> {
        if !Bounds::PARAMS.hold(&params) {
            return Err(vec![ParamError::too_large()]);
        }
        let resolved = self.complete(params);
        let wrong = errors::collect(&self.0.schema, &self.0.validator, &resolved);
        if wrong.is_empty() { Ok(resolved) } else { Err(wrong) }
    }
}

/// The first reference that leaves the document.
fn outer_reference(schema: &Value) -> Option<&str> {
    match schema {
        Value::Object(fields) => {
            let own = ["$ref", "$dynamicRef", "$schema", "$id"].iter().filter_map(|key| fields.get(*key)?.as_str());
            let mut outer =
                own.filter(|uri| !uri.starts_with('#') && *uri != "https://json-schema.org/draft/2020-12/schema");
            outer.next().or_else(|| fields.values().find_map(outer_reference))
        }
        Value::Array(items) => items.iter().find_map(outer_reference),
        _ => None,
    }
}
