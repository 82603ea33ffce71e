//! The room `monitor`.

pub mod sweep;
