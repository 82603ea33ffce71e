//! Asking a remote: the answer, its absence, and not being able to ask.

use crate::support::write_program;
use std::fs;
use std::net::TcpListener;

use afterpush::base::Span;
use afterpush::host::git::{GitError, ls_remote};
use afterpush::push::RefName;

use super::layouts::{Layout, Place};

const PATIENCE: Span = Span::from_secs(30);

fn main_branch() -> RefName {
    RefName::of_branch("main")
}

#[test]
fn a_remote_says_what_a_ref_is_at_or_that_there_is_none() {
    for layout in [Layout::Files, Layout::ReftableSha256, Layout::Bare, Layout::LinkedWorktree, Layout::Shallow] {
        let place = Place::new(layout);
        let common = place.discover().common_dir().to_path_buf();
        let expected = place.git(&["ls-remote", "origin", "refs/heads/main"]);
        let url = place.git(&["config", "remote.origin.url"]);
        for remote in ["origin", &url] {
            let found = ls_remote(&common, &common, remote, &main_branch(), PATIENCE).expect("asked");
            assert_eq!(found.map(|id| id.to_string()).as_deref(), expected.split('\t').next(), "{place}");
        }
        for absent in ["refs/heads/none", "main", "heads/main"] {
            let found = ls_remote(&common, &common, "origin", &RefName::new(absent), PATIENCE).expect("asked");
            assert_eq!(found, None, "{place}: {absent}");
        }
    }
}

#[test]
fn a_remote_that_cannot_be_asked_says_why_without_the_password() {
    let place = Place::new(Layout::Files);
    let common = place.discover().common_dir().to_path_buf();
    let refused = |remote: &str| match ls_remote(&common, &common, remote, &main_branch(), PATIENCE) {
        Err(GitError::Refused(words)) => words,
        other => panic!("{remote}: {other:?}"),
    };
    assert!(refused("../none.git").contains("none.git' does not appear to be a git repository"));
    assert!(refused("--upload-pack=touch x").contains("is not a remote"));
    assert!(refused("ext::touch x").contains("'ext' not allowed"));
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let words = refused(&format!("http://bob:s3cret@127.0.0.1:{port}/a.git"));
    assert!(words.contains("127.0.0.1") && !words.contains("s3cret"), "{words}");
}

#[test]
fn ssh_is_called_so_that_it_cannot_ask() {
    let place = Place::new(Layout::Files);
    let common = place.discover().common_dir().to_path_buf();
    let (ssh, told) = (place.dir().join("ssh"), place.dir().join("told"));
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$@\" \"askpass=$GIT_ASKPASS,$GIT_TERMINAL_PROMPT\" > '{}'\necho 'ada@host: Permission denied (publickey).' >&2\nexit 255\n",
        told.display()
    );
    write_program(&ssh, &script);
    place.git(&["config", "core.sshCommand", &format!("{} -i key", ssh.display())]);
    let error = ls_remote(&common, &common, "ssh://ada@host/a.git", &main_branch(), PATIENCE).expect_err("refused");
    assert_eq!(error.to_string(), "ada@host: Permission denied (publickey).");
    let told = fs::read_to_string(told).expect("called");
    assert!(told.starts_with("-i\nkey\n-o\nBatchMode=yes\n"), "{told}");
    assert!(told.contains("askpass=,0\n"), "{told}");
}

#[test]
fn a_remote_that_never_answers_is_given_up() {
    let place = Place::new(Layout::Files);
    let common = place.discover().common_dir().to_path_buf();
    // A server that takes the connection and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let url = format!("git://127.0.0.1:{port}/a.git");
    let error = ls_remote(&common, &common, &url, &main_branch(), Span::from_secs(1)).expect_err("no answer");
    assert!(matches!(error, GitError::TimedOut(1)), "{error:?}");
}
