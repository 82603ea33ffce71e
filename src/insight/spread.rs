//! How lengths of time spread: a smooth distribution drawn through the few that were seen.

use std::f64::consts::PI;

/// A length that was seen, in seconds, and how much it counts.
pub(super) type Weighted = (f64, f64);

/// Shorter lengths are taken for this one, in seconds: it has a logarithm, and no look is that fast.
const SHORTEST: f64 = 0.1;
/// The deviation of what is usual everywhere, in logarithms: nine of ten within a factor of 2.7 to either side.
const USUAL_DEVIATION: f64 = 0.6;
/// The deviation of one target's lengths before any two were seen, and for how many of them that guess counts.
const GUESSED: (f64, f64) = (0.4, 2.0);
/// How far each length may be blurred, in deviations of all of them; which fits best, they decide themselves.
const BLURS: [f64; 7] = [1.0, 0.7, 0.5, 0.35, 0.25, 0.18, 0.13];
/// What fits best is blurred a little less: a flat edge costs looks, a steep one next to nothing. Found by simulation.
const SHARPER: f64 = 0.9;
/// The kernel (1-x²)³ reaches this many of its deviations to either side.
const REACH: f64 = 3.0;
/// The area under (1-x²)³ is its inverse.
const HEIGHT: f64 = 35.0 / 32.0;
const SEVENTH: f64 = 1.0 / 7.0;

/// A kernel around the logarithm of each length that was seen, and a wide, heavy-tailed one around what is usual
/// everywhere: a deployment that is faster or slower than all before it is rare, but no miracle.
pub(super) struct Spread {
    /// The logarithms of the lengths, sorted, and their shares.
    seen: Vec<(f64, f64)>,
    /// How far the kernels reach, in logarithms.
    reach: f64,
    /// The logarithm of what is usual, and its share.
    usual: (f64, f64),
}

impl Spread {
    /// Around the lengths seen and the usual one, each with its weight. Some weight is above zero.
    pub(super) fn new(seen: &[Weighted], usual: Weighted) -> Self {
        let all = seen.iter().map(|one| one.1).sum::<f64>() + usual.1;
        let share = |&(length, weight): &Weighted| (length.max(SHORTEST).ln(), weight / all);
        let mut logs: Vec<_> = seen.iter().map(share).collect();
        logs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        Self { reach: REACH * blur(&logs), seen: logs, usual: share(&usual) }
    }

    /// The lengths between which nearly all of them lie, in seconds.
    pub(super) fn range(&self) -> (f64, f64) {
        let ends = self.seen.first().zip(self.seen.last());
        let (first, last) = ends.map_or((self.usual.0, self.usual.0), |(first, last)| (first.0, last.0));
        ((first - self.reach).exp(), (last + self.reach).exp())
    }

    /// The share of lengths above `time` seconds; never quite zero while what is usual has a share.
    pub(super) fn tail(&self, time: f64) -> f64 {
        let log = time.max(SHORTEST).ln();
        let inverse = 1.0 / self.reach;
        let tails = self.seen.iter().map(|&(center, share)| {
            let x = ((log - center) * inverse).clamp(-1.0, 1.0);
            let y = x * x;
            share * (0.5 - HEIGHT * x * (1.0 - y * (1.0 - y * (0.6 - y * SEVENTH))))
        });
        tails.sum::<f64>().max(0.0) + self.usual.1 * self.usual_tail(log)
    }

    /// The share of lengths that end a second, `time` seconds after the beginning.
    pub(super) fn density(&self, time: f64) -> f64 {
        let time = time.max(SHORTEST);
        let log = time.ln();
        let inverse = 1.0 / self.reach;
        let kernels = self.seen.iter().map(|&(center, share)| share * kernel((log - center) * inverse));
        let usual = self.usual_tail(log);
        (kernels.sum::<f64>() * HEIGHT * inverse + self.usual.1 * usual * (1.0 - usual) * usual_steepness()) / time
    }

    /// Log-logistic.
    fn usual_tail(&self, log: f64) -> f64 {
        1.0 / (1.0 + ((log - self.usual.0) * usual_steepness()).clamp(-300.0, 300.0).exp())
    }
}

fn usual_steepness() -> f64 {
    PI / (3f64.sqrt() * USUAL_DEVIATION)
}

/// Without its height.
fn kernel(x: f64) -> f64 {
    let y = (1.0 - x * x).max(0.0);
    y * y * y
}

/// The deviation of a kernel: of [`BLURS`], the one under which each length is most likely in view of the others.
/// So two groups (a cache hit, a miss) stay two, where one rule for all would smear them into one.
fn blur(sorted: &[(f64, f64)]) -> f64 {
    let (sum, squares) = sorted.iter().fold((0.0, 0.0), |(sum, squares), one| (sum + one.1, squares + one.1 * one.1));
    if sorted.is_empty() {
        return GUESSED.0;
    }
    // How many equally weighted lengths would know as much.
    let n = sum * sum / squares;
    let mean = sorted.iter().map(|(log, share)| share * log).sum::<f64>() / sum;
    let variance = sorted.iter().map(|(log, share)| share * (log - mean).powi(2)).sum::<f64>() / sum;
    let deviation = ((variance * n + GUESSED.0.powi(2) * GUESSED.1) / (n - 1.0 + GUESSED.1)).sqrt();
    let least = 0.25 / n.sqrt();
    let mut best = (least, f64::NEG_INFINITY);
    // From wide to narrow: once it fits worse, it hardly fits better again.
    for blur in BLURS {
        let blur = (deviation * blur * n.powf(-0.2)).clamp(least, 0.6_f64.max(least));
        let fit = likelihood(sorted, REACH * blur);
        if fit <= best.1 {
            break;
        }
        best = (blur, fit);
    }
    SHARPER * best.0
}

/// The logarithm of how likely each length is in view of the others, if kernels reach this far.
fn likelihood(sorted: &[(f64, f64)], reach: f64) -> f64 {
    let inverse = 1.0 / reach;
    let mut densities = vec![0.0; sorted.len()];
    for (i, &(log, share)) in sorted.iter().enumerate() {
        let later = sorted.iter().enumerate().skip(i + 1);
        for (j, &(other, weight)) in later.take_while(|(_, other)| other.0 - log < reach) {
            let likeness = kernel((other - log) * inverse);
            densities[i] += weight * likeness;
            densities[j] += share * likeness;
        }
    }
    // What is far from all others must not decide alone.
    let rare = 0.01;
    let each = sorted.iter().zip(densities).map(|(one, density)| one.1 * (density * HEIGHT * inverse + rare).ln());
    each.sum()
}
