//! What happens in a run: pushes, what becomes of them, and what goes wrong meanwhile; all of it drawn from the seed.

use std::collections::BTreeMap;

use super::super::keeper::{Errand, Happening};
use super::super::outside::End;
use super::ground::APART;
use super::random::Random;
use crate::base::Span;
use crate::standin::{Recipe, Stage, Trouble};

/// Something happens in the world, or to the monitor.
#[derive(Debug)]
pub(super) enum Deed {
    /// A push begins: its hook runs.
    Push(usize),
    /// The git of a push ends; the remote has taken the push or not.
    GitEnds(usize),
    /// The provider hears of a push.
    Deploy(usize),
    /// Every deployment goes on by a stage.
    Progress,
    /// Somebody runs a command, which makes sure that a monitor runs.
    Visit,
    /// A monitor that was summoned begins.
    Begin,
    /// The monitor is killed.
    Kill,
    /// It is asked to end.
    Terminate,
    /// The machine sleeps.
    Sleep(Span),
    /// The machine's clock is set.
    Jump(Span),
    /// Questions get through, or do not.
    CutOff(bool),
    /// The remote answers questions, or does not.
    Deaf(bool),
    /// The provider answers so many questions with this.
    Trouble(Trouble, u32),
    /// The disk is full, or not any more.
    FullDisk(bool),
    /// An errand of the monitor gets its answer.
    Errand(Box<Errand>),
    /// The monitor hears what came of it.
    Hear(Box<Happening>),
    /// The pause of this number is over.
    PauseEnds(u32),
}

impl Deed {
    /// It needs a machine that is awake.
    pub(super) const fn is_of_the_machine(&self) -> bool {
        !matches!(self, Self::Deploy(_) | Self::Progress | Self::CutOff(_) | Self::Deaf(_) | Self::Trouble(..))
    }

    /// Whatever it is for ends with the monitor.
    pub(super) const fn is_of_a_monitor(&self) -> bool {
        matches!(self, Self::Errand(..) | Self::Hear(..) | Self::PauseEnds(..))
    }
}

/// A push as it will go.
#[derive(Clone, Debug)]
pub(super) struct PushPlan {
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
}

/// What is to happen, in order; of what happens at the same moment the first that was entered comes first.
#[derive(Default)]
pub(super) struct Schedule {
    deeds: BTreeMap<(Span, u64), Deed>,
    entered: u64,
}

impl Schedule {
    pub(super) fn enter(&mut self, at: Span, deed: Deed) {
        self.entered += 1;
        self.deeds.insert((at, self.entered), deed);
    }

    pub(super) fn next(&mut self) -> Option<(Span, Deed)> {
        let ((at, _), deed) = self.deeds.pop_first()?;
        Some((at, deed))
    }

    /// The next one that comes before this moment.
    pub(super) fn next_before(&mut self, end: Span) -> Option<(Span, Deed)> {
        let ((at, _), _) = self.deeds.first_key_value()?;
        if *at < end { self.next() } else { None }
    }

    /// Something is still to come but progress and visits.
    pub(super) fn is_eventful(&self) -> bool {
        self.deeds.values().any(|deed| !matches!(deed, Deed::Progress | Deed::Visit))
    }

    /// Forgets what was only for a monitor that is gone.
    pub(super) fn forget_monitor(&mut self) {
        self.deeds.retain(|_, deed| !deed.is_of_a_monitor());
    }

    /// Brings a push that was to come later forward.
    pub(super) fn take_next_push(&mut self) -> Option<usize> {
        let key = *self.deeds.iter().find(|(_, deed)| matches!(deed, Deed::Push(_)))?.0;
        match self.deeds.remove(&key) {
            Some(Deed::Push(number)) => Some(number),
            _ => None,
        }
    }
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

/// What goes wrong within this time.
pub(super) fn faults(random: &mut Random, within: Span, schedule: &mut Schedule) {
    let count = random.below(8);
    for _ in 0..count {
        let at = random.between(Span::ZERO, within);
        let until = at + if random.percent(70) { random.seconds(1, 90) } else { random.seconds(60, 900) };
        match random.below(9) {
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
            _ => {
                schedule.enter(at, Deed::FullDisk(true));
                schedule.enter(until, Deed::FullDisk(false));
            }
        }
    }
}
