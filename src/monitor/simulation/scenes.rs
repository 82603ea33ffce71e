//! Runs that are written out: each was a defect once.

use super::super::outside::End;
use super::ground::APART;
use super::run::Run;
use super::schedule::{Deed, Plea};
use super::script::{PushPlan, Sources};
use crate::base::Span;
use crate::standin::Recipe;

/// A noted push of a commit that takes this many seconds, lands and is shown here, and goes live.
fn push(commit: usize, takes: i64) -> PushPlan {
    PushPlan {
        branch: 0,
        worktree: 0,
        commit,
        is_noted: true,
        lands: true,
        is_shown_here: true,
        takes: Span::from_secs(takes),
        end: End::Regularly,
        heard_after: Span::from_secs(2),
        recipe: Recipe::live(),
        docs: Recipe::nothing(),
    }
}

/// All of it comes to pass, in seconds after the beginning, and no rule is broken.
fn holds(pushes: impl IntoIterator<Item = PushPlan>, deeds: impl IntoIterator<Item = (i64, Deed)>) {
    let run = Run::written(Sources::default(), pushes.into_iter().collect(), deeds);
    let (story, result) = run.tell();
    assert_eq!(result, Ok(()), "{}", story.join("\n"));
}

#[test]
fn a_push_that_landed_is_not_denied_for_another_of_its_commit_that_began_before_its_end() {
    holds([push(0, 100), push(0, 100)], [(10, Deed::Push(0)), (30, Deed::Push(1))]);
    // And if a monitor hears of both only when the first git is gone.
    let late = [(0, Deed::CutOff(true)), (10, Deed::Push(0)), (11, Deed::Sleep(Span::from_secs(200)))];
    holds([push(0, 100), push(0, 100)], late.into_iter().chain([(12, Deed::Push(1)), (300, Deed::CutOff(false))]));
}

#[test]
fn a_push_that_took_longer_than_an_hour_is_watched_once() {
    let deeds = || [(10, Deed::Push(0)), (4_100, Deed::Kill), (4_110, Deed::Visit)].into_iter();
    holds([push(0, 4_000)], deeds());
    holds([push(0, 4_000)], deeds().chain([(60, Deed::Plead(Plea::Stop(0)))]));
}

#[test]
fn a_push_whose_commit_was_deployed_long_before_git_ended_is_watched_once() {
    holds([push(2, 4_000), push(3, 4)], [(10, Deed::Push(0)), (20, Deed::Push(1)), (4_100, Deed::Visit)]);
}

#[test]
fn a_push_that_landed_is_not_denied_because_the_clock_was_put_back_meanwhile() {
    // Only the reflog tells that it landed: nothing is deployed, and the remote is asked when it has gone elsewhere.
    // This holds the rule and not one way to it: there is more than one.
    let [landing, away] = [push(3, 60), push(APART, 50)].map(|push| PushPlan { recipe: Recipe::nothing(), ..push });
    let deeds = [
        (10, Deed::Push(0)),
        (30, Deed::Jump(Span::from_secs(-300))),
        (40, Deed::Push(1)),
        (60, Deed::Deaf(true)),
        (100, Deed::Deaf(false)),
    ];
    holds([landing, away], deeds);
}

#[test]
fn what_failed_before_a_push_does_not_count_for_it_because_the_clock_was_put_ahead() {
    let failing = PushPlan { recipe: Recipe::failing_build(&["it does not build"]), ..push(0, 1) };
    let again = PushPlan { recipe: Recipe::nothing(), ..push(0, 1) };
    let deeds =
        [(10, Deed::Push(0)), (300, Deed::Push(1)), (600, Deed::Push(2)), (605, Deed::Jump(Span::from_secs(590)))];
    holds([failing, PushPlan { recipe: Recipe::nothing(), ..push(1, 1) }, again], deeds);
}

#[test]
fn a_push_that_was_noted_while_the_disk_was_full_is_watched_once() {
    let at_once = PushPlan { takes: Span::from_millis(1), ..push(0, 0) };
    let deeds = [(5, Deed::FullDisk(true)), (10, Deed::Push(0)), (90, Deed::FullDisk(false))];
    holds([at_once], deeds);
}

#[test]
fn a_verdict_that_there_was_no_room_for_is_told_once_there_is() {
    let deeds = [(5, Deed::NoRoom(true)), (10, Deed::Push(0)), (400, Deed::NoRoom(false))];
    holds([push(0, 5)], deeds);
}

#[test]
fn a_verdict_there_was_no_room_for_is_told_by_a_later_monitor_however_long_the_machine_slept() {
    let deeds = [
        (5, Deed::NoRoom(true)),
        (10, Deed::Push(0)),
        (400, Deed::Sleep(Span::from_hours(2))),
        (7_700, Deed::Terminate),
        (7_710, Deed::NoRoom(false)),
        (7_720, Deed::Visit),
    ];
    holds([push(0, 5)], deeds);
}

#[test]
fn a_verdict_the_disk_is_full_for_is_given_once_though_somebody_asks_for_a_look_meanwhile() {
    let deeds = [
        (20, Deed::FullDisk(true)),
        (10, Deed::Push(0)),
        (500, Deed::Plead(Plea::Refresh(0))),
        (700, Deed::FullDisk(false)),
    ];
    holds([push(0, 5)], deeds);
}

#[test]
fn a_request_that_many_monitors_find_the_disk_full_for_is_not_given_up() {
    let visits = (20..100).step_by(10).map(|at| (at, Deed::Visit));
    let deeds = [(0, Deed::FullDisk(true)), (10, Deed::Push(0)), (110, Deed::FullDisk(false))];
    holds([push(0, 5)], deeds.into_iter().chain(visits));
}

#[test]
fn a_monitor_that_is_killed_at_any_place_it_passes_loses_nothing_and_leaves_no_stale_file() {
    for places in 0..60 {
        let mut run = Run::written(Sources::default(), vec![push(0, 5)], [(10, Deed::Push(0))]);
        run.killed_first_after = Some(places);
        let (story, result) = run.tell();
        assert_eq!(result, Ok(()), "killed at the place after {places}\n{}", story.join("\n"));
    }
}
