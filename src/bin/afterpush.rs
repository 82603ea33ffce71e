//! The program `afterpush`: all its commands, and the monitor.

#![cfg_attr(all(target_os = "linux", target_env = "gnu", not(test)), no_main)]

afterpush::process::lean_program!(afterpush::cli::main);
