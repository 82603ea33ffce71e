//! How long deployments usually take, in the figures people are told.

use super::Habits;
use crate::base::Span;

/// Fewer deployments than this are anecdotes: with two, "9 of 10" would be the slower one.
const FEWEST: usize = 3;

/// How long a target's deployments took: "usually live after `p50` (median of `n`; 9 of 10 within `p90`)".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Half of them took no longer.
    pub p50: Span,
    /// 9 of 10 took no longer.
    pub p90: Span,
    /// How many there were.
    pub n: u32,
}

impl Habits {
    /// How long deployments take from the push to `live`. None below three: a median of one or two would sound like
    /// knowledge and be chance. These are plain counts, so whoever looks at the list finds the same figures.
    pub fn estimate(&self) -> Option<Estimate> {
        let totals = self.totals_beyond(Span::from_micros(-1));
        (totals.len() >= FEWEST).then(|| Estimate {
            p50: rank(&totals, 5),
            p90: rank(&totals, 9),
            n: u32::try_from(totals.len()).unwrap_or(u32::MAX),
        })
    }

    /// The median of the total among those that took longer than `elapsed`, which this one has taken already. None
    /// below three deployments, and once it has taken longer than all of them.
    pub fn expected_total(&self, elapsed: Span) -> Option<Span> {
        self.estimate()?;
        let longer = self.totals_beyond(elapsed);
        (!longer.is_empty()).then(|| rank(&longer, 5))
    }

    /// The totals longer than `elapsed`, shortest first.
    fn totals_beyond(&self, elapsed: Span) -> Vec<Span> {
        let mut totals: Vec<_> = self.pasts().iter().map(|past| past.total.max(Span::ZERO)).collect();
        totals.retain(|total| *total > elapsed);
        totals.sort_unstable();
        totals
    }
}

/// The shortest of `sorted`, which is not empty, that `tenths` of 10 do not exceed.
fn rank(sorted: &[Span], tenths: usize) -> Span {
    sorted[(sorted.len() * tenths).div_ceil(10).max(1) - 1]
}
