//! What of all the files may be thrown away. Only names that afterpush itself makes are ever chosen.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::mirror;
use crate::base::{Span, Timestamp};
use crate::push::Sha;

/// A name afterpush makes, and what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name<'a> {
    /// `<sha>.json`, `<sha>.log`, `<sha>-<target>.log`: the commit's digits.
    OfCommit(&'a str),
    /// A new content that was never renamed into place.
    Leftover,
    /// A file of the mirror: the commit's first seven digits.
    Mirror(mirror::File, &'a str),
}

/// What is kept whatever its age.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Living(BTreeSet<String>);

/// How old things must be to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age {
    /// Now.
    pub now: Timestamp,
    /// Documents, timelines and logs go when they have not changed for this long.
    pub keep: Span,
}

/// A leftover that old has no writer any more: writing takes milliseconds, and one that is found gone only makes
/// its writer try again.
const LEFTOVER: Span = Span::from_hours(1);

impl Living {
    /// The commits that live in the store.
    pub fn new<'a>(shas: impl IntoIterator<Item = &'a Sha>) -> Self {
        Self(shas.into_iter().map(|sha| sha.as_str().to_owned()).collect())
    }

    fn holds(&self, digits: &str) -> bool {
        self.0.contains(digits)
    }

    fn holds_beginning(&self, digits: &str) -> bool {
        self.0.range(digits.to_owned()..).next().is_some_and(|sha| sha.starts_with(digits))
    }
}

/// Reads a name in the folder of status files or of logs, or in the worktree's root; `None`: it is not ours.
pub fn read_name(name: &str) -> Option<Name<'_>> {
    if let Some((file, short)) = mirror::read_name(name) {
        return Some(Name::Mirror(file, short));
    }
    if let Some(rest) = name.strip_prefix('.') {
        return is_leftover(rest).then_some(Name::Leftover);
    }
    let digits = name.find(|c: char| !matches!(c, '0'..='9' | 'a'..='f')).unwrap_or(name.len());
    let (sha, rest) = name.split_at(digits);
    let is_target_log = || {
        let target = rest.strip_prefix('-')?.strip_suffix(".log")?;
        (!target.is_empty()).then_some(())
    };
    let known = rest == ".json" || rest == ".log" || is_target_log().is_some();
    (matches!(sha.len(), 40 | 64) && known).then_some(Name::OfCommit(sha))
}

/// `<name>.<pid>.<32 hex>`, where the name is one of ours or `latest.json`.
fn is_leftover(rest: &str) -> bool {
    let Some((rest, unique)) = rest.rsplit_once('.') else { return false };
    let Some((name, pid)) = rest.rsplit_once('.') else { return false };
    let is_unique = unique.len() == 32 && unique.bytes().all(|b| b.is_ascii_hexdigit());
    let is_pid = !pid.is_empty() && pid.bytes().all(|b| b.is_ascii_digit());
    is_unique && is_pid && (name == "latest.json" || read_name(name).is_some())
}

/// Whether a file with this name that last changed then may go.
pub fn may_go(name: &Name<'_>, modified: Timestamp, living: &Living, age: Age) -> bool {
    let is_older = |span| age.now.since(modified) > span;
    match name {
        Name::OfCommit(sha) => is_older(age.keep) && !living.holds(sha),
        Name::Leftover => is_older(LEFTOVER),
        // Its monitor is gone; nothing in it is worth keeping.
        Name::Mirror(mirror::File::Pid, short) => is_older(LEFTOVER) && !living.holds_beginning(short),
        Name::Mirror(_, short) => is_older(age.keep) && !living.holds_beginning(short),
    }
}

/// What the clocks said at the last automatic collection; kept in the store as a note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockNote {
    wall: Timestamp,
    since_boot: Span,
    boot: String,
    /// So much time, seen to pass, is missing until the time of day is believed.
    #[serde(default)]
    doubted: Span,
}

/// How far the time of day may run away from the time that was seen to pass. More may be a clock that is wrong, or a
/// machine that was off.
const DRIFT: Span = Span::from_hours(24);
/// How much time has to be seen to pass until a strange time of day is believed.
const BELIEVED_AFTER: Span = Span::from_hours(24);

impl ClockNote {
    /// Whether the time of day can be trusted to judge ages by, and the note for the next time. A clock that went back
    /// or jumped ahead is doubted until a day has been seen to pass by it.
    pub fn judge(last: Option<&Self>, wall: Timestamp, since_boot: Span, boot: &str) -> (bool, Self) {
        let note = |doubted| Self { wall, since_boot, boot: boot.to_owned(), doubted };
        let Some(last) = last else { return (true, note(Span::ZERO)) };
        let passed = wall.since(last.wall);
        // Since the machine was started anew at least the time since then has passed.
        let is_same_boot = last.boot == boot;
        let seen = if is_same_boot { since_boot - last.since_boot } else { since_boot };
        let drift = passed - seen;
        let went_back = if is_same_boot { Span::ZERO - drift > DRIFT } else { passed < Span::ZERO };
        if went_back || drift > DRIFT {
            return (false, note(BELIEVED_AFTER));
        }
        let doubted = (last.doubted - seen).max(Span::ZERO);
        (doubted == Span::ZERO, note(doubted))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sha() -> Sha {
        "a1b2c3d4e5f60718293a4b5c6d7e8f9001122334".parse().expect("an object id")
    }

    fn age() -> Age {
        Age { now: Timestamp::from_secs(1_790_000_000), keep: Span::from_hours(7 * 24) }
    }

    fn go(name: &str, hours: i64, living: &Living) -> bool {
        let modified = age().now - Span::from_hours(hours);
        read_name(name).is_some_and(|known| may_go(&known, modified, living, age()))
    }

    #[test]
    fn old_files_of_commits_nobody_watches_go() {
        let (sha, long) = (sha().to_string(), "ab".repeat(32));
        for name in [
            format!("{sha}.json"),
            format!("{sha}.log"),
            format!("{sha}-web.log"),
            format!("{long}-a-b.log"),
            ".deployment-status-a1b2c3d.log".to_owned(),
            ".deployment-status-a1b2c3d.result".to_owned(),
        ] {
            assert!(go(&name, 169, &Living::default()), "{name}");
            assert!(!go(&name, 167, &Living::default()) && !go(&name, -1000, &Living::default()), "{name}");
        }
    }

    #[test]
    fn what_lives_stays_whatever_its_age() {
        let living = Living::new([&sha()]);
        let sha = sha().to_string();
        let mirror = [".deployment-status-a1b2c3d.log", ".deployment-monitor-a1b2c3d.pid"].map(str::to_owned);
        for name in [format!("{sha}.json"), format!("{sha}-web.log")].iter().chain(&mirror) {
            assert!(!go(name, 100_000, &living), "{name}");
        }
        assert!(go(&format!("{}.json", "b".repeat(40)), 169, &living));
        assert!(go(".deployment-status-a1b2c3e.log", 169, &living));
    }

    #[test]
    fn leftovers_and_dead_pids_go_after_an_hour() {
        let leftover = format!(".{}.json.4711.{}", sha(), "0".repeat(32));
        let latest = format!(".latest.json.4711.{}", "0".repeat(32));
        let mirror = format!("..deployment-status-a1b2c3d.log.4711.{}", "0".repeat(32));
        for name in [leftover.as_str(), &latest, &mirror, ".deployment-monitor-a1b2c3d.pid"] {
            assert!(go(name, 2, &Living::default()) && !go(name, 0, &Living::default()), "{name}");
        }
    }

    #[test]
    fn foreign_names_are_never_ours() {
        let sha = sha().to_string();
        let upper = sha.to_uppercase();
        for name in [
            "latest.json",
            "README.md",
            ".gitignore",
            "",
            ".",
            "..",
            ".deployment-status-main.log",
            ".deployment-status-a1b2c3d.log.bak",
            &format!("{sha}.json.aside-1"),
            &format!("{sha}.toml"),
            &format!("{sha}-.log"),
            &format!("{upper}.json"),
            &format!("{}.json", &sha[1..]),
            &format!("{sha}0.json"),
            &format!(".{sha}.json"),
            &format!(".README.md.4711.{}", "0".repeat(32)),
        ] {
            assert_eq!(read_name(name), None, "{name}");
        }
    }

    fn judge(last: &ClockNote, hours: i64, up: i64, boot: &str) -> (bool, ClockNote) {
        let wall = Timestamp::from_secs(1_790_000_000) + Span::from_hours(hours);
        ClockNote::judge(Some(last), wall, Span::from_hours(up), boot)
    }

    /// What is noted of a clock that has proven right, at hour 0, an hour after the boot `boot`.
    fn proven() -> ClockNote {
        let wall = Timestamp::from_secs(1_790_000_000);
        ClockNote { wall, since_boot: Span::from_hours(1), boot: "boot".to_owned(), doubted: Span::ZERO }
    }

    #[test]
    fn a_clock_that_jumps_is_doubted_for_a_day() {
        let first = proven();
        assert!(ClockNote::judge(None, first.wall, first.since_boot, "boot").0, "nothing speaks against it");
        assert!(judge(&first, 5, 6, "boot").0, "both clocks moved alike");
        assert!(judge(&first, 20, 1, "next").0, "a night switched off");
        assert!(!judge(&first, -1, 1, "next").0 && !judge(&first, 10_000, 1, "next").0);
        assert!(!judge(&first, 6 * 24, 1, "next").0, "what was written an hour ago would seem a week old tomorrow");
        let (trusted, jumped) = judge(&first, 8_760, 2, "boot");
        assert!(!trusted, "a year ahead within an hour");
        let (trusted, still) = judge(&jumped, 8_761, 3, "boot");
        assert!(!trusted, "an hour later it is still doubted");
        assert!(judge(&still, 8_785, 27, "boot").0, "a day later it is believed");
        assert!(!judge(&still, 2, 4, "boot").0, "back again is a jump, too");
    }

    #[test]
    fn a_clock_that_was_wrong_is_not_believed_for_a_restart() {
        let (trusted, ahead) = judge(&proven(), 8_760, 0, "next");
        assert!(!trusted, "a year ahead");
        let (trusted, again) = judge(&ahead, 8_761, 0, "one more");
        assert!(!trusted, "nothing has shown that it is right");
        let (trusted, later) = judge(&again, 8_773, 12, "one more");
        assert!(!trusted, "half a day");
        assert!(judge(&later, 8_795, 12, "the last").0, "and another half, with a night between");
    }

    proptest! {
        #[test]
        fn only_our_own_names_are_chosen(name in any::<String>(), hours in 0i64..100_000) {
            // Nothing a person would think of has forty digits or a mirror's name.
            prop_assume!(!name.starts_with(".deployment-"));
            prop_assert!(!go(&name, hours, &Living::default()));
        }

        #[test]
        fn reading_names_never_panics(name in "[.a-f0-9-]{0,90}(json|log|pid)?") {
            if let Some(Name::OfCommit(sha)) = read_name(&name) {
                prop_assert!(name.starts_with(sha) && (sha.len() == 40 || sha.len() == 64));
            }
        }
    }
}
