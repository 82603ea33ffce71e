//! The program `afterpush`: all its commands, and the monitor.

#![cfg_attr(all(target_os = "linux", target_env = "gnu", not(test)), no_main)]
#![cfg_attr(
    all(target_os = "linux", target_env = "gnu"),
    expect(unsafe_code, reason = "what names a library counts as unsafe, empty or not")
)]

afterpush::process::lean_program!(afterpush::cli::main);

// The unwinder becomes part of the program: one library less to look for and to load at each start.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[link(name = "gcc_eh", kind = "static", modifiers = "-bundle")]
unsafe extern "C" {}
