//! When to look again, learned from the past.
//!
//! Looks that come `n` a second are late by `1/2n` seconds on average. Where the end comes with the hazard `h` and a
//! look costs as much as `c` seconds of delay, `h/2n + cn` is least for `n = √(h/2c)`: looks lie as dense as the square
//! root of the hazard, and the next one is due when `√(h/2c)`, summed up from now, has reached one (Barlow, Hunter and
//! Proschan 1963; Keller 1974). All such schedules together make `N = K/√2c` looks with `K = ∫√(density · tail)`, so a
//! budget of `N` looks has the price `c = (K/N)²/2`.
//!
//! The hazard is that of the end, live or not, in view of the stage seen last: what remains of that stage, and what
//! followed it in the past. While it is built and a rollout of half a minute is still to come, there is no hurry.

use super::past::{Past, Stage, seconds};
use super::spread::{Spread, Weighted};
use super::{Habits, unlearned};
use crate::base::Span;

/// The budget: as many looks as one every ten seconds would make. That is what providers' limits bear with ease (six
/// a minute and target; the tightest known allow thirty), and what a fixed schedule for builds comes to.
const BUDGET_EVERY: f64 = 10.0;
/// Where the stages are seen, this price would buy less than half of those looks, and the answer come no sooner. A
/// quarter of it makes looks twice as dense: simulated, about half of the looks and of the delay of fixed 10 s.
const STAGED_DISCOUNT: f64 = 0.25;
/// An end that nothing foretells, per second: one in ten hours of deploying, thus one of 150 usual deployments.
const SURPRISE: f64 = 1.0 / 36_000.0;
/// No look comes sooner; a provider's own record is seldom fresher.
const LEAST: f64 = 2.0;
/// No look is put off longer, in seconds: the status would look abandoned, and a surprise is seen within it.
const MOST: f64 = 60.0;
/// The same while no deployment is known: that there is one is news of its own.
const MOST_REGISTERING: f64 = 10.0;
/// After this many newer deployments one counts half.
const HALF_LIFE: f64 = 40.0;
/// For how many deployments that were seen the guess counts that is made for every target.
const GUESS_WEIGHT: f64 = 0.15;
/// From the push to the end, in seconds, at a target of which nothing is known.
const USUAL_TOTAL: f64 = 240.0;
/// The same for the guess that nothing follows a stage.
const NOTHING_FOLLOWS: f64 = 0.25;
/// Moments at which the price is summed up.
const MOMENTS: i32 = 80;

impl Habits {
    /// How long to wait until the next look at a course that was seen in `stage`, which it entered `in_stage` ago.
    ///
    /// At least 2 s and at most 60 s (10 s while no deployment is known); a provider's own limits are the caller's to
    /// apply. Where the past has nothing to say of a stage, the fixed pauses for a target without history hold.
    pub fn gap(&self, stage: Stage, in_stage: Span) -> Span {
        let stays = self.weighted(|past| past.secs_in(stage));
        if stays.is_empty() {
            return unlearned::gap(stage, in_stage);
        }
        let ahead = Ahead {
            stay: Spread::new(&stays, (usual(stage), GUESS_WEIGHT)),
            rest: Rest::new(&self.weighted(|past| past.secs_in(stage).map(|_| past.secs_after(stage)))),
            in_stage: seconds(in_stage),
        };
        let most = if stage == Stage::Registering { MOST_REGISTERING } else { MOST };
        span(ahead.gap(self.price(), most).clamp(LEAST, most))
    }

    /// The seconds of delay that are worth one look.
    fn price(&self) -> f64 {
        let total = Spread::new(&self.weighted(|past| Some(seconds(past.total))), (USUAL_TOTAL, GUESS_WEIGHT));
        let (from, to) = total.range();
        let ratio = (to / from).powf(1.0 / f64::from(MOMENTS));
        // Before the first and after the last moment only a surprise ends it.
        let (mut density, mut duration) = (from * SURPRISE.sqrt(), from);
        for moment in 0..MOMENTS {
            let time = from * ratio.powi(moment);
            let (width, middle) = (time * (ratio - 1.0), time * ratio.sqrt());
            let tail = total.tail(middle);
            density += width * (tail * (total.density(middle) + SURPRISE * tail)).sqrt();
            duration += width * tail;
        }
        let looks = (duration / BUDGET_EVERY).max(1.0);
        let staged = self.pasts().iter().filter(|past| past.is_staged()).count() * 2 > self.len();
        (density / looks).powi(2) / 2.0 * if staged { STAGED_DISCOUNT } else { 1.0 }
    }

    /// A length of each deployment that has it, in seconds; the older, the lighter.
    fn weighted(&self, length: impl Fn(&Past) -> Option<f64>) -> Vec<Weighted> {
        let fade = 0.5_f64.powf(1.0 / HALF_LIFE);
        let weights = std::iter::successors(Some(1.0), |weight| Some(weight * fade));
        self.pasts().iter().zip(weights).filter_map(|(past, weight)| Some((length(past)?, weight))).collect()
    }
}

/// What lies ahead of a deployment.
struct Ahead {
    stay: Spread,
    rest: Rest,
    in_stage: f64,
}

impl Ahead {
    /// Seconds until the density of looks, summed up, has reached one; second by second, since the stages' spreads are
    /// folded into each other. Hardly more than `most`.
    fn gap(&self, price: f64, most: f64) -> f64 {
        let now = self.stay.tail(self.in_stage);
        let (mut staying, mut lasting, mut looks, mut second) = (1.0, 1.0, 0.0, 0.0);
        // The shares that leave the stage, and those whose rest is over, in each second from now on.
        let (mut leaving, mut over) = (Vec::new(), Vec::new());
        while second < most {
            let still = (self.stay.tail(self.in_stage + second + 1.0) / now).min(staying);
            leaving.push(staying - still);
            over.push(self.rest.within(second + 0.5));
            staying = still;
            let ended: f64 = leaving.iter().zip(over.iter().rev()).map(|(leaves, over)| leaves * over).sum();
            let last = (1.0 - ended).clamp(1e-9, lasting);
            let hazard = (lasting / last).ln() + SURPRISE;
            lasting = last;
            let more = (hazard / (2.0 * price)).sqrt();
            if looks + more >= 1.0 {
                return second + (1.0 - looks) / more;
            }
            looks += more;
            second += 1.0;
        }
        most
    }
}

/// What followed a stage.
struct Rest {
    /// How often nothing did.
    nothing: f64,
    /// How long it took otherwise.
    lengths: Option<Spread>,
}

impl Rest {
    fn new(rests: &[Weighted]) -> Self {
        let some: Vec<_> = rests.iter().copied().filter(|rest| rest.0 > 0.0).collect();
        let weight = |rests: &[Weighted]| rests.iter().map(|rest| rest.1).sum::<f64>();
        let nothing = 1.0 - weight(&some) / (weight(rests) + NOTHING_FOLLOWS);
        Self { nothing, lengths: (!some.is_empty()).then(|| Spread::new(&some, (USUAL_TOTAL, 0.0))) }
    }

    /// The share that is over within so many seconds.
    fn within(&self, secs: f64) -> f64 {
        self.lengths.as_ref().map_or(1.0, |lengths| self.nothing + (1.0 - self.nothing) * (1.0 - lengths.tail(secs)))
    }
}

/// How long a stage takes, in seconds, at a target of which nothing is known.
fn usual(stage: Stage) -> f64 {
    match stage {
        Stage::Registering | Stage::Queued => 15.0,
        Stage::Building => 150.0,
        Stage::Deploying => 40.0,
        Stage::Verifying => 20.0,
    }
}

fn span(secs: f64) -> Span {
    #[expect(clippy::cast_possible_truncation, reason = "it lies within the limits of a gap")]
    let millis = (secs * 1_000.0) as i64;
    Span::from_millis(millis)
}
