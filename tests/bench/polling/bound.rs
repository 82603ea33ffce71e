//! What no schedule can beat: dynamic programming over the known distribution, with a price on each look.

use std::cell::OnceCell;

/// How many prices there are, and each as a multiple of the one before.
const LADDER: (usize, f64) = (40, 1.25);

/// The least mean delay at each mean number of looks, along a ladder of prices that is climbed only where it is asked.
pub struct Bound {
    grid: Grid,
    limits: (f64, f64),
    rungs: Vec<OnceCell<Best>>,
}

/// A distribution on a grid.
struct Grid {
    step: f64,
    /// The share of lengths above each moment.
    tail: Vec<f64>,
    /// The share of lengths below, summed up to each moment.
    below: Vec<f64>,
}

/// The best that can follow a look: what it costs, and the delay and the looks in it.
#[derive(Clone, Copy, Default)]
struct Best {
    cost: f64,
    delay: f64,
    looks: f64,
}

impl Bound {
    /// Of a distribution, for schedules on a grid of so many seconds whose pauses lie within these limits.
    pub fn new(within: impl Fn(f64) -> f64, step: f64, limits: (f64, f64)) -> Self {
        Self { grid: Grid::new(within, step), limits, rungs: vec![OnceCell::new(); LADDER.0] }
    }

    /// The least mean delay with so many looks; none if there is no schedule of so few or so many.
    pub fn delay(&self, looks: f64) -> Option<f64> {
        let (mut many, mut few) = (0, LADDER.0 - 1);
        if !(self.rung(few).looks..=self.rung(many).looks).contains(&looks) {
            return None;
        }
        while few - many > 1 {
            let middle = many.midpoint(few);
            if self.rung(middle).looks > looks { many = middle } else { few = middle }
        }
        let (many, few) = (self.rung(many), self.rung(few));
        let part = (looks / few.looks).ln() / (many.looks / few.looks).ln();
        Some(few.delay * (many.delay / few.delay).powf(part))
    }

    fn rung(&self, rung: usize) -> Best {
        let price = 4e-3 * LADDER.1.powf(rung as f64);
        *self.rungs[rung].get_or_init(|| self.grid.best(price, self.limits))
    }
}

impl Grid {
    fn new(within: impl Fn(f64) -> f64, step: f64) -> Self {
        let (mut tail, mut below, mut last) = (vec![1.0], vec![0.0], 1.0);
        while last > 1e-7 {
            let next = (1.0 - within(tail.len() as f64 * step)).clamp(0.0, last);
            below.push(below[below.len() - 1] + step * (1.0 - 0.5 * (last + next)));
            tail.push(next);
            last = next;
        }
        Self { step, tail, below }
    }

    /// From the end to the beginning: the best next look after a look at each moment. After a later look, the next one
    /// is never earlier (the costs are a Monge array), so it is searched for up to there only.
    fn best(&self, price: f64, (least, most): (f64, f64)) -> Best {
        let end = self.tail.len() - 1;
        let steps = |secs: f64| (0..=end).take_while(|&k| k as f64 * self.step < secs).count();
        let (least, most) = (steps(least).max(1), steps(most));
        let (mut bests, mut latest) = (vec![Best::default(); end + 1], end);
        for from in (0..end).rev() {
            let (tail, mut best) = (self.tail[from], Best { cost: f64::INFINITY, ..Best::default() });
            let nearest = (from + least).min(end);
            let farthest = latest.clamp(nearest, (from + most).clamp(nearest, end));
            for (to, next) in (nearest..).zip(&bests[nearest..=farthest]) {
                let pause = (to - from) as f64 * self.step;
                let delay = self.below[to] - self.below[from] - pause * (1.0 - tail);
                let cost = delay + price * tail + next.cost;
                if cost < best.cost {
                    best = Best { cost, delay: delay + next.delay, looks: tail + next.looks };
                    latest = to;
                }
            }
            bests[from] = best;
        }
        bests[0]
    }
}
