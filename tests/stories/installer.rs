//! `install/install.sh` and `tests/run.sh` say what a machine lacks; nothing is built here.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::support::{Ran, Sandbox, write_program};

/// A machine that has these programs and the few every system has.
fn machine_with(sandbox: &Sandbox, programs: &[(&str, &str)]) -> PathBuf {
    let bin = sandbox.root().join("bin");
    fs::create_dir(&bin).expect("an empty sandbox");
    for tool in ["cat", "cut", "dirname", "sed", "uname"] {
        let whole = Ran::of(sandbox.command("sh").args(["-c", &format!("command -v {tool}")])).ends(0).out();
        symlink(whole, bin.join(tool)).expect("an empty folder");
    }
    // Not root on any machine: the script under test must not install packages.
    for (name, says) in [("id", "1000")].iter().chain(programs) {
        write_program(&bin.join(name), &format!("#!/bin/sh\necho '{says}'\n"));
    }
    bin
}

fn run(sandbox: &Sandbox, script: &str, path: &Path) -> Ran {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
    let mut command = sandbox.command("/bin/sh");
    Ran::of(command.arg(script).arg("--prefix=there").env("PATH", path))
}

#[test]
fn the_installer_names_everything_that_is_missing() {
    let sandbox = Sandbox::new();
    let ran = run(&sandbox, "install/install.sh", &machine_with(&sandbox, &[])).ends(1);
    for missing in ["git is missing. ", "A C compiler (cc) is missing. ", "cargo is missing. "] {
        assert!(ran.err().contains(missing), "{ran}");
    }
    assert!(!sandbox.work().join("there").exists(), "{ran}");
}

#[test]
fn the_installer_says_when_rust_is_too_old() {
    let sandbox = Sandbox::new();
    let old = [("git", ""), ("cc", ""), ("cargo", ""), ("rustc", "rustc 1.63.0 (4b91a6ea7 2022-08-08)")];
    let ran = run(&sandbox, "install/install.sh", &machine_with(&sandbox, &old)).ends(1);
    assert!(ran.err().contains("or newer is needed, and this is rustc 1.63.0"), "{ran}");
    assert!(!ran.err().contains("is missing"), "{ran}");
}

#[test]
fn the_test_runner_names_the_packages_it_would_install() {
    let sandbox = Sandbox::new();
    let bin = machine_with(&sandbox, &[("cargo", ""), ("cc", ""), ("apt-get", "")]);
    let ran = run(&sandbox, "tests/run.sh", &bin).ends(1);
    assert!(ran.err().contains("sudo apt-get install git bsdutils"), "{ran}");
}
