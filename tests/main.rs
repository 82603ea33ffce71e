//! All tests that need the built programs, real git or a server.

mod architecture;
mod budget;
mod commands;
mod doctor;
mod faults;
mod files;
mod fuzz;
mod git_room;
mod hook;
mod http;
mod init;
mod install;
#[cfg(feature = "keyring")]
mod keyring;
mod model;
mod ownership;
mod polling;
mod providers;
mod readme;
mod records;
mod sandbox;
mod secrets;
mod standin;
mod stories;
mod support;
