//! templates-maud.
