//! How many commits stand to another one, without a walk through history for each of them.
//!
//! Pushes to a branch mostly follow one another. Where each commit contains the one before, whatever contains one
//! contains all before it, and whatever is contained in one is in all behind it; so a few questions answer for all.
//! What git has told once is remembered: it cannot change.

use std::collections::HashMap;
use std::ops::Range;

use crate::push::Sha;
use crate::watch::Relation;

/// More commits are not remembered.
const MOST: usize = 20_000;

/// What git has told of pairs of commits.
#[derive(Debug, Default)]
pub struct Relations {
    known: HashMap<Sha, HashMap<String, Relation>>,
}

/// Commits to be compared with others, best in the order in which they were pushed.
#[derive(Debug)]
pub struct Line<'a> {
    commits: &'a [Sha],
    /// In each of these, every commit contains the one before.
    stretches: Vec<Range<usize>>,
}

impl Relations {
    /// How a commit stands to ours; where that is not remembered, by asking (mostly [`super::Repo::relation`]).
    pub fn of(&mut self, ask: &impl Fn(&Sha, &str) -> Relation, ours: &Sha, other: &str) -> Relation {
        if let Some(known) = self.known.get(ours).and_then(|others| others.get(other)) {
            return *known;
        }
        let relation = ask(ours, other);
        // What is missing may come with the next fetch.
        if relation != Relation::Unknown {
            if self.known.len() >= MOST {
                self.known.clear();
            }
            self.known.entry(ours.clone()).or_default().insert(other.to_owned(), relation);
        }
        relation
    }

    /// Finds out which of these commits follow one another.
    pub fn line<'a>(&mut self, ask: &impl Fn(&Sha, &str) -> Relation, commits: &'a [Sha]) -> Line<'a> {
        let mut stretches = Vec::new();
        let mut start = 0;
        for end in 1..=commits.len() {
            let goes_on = commits.get(end).is_some_and(|next| self.is_within(ask, &commits[end - 1], next.as_str()));
            if !goes_on {
                stretches.push(start..end);
                start = end;
            }
        }
        Line { commits, stretches }
    }

    /// How a commit stands to each of the line.
    pub fn along(&mut self, ask: &impl Fn(&Sha, &str) -> Relation, line: &Line<'_>, other: &str) -> Vec<Relation> {
        let stretches = line.stretches.iter().map(|stretch| &line.commits[stretch.clone()]);
        stretches.flat_map(|stretch| self.along_stretch(ask, stretch, other)).collect()
    }

    /// The first are within the other commit, the last contain it, and what lies between is neither.
    fn along_stretch(&mut self, ask: &impl Fn(&Sha, &str) -> Relation, stretch: &[Sha], other: &str) -> Vec<Relation> {
        let (within, rest) = stretch.split_at(stretch.partition_point(|ours| self.is_within(ask, ours, other)));
        let neither = rest.first().map(|first| self.of(ask, first, other));
        let older = rest.partition_point(|ours| self.of(ask, ours, other) != Relation::Older);
        let digits = other.to_ascii_lowercase();
        let is_other = |ours: &Sha| ours.as_str().starts_with(&digits);
        let within = within.iter().map(|ours| if is_other(ours) { Relation::Same } else { Relation::Contains });
        let rest = (0..rest.len()).map(|at| neither.filter(|_| at < older).unwrap_or(Relation::Older));
        within.chain(rest).collect()
    }

    fn is_within(&mut self, ask: &impl Fn(&Sha, &str) -> Relation, ours: &Sha, other: &str) -> bool {
        matches!(self.of(ask, ours, other), Relation::Contains | Relation::Same)
    }
}
