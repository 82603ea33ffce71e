//! The room `spool`.
