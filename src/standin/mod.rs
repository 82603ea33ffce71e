//! The room `standin`.
