//! All tests that need the built programs, real git or a server.

mod architecture;
mod providers;
mod sandbox;
mod stories;
mod support;
