//! Rows and catalogs of every kind, without a database.
