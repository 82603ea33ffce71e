//! What is to happen in a run, drawn from its seed: pushes, what becomes of them, and what goes wrong meanwhile.

use super::super::outside::End;
use super::ground::APART;
use super::random::Random;
use super::schedule::{Deed, Plea, Schedule};
use crate::base::Span;
use crate::standin::{Recipe, Stage, Trouble};

/// What a target is asked besides its provider.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sources {
    /// The endpoints of the running service.
    pub(super) has_service: bool,
    /// The team's deployments table.
    pub(super) has_table: bool,
    /// A second target on the main branch, of another kind of provider.
    pub(super) has_docs: bool,
}

/// A push as it will go.
#[derive(Clone, Debug)]
pub(super) struct PushPlan {
    /// Which of the branches.
    pub(super) branch: usize,
    /// Which of the worktrees it is made from.
    pub(super) worktree: usize,
    pub(super) commit: usize,
    /// The hook notes it.
    pub(super) is_noted: bool,
    /// The remote takes it.
    pub(super) lands: bool,
    /// This clone hears that it did.
    pub(super) is_shown_here: bool,
    /// How long git works.
    pub(super) takes: Span,
    pub(super) end: End,
    /// How long after that the provider hears of it.
    pub(super) heard_after: Span,
    pub(super) recipe: Recipe,
    /// What becomes of it at the second target.
    pub(super) docs: Recipe,
}

/// The pushes of a run.
pub(super) fn pushes(random: &mut Random) -> Vec<PushPlan> {
    let count = 1 + random.below(4);
    let mut commit = 0;
    let mut pushes = Vec::new();
    for _ in 0..count {
        commit = match random.below(10) {
            0 => APART,
            // Back to an older one, or the same once more.
            1 | 2 => usize::try_from(random.below(4)).unwrap_or(0),
            _ if commit == APART => 2,
            _ => (commit + 1 + usize::try_from(random.below(2)).unwrap_or(0)).min(APART - 1),
        };
        let lands = random.percent(90);
        pushes.push(PushPlan {
            branch: if random.percent(75) { 0 } else { 1 + usize::try_from(random.below(2)).unwrap_or(0) },
            worktree: usize::try_from(random.below(3)).unwrap_or(0),
            commit,
            is_noted: random.percent(93),
            lands,
            is_shown_here: random.percent(90),
            takes: if random.percent(50) { random.seconds(0, 5) } else { random.seconds(0, 300) },
            end: if lands {
                random.pick(&[End::Regularly, End::Regularly, End::Early, End::Somehow])
            } else {
                End::Regularly
            },
            heard_after: if random.percent(80) { random.seconds(0, 20) } else { random.seconds(0, 400) },
            recipe: recipe(random),
            docs: recipe(random),
        });
    }
    pushes
}

fn recipe(random: &mut Random) -> Recipe {
    let log = ["it does not build"];
    match random.below(12) {
        0 => Recipe::nothing(),
        1 | 2 => Recipe::failing_build(&log),
        3 => Recipe::failing_deploy(&log),
        4 => Recipe::live_without_build(),
        5 => Recipe::of([Stage::PendingBuild, Stage::Building, Stage::Canceled]),
        6 => Recipe::live().late(u32::try_from(random.below(6)).unwrap_or(0)),
        _ => Recipe::live(),
    }
}

/// What users ask of the monitor within this time.
pub(super) fn pleas(random: &mut Random, within: Span, schedule: &mut Schedule) {
    if !random.percent(50) {
        return;
    }
    for _ in 0..=random.below(4) {
        let commit = usize::try_from(random.below(4)).unwrap_or(0);
        let plea = match random.below(8) {
            0 => Plea::Stop(commit),
            1 => Plea::Track(commit),
            2 | 3 => Plea::Refresh(commit),
            4 | 5 => Plea::Again,
            _ => Plea::Leave,
        };
        schedule.enter(random.between(Span::from_secs(100), within), Deed::Plead(plea));
    }
}

/// What goes wrong within this time.
pub(super) fn faults(random: &mut Random, within: Span, schedule: &mut Schedule) {
    let count = random.below(8);
    for _ in 0..count {
        let at = random.between(Span::ZERO, within);
        let until = at + if random.percent(70) { random.seconds(1, 90) } else { random.seconds(60, 600) };
        match random.below(12) {
            0 | 1 => schedule.enter(at, Deed::Kill),
            2 => schedule.enter(at, Deed::Terminate),
            3 => schedule.enter(at, Deed::Sleep(random.seconds(20, 7200))),
            4 => schedule.enter(at, Deed::Jump(random.seconds(-600, 600))),
            5 => {
                schedule.enter(at, Deed::CutOff(true));
                schedule.enter(until, Deed::CutOff(false));
            }
            6 => {
                schedule.enter(at, Deed::Deaf(true));
                schedule.enter(until, Deed::Deaf(false));
            }
            7 => {
                let trouble = random.pick(&[
                    Trouble::Unauthorized,
                    Trouble::Forbidden,
                    Trouble::NotFound,
                    Trouble::Throttled("7".to_owned()),
                    Trouble::Down,
                    Trouble::Html,
                    Trouble::Torn,
                ]);
                schedule.enter(at, Deed::Trouble(trouble, 1 + u32::try_from(random.below(6)).unwrap_or(0)));
            }
            8 => {
                schedule.enter(at, Deed::Ill(true));
                schedule.enter(until, Deed::Ill(false));
            }
            9 => {
                schedule.enter(at, Deed::DocsDown(true));
                schedule.enter(until, Deed::DocsDown(false));
            }
            10 => {
                schedule.enter(at, Deed::NoRoom(true));
                schedule.enter(until, Deed::NoRoom(false));
            }
            _ => {
                schedule.enter(at, Deed::FullDisk(true));
                schedule.enter(until, Deed::FullDisk(false));
            }
        }
    }
}
