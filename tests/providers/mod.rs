//! What every provider's adapter must understand, and the particulars of each.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod contract;
mod digitalocean;
pub mod fixture;
mod github;
mod own;
mod robust;
