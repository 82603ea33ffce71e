//! The JSON schemas of the documents, made from the types themselves.

use super::{Document, ErrorDocument, EventDocument};

/// The names [`schema`] knows.
pub const SCHEMAS: &[&str] = &["status", "event", "error"];

/// The JSON schema (2020-12) of the document with this short name; `None` if there is none here.
pub fn schema(name: &str) -> Option<schemars::Schema> {
    match name {
        "status" => Some(schemars::schema_for!(Document)),
        "event" => Some(schemars::schema_for!(EventDocument)),
        "error" => Some(schemars::schema_for!(ErrorDocument)),
        _ => None,
    }
}
