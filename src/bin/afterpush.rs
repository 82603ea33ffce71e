//! The program `afterpush`: all its commands, and the monitor.

use std::process::ExitCode;

fn main() -> ExitCode {
    afterpush::cli::main()
}
