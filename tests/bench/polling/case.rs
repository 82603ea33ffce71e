//! One distribution, all schedules.

use afterpush::insight::Habits;

use super::bound::Bound;
use super::schedule::{Knowledge, Schedule, Watcher};
use super::truth::{Dice, Run, Truth, past};

/// How thorough a simulation is.
#[derive(Clone, Copy)]
pub struct Size {
    /// How many pasts are learned from.
    pub histories: u64,
    /// How many deployments are followed with each.
    pub runs: usize,
    /// The bound's grid, in seconds.
    pub step: f64,
}

/// A distribution with its bounds, and the deployments that are followed.
pub struct Case {
    truth: Truth,
    size: Size,
    runs: Vec<Run>,
    bound: Bound,
    limited: Bound,
}

/// How a schedule fares.
pub struct Row {
    /// The mean of the delay, in seconds.
    pub delay: f64,
    /// 19 of 20 are seen within this.
    pub p95: f64,
    /// The mean number of looks.
    pub looks: f64,
    /// The mean delay as a part of that of a fixed pause with as many looks.
    pub to_fixed: f64,
    /// As a multiple of the bound at as many looks; none if no schedule has so few.
    pub to_bound: Option<f64>,
    /// As a multiple of the bound for schedules with pauses between 2 s and 60 s, as ours are.
    pub to_limited: Option<f64>,
}

impl Case {
    pub fn new(truth: Truth, size: Size) -> Self {
        let typical = truth.typical(400);
        let bound = |limits| Bound::new(|time| truth.within(time, &typical), size.step, limits);
        let runs = truth.runs(size.runs, &mut Dice(1));
        Self { bound: bound((0.0, f64::INFINITY)), limited: bound((2.0, 60.0)), runs, truth, size }
    }

    /// Follows all deployments with a schedule; one that learns does so from several pasts.
    pub fn row(&self, schedule: Schedule) -> Row {
        let learns = matches!(schedule.knowledge(), Knowledge::Learned(_));
        let histories = if learns { self.size.histories } else { 1 };
        let watchers = (0..histories).map(|seed| Watcher::new(schedule, self.habits(schedule, seed)));
        let followed = watchers.flat_map(|watcher| self.runs.iter().map(|run| watcher.follow(run)).collect::<Vec<_>>());
        let (mut delays, looks): (Vec<_>, Vec<_>) = followed.unzip();
        delays.sort_unstable_by(f64::total_cmp);
        let (delay, looks) = (mean(&delays), mean(&looks));
        Row {
            delay,
            p95: delays[delays.len() * 95 / 100],
            looks,
            to_fixed: delay / self.fixed(looks),
            to_bound: self.bound.delay(looks).map(|bound| delay / bound),
            to_limited: self.limited.delay(looks).map(|bound| delay / bound),
        }
    }

    /// The mean delay of the fixed pause that makes so many looks: half of the pause, which follows from the mean.
    fn fixed(&self, looks: f64) -> f64 {
        let lengths: Vec<_> = self.runs.iter().map(|run| run.end).collect();
        let (mut short, mut long) = (0.1, 1_000.0);
        for _ in 0..30 {
            let pause = 0.5 * (short + long);
            let counts: Vec<_> = lengths.iter().map(|length| (length / pause).ceil()).collect();
            if mean(&counts) > looks { short = pause } else { long = pause }
        }
        let delays: Vec<_> = lengths.iter().map(|length| (length / long).ceil() * long - length).collect();
        mean(&delays)
    }

    fn habits(&self, schedule: Schedule, seed: u64) -> Habits {
        let mut dice = Dice(1_000 + seed);
        let history = match schedule.knowledge() {
            Knowledge::Nothing => Vec::new(),
            Knowledge::All => self.even(),
            Knowledge::Learned(count) => self.truth.history(&mut dice, count),
        };
        Habits::new(history.iter().map(|stages| past(stages, schedule.is_staged())).collect())
    }

    /// Lengths that stand for all, in an order that scatters short and long ones evenly over old and new.
    fn even(&self) -> Vec<[f64; 5]> {
        let lengths = self.truth.typical(Habits::MOST);
        (0..lengths.len()).map(|k| [0.0, 0.0, lengths[k * 21 % lengths.len()], 0.0, 0.0]).collect()
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
