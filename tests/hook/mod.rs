//! The hook, called by real pushes.

mod broken;
mod monitor;
mod request;
mod shim;
