//! A simulation of waiting: schedules against lengths of deployments, and the bound no schedule can beat.

#![expect(clippy::cast_precision_loss, reason = "counts and indices here are far below 2^52")]

mod bound;
mod case;
mod schedule;
mod truth;

pub use case::{Case, Size};
pub use schedule::{Knowledge, Schedule};
pub use truth::Truth;

/// The distributions of the tables.
pub fn truths() -> Vec<(&'static str, Truth)> {
    let usual = Truth::of(&[(1.0, 240.0, 0.25)]);
    let bimodal = Truth::of(&[(0.5, 90.0, 0.165), (0.5, 300.0, 0.165)]);
    vec![
        ("log-normal: 240 s, sigma 0.25", usual.clone()),
        ("bimodal: half 90 s, half 300 s, sigma 0.165", bimodal),
        ("drifting: 1 % longer each time, now 240 s, sigma 0.2", Truth::of(&[(1.0, 240.0, 0.2)]).drifting(1.01)),
        ("log-normal, and one in twenty fails at any time before", usual.failing(0.05)),
    ]
}
