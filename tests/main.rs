//! All tests that need the built programs, real git or a server.

mod sandbox;
mod support;
