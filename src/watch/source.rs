//! The sources a course is followed through, and what each said last.

use serde::{Deserialize, Serialize};

use super::checks::BROKEN;
use super::{Course, Reason, tell};
use crate::base::{Span, Timestamp};

/// Who was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The provider's API.
    Provider,
    /// The team's deployments table.
    Database,
    /// The running service's own endpoints.
    Health,
}

impl Source {
    /// All there are, in the order in which they are asked.
    pub const ALL: [Self; 3] = [Self::Database, Self::Provider, Self::Health];
}

/// How it stands with asking one source about a course.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sight {
    /// Its last good answer.
    #[serde(default)]
    pub good_answer_at: Option<Timestamp>,
    /// Looks in a row that brought no answer.
    #[serde(default)]
    pub misses: u32,
    /// Why the last look brought no answer; `None` after a good one.
    #[serde(default)]
    pub miss: Option<Reason>,
    /// When to look again; what is past is due.
    #[serde(default)]
    pub next_look: Timestamp,
    /// It asked not to be looked at before.
    #[serde(default)]
    pub not_before: Option<Timestamp>,
}

/// One reading of one source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// Who was asked.
    pub source: Source,
    /// It answered.
    pub ok: bool,
    /// What it said, in its own word.
    pub value: Option<String>,
    /// What that comes to; `None` where it says nothing of this commit.
    #[serde(default)]
    pub claim: Option<Claim>,
    /// When.
    pub observed_at: Timestamp,
    /// How long it took.
    pub latency: Option<Span>,
    /// Why it did not answer, inert and without secrets.
    pub error: Option<String>,
}

/// What a source says of the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// It is live, or was.
    Live,
    /// It is on its way.
    Underway,
    /// It failed.
    Failed,
    /// Another commit is served, one that does not contain it.
    Other,
}

impl Sight {
    /// A good answer came.
    pub(super) fn answered(&mut self, at: Timestamp) {
        self.good_answer_at = Some(at);
        self.misses = 0;
        self.miss = None;
    }

    /// A look brought nothing.
    pub(super) fn missed(&mut self, why: Reason) {
        self.misses += 1;
        self.miss = Some(why);
    }

    /// A verdict waits for what it says: it is asked at once, unless it wants to be left alone.
    pub(super) fn hurry(&mut self, now: Timestamp) {
        self.next_look = self.next_look.min(self.not_before.unwrap_or(now).max(now));
    }
}

impl Course {
    /// What the sources say that cannot all be true, in a sentence; it decides nothing by itself.
    pub fn disagreement(&self) -> Option<String> {
        // While instances are replaced one by one the old ones answer, too.
        let is_lasting = self.checks.as_ref().is_none_or(|checks| checks.bad >= BROKEN) || self.verdict.is_some();
        let counts = |seen: &Observation| seen.claim.is_some() && (is_lasting || seen.source != Source::Health);
        let claims = || self.observations.iter().filter(|seen| counts(seen));
        let contradicts = |one: &Observation, other: &Observation| {
            one.claim.zip(other.claim).is_some_and(|(one, other)| one.contradicts(other))
        };
        let involved: Vec<_> = claims().filter(|one| claims().any(|other| contradicts(one, other))).collect();
        (!involved.is_empty()).then(|| tell::disagreement(self, &involved))
    }
}

impl Claim {
    /// Both cannot be true. (A failed deployment leaves the commit before it in place, so that another one is served
    /// agrees with that.)
    pub(super) const fn contradicts(self, other: Self) -> bool {
        matches!((self, other), (Self::Live, Self::Failed | Self::Other) | (Self::Failed | Self::Other, Self::Live))
    }
}
