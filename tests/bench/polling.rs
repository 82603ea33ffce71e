//! How late each schedule sees a deployment end, and for how many requests: `cargo bench --bench polling`.
//!
//! No clock is involved: the figures are the same on every machine.

#![expect(clippy::print_stdout, reason = "the table is what it is for")]

#[path = "polling/mod.rs"]
mod simulation;

use simulation::{Case, Knowledge, Schedule, Size, truths};

fn main() {
    for (name, truth) in truths() {
        println!("\n{name}\n");
        println!("schedule                          delay    p95   looks  /fixed  /bound  /bound 2..60 s");
        let case = Case::new(truth, Size { histories: 20, runs: 4_000, step: 0.5 });
        for schedule in Schedule::ALL {
            let row = case.row(schedule);
            let ratio = |ratio: Option<f64>| ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
            let (bound, limited) = (ratio(row.to_bound), ratio(row.to_limited));
            let (name, delay, p95, looks, fixed) = (name_of(schedule), row.delay, row.p95, row.looks, row.to_fixed);
            println!("{name:32} {delay:6.2} {p95:6.2} {looks:7.2} {fixed:7.2} {bound:>7} {limited:>8}");
        }
    }
    println!("\ndelay, p95: seconds from the end until it is seen, its mean and what 19 of 20 stay within.");
    println!("/fixed: the delay as a part of that of a fixed pause with as many looks.");
    println!(
        "/bound: as a multiple of the least possible with as many looks, if the distribution of the whole is known;"
    );
    println!("2..60 s: the same for schedules whose pauses lie within these limits, as ours do.");
}

fn name_of(schedule: Schedule) -> String {
    let known = match schedule.knowledge() {
        Knowledge::Nothing => "without history".to_owned(),
        Knowledge::All => "the distribution known".to_owned(),
        Knowledge::Learned(count) => format!("learned from {count}"),
    };
    match schedule {
        Schedule::Fixed(secs) => format!("fixed {secs} s"),
        Schedule::Doubling => "exponential back-off".to_owned(),
        Schedule::Ours(_) => format!("ours, {known}"),
        Schedule::Staged(_, false) => format!("stages, {known}"),
        Schedule::Staged(_, true) => format!("stages told, {known}"),
    }
}
