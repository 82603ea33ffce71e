//! The hook and the monitor it starts: a stand-in that shows how it was started, or holds the lock as one does.

use std::fs;

use afterpush::base::Timestamp;
use afterpush::base::variables::is_passed_on;
use afterpush::process::{Alone, Holdings, Identity, MonitorFile};

use crate::support::hooked::Hooked;
use crate::support::{Ran, until};

/// Writes down how it was started.
const WITNESS: &str = r#"#!/bin/sh
seen=${0%/*}/seen
ls -l /proc/$$/fd > "$seen.open"
{
    echo "arguments $*"
    echo "folder $(pwd)"
    echo "session $(cut -d' ' -f6 /proc/$$/stat) of $$"
    env | sed 's/^/variable /'
    tr '\0' '\n' < /proc/self/fd/$AFTERPUSH_ENVIRONMENT | sed 's/^/handed /'
    sed -n 's/.* \([0-9]*\) -> /open \1 /p' "$seen.open"
} > "$seen.tmp"
mv "$seen.tmp" "$seen"
"#;

/// Takes the lock as a monitor does, says so, and stays until it is told to leave.
const HOLDER: &str = r#"#!/bin/sh
exec 9>>"$3/monitor.lock"
flock -n 9 || exit 0
echo $$ >> "${0%/*}/holders"
for i in $(seq 6000); do
    [ ! -e "${0%/*}/leave" ] || exit 0
    sleep 0.01
done
"#;

fn alone(hooked: &Hooked) -> bool {
    Alone::try_take(&hooked.sandbox.layout()).expect("a lock file").is_some()
}

/// A new commit is pushed by this shell line.
#[track_caller]
fn push_by(hooked: &Hooked, line: &str) -> Ran {
    hooked.sandbox.commit("another");
    let mut command = hooked.command("sh", &["-c", line]);
    command.env("DIGITALOCEAN_TOKEN", "dop_v1_secret").env("GIT_EDITOR", "vi").env("SSH_AUTH_SOCK", "/agent");
    command.env("GIT_SSH_COMMAND", "ssh -i key").env("XDG_MINE", "a secret").env("https_proxy", "http://a:secret@b");
    Ran::of(&mut command).ends(0)
}

#[test]
fn a_monitor_has_nothing_of_its_caller_but_what_it_is_handed() {
    let hooked = Hooked::new();
    hooked.stand_in(WITNESS);
    push_by(&hooked, "exec 7>&1 9>&2; git -c foo.bar=1 push --quiet");
    let seen = hooked.written("seen");
    let of = |kind: &str| seen.lines().filter_map(|line| line.strip_prefix(kind)).collect::<Vec<_>>();
    let state = hooked.sandbox.layout().private().display().to_string();
    assert_eq!(of("arguments "), [format!("daemon --state {state}")]);
    assert_eq!(of("folder "), ["/"]);
    let (session, pid) = of("session ")[0].split_once(" of ").expect("two numbers");
    assert_eq!(session, pid, "it leads a session of its own");
    for line in of("variable ").into_iter().filter(|line| !line.starts_with("AFTERPUSH_ENVIRONMENT=")) {
        let name = line.split('=').next().unwrap_or_default();
        assert!(is_passed_on(name) || ["PWD", "SHLVL", "_", "AFTERPUSH_FAILPOINTS"].contains(&name), "{line}");
        assert!(!line.contains("secret"), "{line}");
    }
    // The user's own word to git goes with it, and what this call of git is about does not.
    for kept in ["SSH_AUTH_SOCK=/agent", "GIT_SSH_COMMAND=ssh -i key"] {
        assert!(of("variable ").contains(&kept), "{seen}");
    }
    assert!(of("handed ").contains(&"DIGITALOCEAN_TOKEN=dop_v1_secret"), "{seen}");
    let open = of("open ");
    for stream in ["0 /dev/null", "2 /dev/null"] {
        assert!(open.contains(&stream), "{seen}");
    }
    assert!(!open.iter().any(|line| line.contains("pipe:") || line.contains("socket:")), "{seen}");
}

#[test]
fn captured_output_ends_with_the_push_not_with_the_monitor() {
    let hooked = Hooked::new();
    hooked.stand_in(HOLDER);
    for line in ["out=$(git push 2>&1); echo \"$out\"", "git push 2>&1 | cat", "exec 3>&1 9>&2; git push"] {
        push_by(&hooked, line);
        hooked.written("holders");
        assert!(!alone(&hooked), "the push returned while the monitor goes on");
    }
    assert_eq!(hooked.written("holders").lines().count(), 1);
    fs::write(hooked.bin().join("leave"), "").expect("written");
    until("the stand-in leaves", || alone(&hooked).then_some(()));
}

#[test]
fn the_monitor_outlives_the_group_that_pushed() {
    let hooked = Hooked::new();
    hooked.stand_in(HOLDER);
    hooked.sandbox.commit("another");
    let line = "git push --quiet; until [ -e ../bin/holders ]; do sleep 0.01; done; kill -9 0";
    let ran = Ran::of(&mut hooked.command("setsid", &["-w", "sh", "-c", line]));
    assert_ne!(ran.code(), Some(0), "the group is dead");
    assert!(!alone(&hooked), "the monitor is not");
    fs::write(hooked.bin().join("leave"), "").expect("written");
    until("the stand-in leaves", || alone(&hooked).then_some(()));
}

#[test]
fn a_hundred_hooks_at_once_leave_a_hundred_requests_and_one_monitor() {
    let hooked = Hooked::new();
    hooked.stand_in(HOLDER);
    let sha = hooked.sandbox.commit("two");
    let script = "for i in $(seq 100); do echo \"refs/heads/main $1 refs/heads/b$i $2\" | \
                  .git/hooks/pre-push origin url 2>>\"../said$i\" & done; wait";
    Ran::of(&mut hooked.command("sh", &["-c", script, "sh", &sha, &"0".repeat(40)])).ends(0);
    // A hook whose worker was slower than its limit leaves its request later.
    until("all are noted", || (hooked.requests().len() == 100).then_some(()));
    hooked.written("holders");
    until("the others have left", || (hooked.sandbox.processes().len() == 1).then_some(()));
    assert_eq!(hooked.written("holders").lines().count(), 1);
    assert!(!alone(&hooked));
    fs::write(hooked.bin().join("leave"), "").expect("written");
    until("the stand-in leaves", || alone(&hooked).then_some(()));
}

#[test]
fn where_no_monitor_is_wanted_the_request_is_left_alone() {
    let hooked = Hooked::new();
    hooked.stand_in("#!/bin/sh\necho started >> \"${0%/*}/started\"\n");
    for (variable, value, said) in [
        ("GITHUB_ACTIONS", "true", "afterpush wait"),
        ("GITLAB_CI", "true", "afterpush wait"),
        ("AFTERPUSH_SPAWN", "0", "noted"),
    ] {
        hooked.sandbox.commit("another");
        let ran = Ran::of(hooked.command("git", &["push", "--quiet"]).env(variable, value)).ends(0);
        assert!(ran.err().contains(said), "{ran}");
    }
    assert_eq!(hooked.requests().len(), 3);
    assert!(!hooked.bin().join("started").exists());
    hooked.sandbox.commit("another");
    let mut push = hooked.command("git", &["push", "--quiet"]);
    Ran::of(push.env("GITHUB_ACTIONS", "true").env("AFTERPUSH_SPAWN", "1")).ends(0);
    hooked.written("started");
    hooked.sandbox.commit("another");
    Ran::of(hooked.command("git", &["push", "--quiet"]).env("CI", "true")).ends(0);
    until("CI alone is no runner", || (hooked.written("started").lines().count() == 2).then_some(()));
}

#[test]
fn a_monitor_without_the_callers_credentials_is_taken_over_from() {
    let hooked = Hooked::new();
    hooked.stand_in("#!/bin/sh\necho \"$*\" >> \"${0%/*}/started\"\n");
    let layout = hooked.sandbox.layout();
    afterpush::spool::prepare(&layout).expect("prepared");
    let held = Alone::try_take(&layout).expect("a lock file").expect("free");
    let wanted = vec!["DIGITALOCEAN_TOKEN".to_owned(), "OTHER_TOKEN".to_owned()];
    let pretend = |token: Option<&str>| {
        let environment: Vec<_> = token.map(|token| (wanted[0].clone(), token.to_owned())).into_iter().collect();
        let identity = Identity::own(&layout, Timestamp::default());
        let holdings = Holdings::of(wanted.clone(), |_| true, &environment);
        let file = MonitorFile { identity, proto: 1, holdings, lost: Vec::new() };
        fs::write(layout.monitor(), serde_json::to_vec(&file).expect("serializable")).expect("written");
    };
    pretend(Some("dop_v1_secret"));
    push_by(&hooked, "git push --quiet");
    hooked.sandbox.commit("another");
    Ran::of(&mut hooked.command("git", &["push", "--quiet"])).ends(0);
    assert!(!hooked.bin().join("started").exists(), "the same token, or none, is no reason");
    for (pushes, held_token) in [(1, None), (2, Some("an older one"))] {
        pretend(held_token);
        push_by(&hooked, "git push --quiet");
        until("it is started", || (hooked.written("started").lines().count() == pushes).then_some(()));
    }
    assert!(hooked.written("started").lines().all(|line| line.ends_with("--take-over")));
    drop(held);
}

#[test]
fn a_missing_program_is_told_and_the_request_stays() {
    let hooked = Hooked::new();
    fs::remove_file(hooked.bin().join("afterpush")).expect("there was one");
    let ran = push_by(&hooked, "git push --quiet");
    assert!(ran.err().contains("neither beside afterpush-hook nor in PATH"), "{ran}");
    hooked.stand_in("#!/no/such/interpreter\n");
    let ran = push_by(&hooked, "git push --quiet");
    assert!(ran.err().contains("no monitor could be started"), "{ran}");
    assert_eq!(hooked.requests().len(), 2);
}
