//! The beginning of a program that is there for a millisecond: without std's preparations and, a hook's, without an
//! unwinder.
//!
//! Being started is most of what a hook costs, and half of a `status`. Before `main`, std reads the process's memory map
//! and sets a stack aside for handlers of signals; its unwinder is one more shared library to load, and behind it stand
//! two hundred kilobytes of code that print backtraces. A program that leaves quietly when it panics needs none of them.

#![expect(unsafe_code, reason = "ignoring a signal, and leaving at once")]

use std::fs::File;
use std::io::{Write, stdout};
use std::os::fd::IntoRawFd;
use std::panic;

/// Makes `fn run()` the whole of a program that ends with 0 whatever happens.
///
/// To be used in the program's root, which says
/// `#![cfg_attr(all(target_os = "linux", target_env = "gnu", not(test)), no_main)]`. Elsewhere std prepares what is not
/// known here, and goes on doing so.
#[macro_export]
macro_rules! bare_program {
    ($run:ident) => {
        #[cfg(not(all(target_os = "linux", target_env = "gnu", not(test))))]
        fn main() {
            $crate::process::run_bare($run);
        }

        #[cfg(all(target_os = "linux", target_env = "gnu", not(test)))]
        mod bare {
            use std::ffi::{c_char, c_int, c_void};

            /// What the C library calls.
            #[unsafe(no_mangle)]
            extern "C" fn main(_: c_int, _: *const *const c_char) -> c_int {
                $crate::process::run_bare(super::$run);
                0
            }

            $crate::process::no_unwinder!();
        }
    };
}

/// Makes `fn run() -> u8` the whole of a program, and what it returns its exit code. Its unwinder is part of it: one
/// library less to look for and to load at each start.
///
/// To be used as [`bare_program`].
#[macro_export]
macro_rules! lean_program {
    ($run:path) => {
        #[cfg(not(all(target_os = "linux", target_env = "gnu", not(test))))]
        fn main() -> std::process::ExitCode {
            $crate::process::run_lean($run).into()
        }

        #[cfg(all(target_os = "linux", target_env = "gnu", not(test)))]
        mod lean {
            use std::ffi::{c_char, c_int};

            #[link(name = "gcc_eh", kind = "static", modifiers = "-bundle")]
            unsafe extern "C" {}

            /// What the C library calls.
            #[unsafe(no_mangle)]
            extern "C" fn main(_: c_int, _: *const *const c_char) -> c_int {
                $crate::process::run_lean($run).into()
            }
        }
    };
}

/// The unwinder that std asks for, as one for which every stack has come to its end. Once these names are taken, the
/// linker leaves out the library that has the real ones, and all of std that only a backtrace reaches.
///
/// The signatures are those of the Itanium C++ ABI (Level I, exception handling).
#[doc(hidden)]
#[macro_export]
macro_rules! no_unwinder {
    () => {
        /// `_URC_END_OF_STACK`: nobody catches.
        const END_OF_STACK: c_int = 5;

        #[unsafe(no_mangle)]
        extern "C" fn _Unwind_RaiseException(_: *mut c_void) -> c_int {
            END_OF_STACK
        }

        #[unsafe(no_mangle)]
        extern "C" fn _Unwind_Backtrace(_: *const c_void, _: *mut c_void) -> c_int {
            END_OF_STACK
        }

        // Nothing is ever unwound, so nothing below is ever called.

        #[unsafe(no_mangle)]
        extern "C" fn _Unwind_Resume(_: *mut c_void) -> ! {
            std::process::abort()
        }

        #[unsafe(no_mangle)]
        extern "C" fn _Unwind_DeleteException(_: *mut c_void) {}

        #[unsafe(no_mangle)]
        extern "C" fn _Unwind_GetLanguageSpecificData(_: *mut c_void) -> *mut c_void {
            std::ptr::null_mut()
        }

        #[unsafe(no_mangle)]
        extern "C" fn _Unwind_GetRegionStart(_: *mut c_void) -> usize {
            0
        }

        #[unsafe(no_mangle)]
        extern "C" fn _Unwind_GetTextRelBase(_: *mut c_void) -> usize {
            0
        }

        #[unsafe(no_mangle)]
        extern "C" fn _Unwind_GetDataRelBase(_: *mut c_void) -> usize {
            0
        }

        #[unsafe(no_mangle)]
        extern "C" fn _Unwind_GetIP(_: *mut c_void) -> usize {
            0
        }

        #[unsafe(no_mangle)]
        extern "C" fn _Unwind_GetIPInfo(_: *mut c_void, _: *mut c_int) -> usize {
            0
        }

        #[unsafe(no_mangle)]
        extern "C" fn _Unwind_SetGR(_: *mut c_void, _: c_int, _: usize) {}

        #[unsafe(no_mangle)]
        extern "C" fn _Unwind_SetIP(_: *mut c_void, _: usize) {}
    };
}

// A macro that is exported lands in the crate's root; this is its place.
pub use {bare_program, lean_program, no_unwinder};

/// Runs a bare program: a panic ends its process with 0, without a word and without unwinding.
pub fn run_bare(run: fn()) {
    // SAFETY: leaves without running anything of a program that has just been found broken.
    panic::set_hook(Box::new(|_| unsafe { libc::_exit(0) }));
    prepare();
    run();
}

/// Runs a lean program: a panic ends it with 101, as std has it.
pub fn run_lean(run: fn() -> u8) -> u8 {
    const PANICKED: u8 = 101;
    prepare();
    let code = panic::catch_unwind(run).unwrap_or(PANICKED);
    // Nothing more can be done for a reader that is gone.
    let _ = stdout().flush();
    code
}

fn prepare() {
    // SAFETY: ignoring a signal runs no code.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    fill_standard_streams();
}

/// Where a caller has closed one of them, the first file to be opened would get its place, and what is written to it.
fn fill_standard_streams() {
    for stream in 0..=2 {
        // SAFETY: asks about a number.
        let is_open = unsafe { libc::fcntl(stream, libc::F_GETFD) } != -1;
        if !is_open && let Ok(null) = File::options().read(true).write(true).open("/dev/null") {
            // Has got the lowest number, this one, and stays open.
            let _ = null.into_raw_fd();
        }
    }
}
