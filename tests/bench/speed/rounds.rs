//! Measuring by turns: in every round each contender runs once, in another order each time, so that whatever else the
//! machine does hits all of them alike.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// What one run took, in milliseconds.
#[derive(Clone, Copy)]
pub struct Took {
    /// From the start to the end.
    pub wall: f64,
    /// Of the processors, in the program and in all it waited for.
    pub cpu: f64,
}

/// Something to be measured.
pub struct Contender<'a> {
    name: &'static str,
    run: Box<dyn FnMut() -> Took + 'a>,
}

/// What came of it: for each contender its runs, round by round.
pub struct Measured(Vec<(&'static str, Vec<Took>)>);

impl<'a> Contender<'a> {
    /// Its name, and one run of it.
    pub fn new(name: &'static str, run: impl FnMut() -> Took + 'a) -> Self {
        Self { name, run: Box::new(run) }
    }

    /// A program that is run anew each time.
    pub fn program(name: &'static str, command: impl Fn() -> Command + 'a) -> Self {
        Self::ending(name, 0, command)
    }

    /// The same for one that ends with another code than 0.
    pub fn ending(name: &'static str, code: i32, command: impl Fn() -> Command + 'a) -> Self {
        Self::new(name, move || timed(&mut command(), code))
    }
}

/// Runs a program to its end; one that ends otherwise was not measured.
pub fn timed(command: &mut Command, code: i32) -> Took {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let (cpu, start) = (cpu_of_children(), Instant::now());
    let status = command.status().unwrap_or_else(|why| panic!("{command:?} cannot be started: {why}"));
    let took = Took { wall: start.elapsed().as_secs_f64() * 1e3, cpu: cpu_of_children() - cpu };
    assert!(status.code() == Some(code), "{command:?} ended with {status}");
    took
}

fn cpu_of_children() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("a process may ask about its own children");
    let millis = |time: TimeVal| time.tv_sec() as f64 * 1e3 + time.tv_usec() as f64 / 1e3;
    millis(usage.user_time()) + millis(usage.system_time())
}

/// Measures all of them by turns. The raw figures go to a file.
pub fn by_turns(mut contenders: Vec<Contender<'_>>, rounds: usize, raw: &Path) -> Measured {
    // The first round only fills caches.
    for contender in &mut contenders {
        let _ = (contender.run)();
    }
    let mut measured = Measured(contenders.iter().map(|contender| (contender.name, Vec::new())).collect());
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for _ in 0..rounds {
        for at in dice.order(contenders.len()) {
            measured.0[at].1.push((contenders[at].run)());
        }
    }
    let lines = measured.0.iter().flat_map(|(name, runs)| {
        runs.iter().enumerate().map(move |(round, took)| format!("{name},{round},{:.4},{:.4}\n", took.wall, took.cpu))
    });
    fs::write(raw, format!("name,round,wall_ms,cpu_ms\n{}", lines.collect::<String>())).expect("room for the figures");
    measured
}

impl Measured {
    /// The names, in the order they were given.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(name, _)| *name)
    }

    /// The median of a contender's runs.
    pub fn median(&self, name: &str) -> Took {
        let runs = self.runs(name);
        Took { wall: median(runs.iter().map(|took| took.wall)), cpu: median(runs.iter().map(|took| took.cpu)) }
    }

    /// How much more one took than another: the median of what it was in each round.
    pub fn more(&self, name: &str, than: &str) -> Took {
        let pairs = || self.runs(name).iter().zip(self.runs(than));
        Took { wall: median(pairs().map(|(a, b)| a.wall - b.wall)), cpu: median(pairs().map(|(a, b)| a.cpu - b.cpu)) }
    }

    /// How far a contender's runs lie apart: half of them lie within so much of the median to either side.
    pub fn spread(&self, name: &str) -> Took {
        let (middle, runs) = (self.median(name), self.runs(name));
        Took {
            wall: median(runs.iter().map(|took| (took.wall - middle.wall).abs())),
            cpu: median(runs.iter().map(|took| (took.cpu - middle.cpu).abs())),
        }
    }

    fn runs(&self, name: &str) -> &[Took] {
        let found = self.0.iter().find(|(known, _)| *known == name);
        &found.unwrap_or_else(|| panic!("{name} was not measured")).1
    }
}

/// The middle one.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}

/// Xorshift: the order need not be unforeseeable, only different each time.
struct Dice(u64);

impl Dice {
    fn order(&mut self, count: usize) -> Vec<usize> {
        let mut keyed: Vec<(u64, usize)> = (0..count).map(|at| (self.next(), at)).collect();
        keyed.sort_unstable();
        keyed.into_iter().map(|(_, at)| at).collect()
    }

    const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
