//! How deep and how large a JSON value may be, so that neither recursion nor memory depends on who sends it.

use serde_json::Value;

/// Limits of a JSON value.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The most levels of nesting.
    pub depth: usize,
    /// The most values, all levels together.
    pub values: usize,
}

impl Bounds {
    /// The limits of a schema.
    pub const SCHEMA: Self = Self { depth: 32, values: 20_000 };
    /// The limits of parameters. Their bytes are bounded where they come in.
    pub const PARAMS: Self = Self { depth: 48, values: 200_000 };

    /// Whether the value is within the limits.
    #[must_use]
    pub fn hold(self, value: &Value) -> bool {
        let mut left = self.values;
        self.walk(value, 0, &mut left)
    }

    fn walk(self, value: &Value, depth: usize, left: &mut usize) -> bool {
        let Some(rest) = left.checked_sub(1) else { return false };
        *left = rest;
        if depth > self.depth {
            return false;
        }
        match value {
            Value::Object(fields) => fields.values().all(|value| self.walk(value, depth + 1, left)),
            Value::Array(items) => items.iter().all(|value| self.walk(value, depth + 1, left)),
            _ => true,
        }
    }
}
