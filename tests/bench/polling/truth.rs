//! What really happens: how long deployments take, and their stages.

use std::f64::consts::TAU;

use afterpush::base::Span;
use afterpush::insight::Past;

/// Random numbers that are the same everywhere (splitmix64).
pub struct Dice(pub u64);

impl Dice {
    /// Between 0 and 1, neither included.
    pub fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        ((mixed >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
    }

    fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * (-2.0 * self.roll().ln()).sqrt() * (TAU * self.roll()).cos()).exp()
    }
}

/// One deployment: how long it is in each stage, and when it ends; before that sum, if it fails.
pub struct Run {
    pub stages: [f64; 5],
    pub end: f64,
}

/// How the lengths of deployments spread: log-normal parts, each with its share, median and sigma.
#[derive(Clone)]
pub struct Truth {
    parts: Vec<(f64, f64, f64)>,
    /// How much longer each deployment takes than the one before.
    growth: f64,
    /// The share that fails at a random moment.
    failing: f64,
}

impl Truth {
    pub fn of(parts: &[(f64, f64, f64)]) -> Self {
        Self { parts: parts.to_vec(), growth: 1.0, failing: 0.0 }
    }

    pub fn drifting(self, growth: f64) -> Self {
        Self { growth, ..self }
    }

    pub fn failing(self, failing: f64) -> Self {
        Self { failing, ..self }
    }

    /// Deployments of today: their lengths stand for all, the rest is drawn.
    pub fn runs(&self, count: usize, dice: &mut Dice) -> Vec<Run> {
        let runs = self.typical(count).into_iter().map(|length| {
            let fails = dice.roll() < self.failing;
            Run { stages: stages(length, dice), end: if fails { length * dice.roll() } else { length } }
        });
        runs.collect()
    }

    /// The last deployments that went live, the newest first.
    pub fn history(&self, dice: &mut Dice, count: usize) -> Vec<[f64; 5]> {
        let length = |age, share| self.quantile(share) / self.growth.powf(age as f64);
        (1..=count).map(|age| stages(length(age, dice.roll()), dice)).collect()
    }

    /// The share of deployments that end within `time`.
    pub fn within(&self, time: f64, typical: &[f64]) -> f64 {
        let early = if self.failing > 0.0 {
            typical.iter().map(|length| (time / length).min(1.0)).sum::<f64>() / typical.len() as f64
        } else {
            0.0
        };
        (1.0 - self.failing) * self.live_within(time) + self.failing * early
    }

    /// Lengths, the shortest first, that stand for all that go live.
    pub fn typical(&self, count: usize) -> Vec<f64> {
        (0..count).map(|k| self.quantile((k as f64 + 0.5) / count as f64)).collect()
    }

    fn live_within(&self, time: f64) -> f64 {
        let log = time.max(1e-9).ln();
        self.parts.iter().map(|(share, median, sigma)| share * normal((log - median.ln()) / sigma)).sum()
    }

    fn quantile(&self, share: f64) -> f64 {
        let (mut low, mut high) = (0.0, 10_000.0);
        for _ in 0..50 {
            let middle = 0.5 * (low + high);
            if self.live_within(middle) < share { low = middle } else { high = middle }
        }
        high
    }
}

/// What comes before and after the build is drawn; the build is what is left.
fn stages(total: f64, dice: &mut Dice) -> [f64; 5] {
    let others = [(8.0, 0.3), (45.0, 0.25), (12.0, 0.3)].map(|(median, sigma)| dice.log_normal(median, sigma));
    let squeezed = (0.75 * total / others.iter().sum::<f64>()).min(1.0);
    let [registering, deploying, verifying] = others.map(|length| length * squeezed);
    [registering, 0.0, total - registering - deploying - verifying, deploying, verifying]
}

/// As the house remembers it: in stages, or as one.
pub fn past(stages: &[f64; 5], is_staged: bool) -> Past {
    let span = |secs: f64| Span::from_std(std::time::Duration::from_secs_f64(secs));
    let total = span(stages.iter().sum());
    if !is_staged {
        return Past { building: Some(total), total, ..Past::default() };
    }
    let [registering, queued, building, deploying, verifying] = stages.map(|secs| (secs > 0.0).then(|| span(secs)));
    Past { registering, queued, building, deploying, verifying, total }
}

/// The standard normal distribution, to seven digits (Abramowitz and Stegun, 26.2.17).
fn normal(x: f64) -> f64 {
    let factors = [1.330_274_429, -1.821_255_978, 1.781_477_937, -0.356_563_782, 0.319_381_530];
    let t = 1.0 / (1.0 + 0.231_641_9 * x.abs());
    let series = factors.into_iter().fold(0.0, |sum, factor| (sum + factor) * t);
    let beyond = series * (-0.5 * x * x).exp() / TAU.sqrt();
    if x > 0.0 { 1.0 - beyond } else { beyond }
}
