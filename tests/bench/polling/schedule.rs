//! The schedules that compete, and how each fares with a deployment.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use afterpush::base::Span;
use afterpush::insight::{Habits, Stage};

use super::truth::Run;

/// A way to wait.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Schedule {
    /// Always so many seconds.
    Fixed(f64),
    /// 3 s, then twice as long each time, 2 minutes at most.
    Doubling,
    /// Ours, with the deployment as one stage.
    Ours(Knowledge),
    /// Ours, with the stages; whether the provider tells when one began, or we know only since when we saw it.
    Staged(Knowledge, bool),
}

/// What our schedule knows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Knowledge {
    /// Nothing.
    Nothing,
    /// The distribution: as many lengths as are remembered, evenly from all.
    All,
    /// So many past deployments.
    Learned(usize),
}

impl Schedule {
    /// Every row of a table.
    pub const ALL: [Self; 14] = [
        Self::Fixed(3.0),
        Self::Fixed(5.0),
        Self::Fixed(10.0),
        Self::Fixed(30.0),
        Self::Doubling,
        Self::Ours(Knowledge::Nothing),
        Self::Ours(Knowledge::Learned(3)),
        Self::Ours(Knowledge::Learned(10)),
        Self::Ours(Knowledge::Learned(30)),
        Self::Ours(Knowledge::All),
        Self::Staged(Knowledge::Nothing, false),
        Self::Staged(Knowledge::Learned(10), false),
        Self::Staged(Knowledge::Learned(30), false),
        Self::Staged(Knowledge::Learned(30), true),
    ];

    /// What it knows of the past, if it is ours.
    pub fn knowledge(self) -> Knowledge {
        match self {
            Self::Fixed(_) | Self::Doubling => Knowledge::Nothing,
            Self::Ours(knowledge) | Self::Staged(knowledge, _) => knowledge,
        }
    }

    /// Whether it looks at the stages.
    pub fn is_staged(self) -> bool {
        matches!(self, Self::Staged(..))
    }
}

/// A schedule at work, with what it has learned.
pub struct Watcher {
    schedule: Schedule,
    habits: Habits,
    /// Pauses worked out before, by the stage and the time in it.
    gaps: RefCell<HashMap<(Stage, Span), f64>>,
}

impl Watcher {
    pub fn new(schedule: Schedule, habits: Habits) -> Self {
        Self { schedule, habits, gaps: RefCell::default() }
    }

    /// Follows a deployment to its end: by how much the end was seen late, and after how many looks.
    pub fn follow(&self, run: &Run) -> (f64, f64) {
        let (mut time, mut looks) = (0.0, 0.0);
        let mut seen = (Stage::Registering, 0.0);
        let is_told = matches!(self.schedule, Schedule::Staged(_, true));
        while time < run.end {
            let (stage, began) = stage_at(run, time);
            if stage != seen.0 {
                seen = (stage, if is_told { began } else { time });
            }
            time += match self.schedule {
                Schedule::Fixed(pause) => pause,
                Schedule::Doubling => (3.0 * f64::powf(2.0, looks)).min(120.0),
                Schedule::Ours(_) => self.gap(Stage::Building, time),
                // Providers tell whole seconds.
                Schedule::Staged(..) => self.gap(seen.0, (time - seen.1).max(0.0).floor()),
            };
            looks += 1.0;
        }
        (time - run.end, looks)
    }

    fn gap(&self, stage: Stage, in_stage: f64) -> f64 {
        let since = Span::from_std(Duration::from_secs_f64(in_stage));
        let work = || self.habits.gap(stage, since).to_std().as_secs_f64();
        *self.gaps.borrow_mut().entry((stage, since)).or_insert_with(work)
    }
}

/// The stage a deployment is in, and when that began.
fn stage_at(run: &Run, time: f64) -> (Stage, f64) {
    let mut began = 0.0;
    for (stage, length) in Stage::ALL.into_iter().zip(run.stages) {
        if time < began + length {
            return (stage, began);
        }
        began += length;
    }
    (Stage::Verifying, began)
}
