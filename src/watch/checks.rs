//! Whether what is live really is well, and really is ours: the rounds of the health endpoints.
//!
//! A round asks every endpoint once. Several instances may answer in turn, an old one among them, so only some good
//! rounds in a row confirm a deployment, and only some bad ones break one that was confirmed.

use serde::{Deserialize, Serialize};

use super::{
    Check, Claim, Course, Failure, Finding, Kin, LogState, Observation, Outcome, Phase, Reason, Relation, Source,
    TargetName, Verdict, Watch, schedule, tell,
};
use crate::base::{Span, Timestamp, text};

/// So many good answers in a row are believed.
pub(super) const SETTLED: u32 = 3;
/// So many bad rounds in a row are a break.
pub(super) const BROKEN: u32 = 3;
/// So many bad rounds after the time to agree are enough: the machine may just have found the network again.
const LATE: u32 = 2;

/// What the health endpoints have said since the deployment was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checks {
    /// When it was done.
    pub since: Timestamp,
    /// Until when they must agree. Sleep has been added.
    pub by: Timestamp,
    /// Good rounds in a row.
    pub good: u32,
    /// Bad rounds in a row.
    pub bad: u32,
    /// Bad rounds since they should have agreed.
    #[serde(default)]
    pub late: u32,
    /// The first of the bad rounds in a row.
    pub bad_since: Option<Timestamp>,
    /// The newest round.
    pub newest: Option<Timestamp>,
    /// When the next round is due.
    pub next_round: Timestamp,
}

/// Which commit the service said it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// Its id as it was told, whole or its beginning.
    pub sha: String,
    /// It is the watched commit or contains it.
    pub is_match: bool,
    /// When.
    pub checked_at: Timestamp,
}

/// What a round comes to.
struct Round<'a> {
    findings: &'a [Finding],
    kin: &'a Kin,
    at: Timestamp,
}

impl<'a> Round<'a> {
    /// `None` where nothing was asked.
    fn of(findings: &'a [Finding], kin: &'a Kin) -> Option<Self> {
        let at = findings.iter().map(|finding| finding.observed_at).max()?;
        Some(Self { findings, kin, at })
    }

    fn runs_ours(&self, digits: &str) -> bool {
        matches!(self.kin.of(digits), Relation::Same | Relation::Contains)
    }

    fn is_well(&self, finding: &Finding) -> bool {
        match &finding.outcome {
            Outcome::Good => true,
            Outcome::Serves(digits) => self.runs_ours(digits),
            Outcome::Bad(_) | Outcome::Silent { .. } => false,
        }
    }

    /// The finding that speaks against it, one that certainly is the service's own first.
    fn trouble(&self) -> Option<&'a Finding> {
        let mut bad = self.findings.iter().filter(|finding| !self.is_well(finding));
        let first = bad.clone().next();
        bad.find(|finding| is_its_own(finding)).or(first)
    }

    fn served(&self) -> Option<Served> {
        self.findings.iter().find_map(|finding| match &finding.outcome {
            Outcome::Serves(digits) => Some(Served {
                sha: text::visible(digits),
                is_match: self.runs_ours(digits),
                checked_at: finding.observed_at,
            }),
            _ => None,
        })
    }

    fn observation(&self) -> Observation {
        let trouble = self.trouble();
        Observation {
            source: Source::Health,
            ok: trouble.is_none(),
            value: Some(tell::round(self.findings)),
            claim: self.served().map(|served| if served.is_match { Claim::Live } else { Claim::Other }),
            observed_at: self.at,
            latency: self.findings.iter().map(|finding| finding.latency).max(),
            error: trouble.map(|finding| tell::finding(finding, self.kin)),
        }
    }
}

/// The service is to blame, not the way to it.
const fn is_its_own(finding: &Finding) -> bool {
    !matches!(finding.outcome, Outcome::Silent { is_its_own: false, .. })
}

impl Watch {
    /// Takes in one round of a target's endpoints.
    pub(super) fn checked(&mut self, target: &TargetName, findings: &[Finding], kin: &Kin, now: Timestamp) {
        let Some(index) = self.index_of(target) else { return };
        if self.ending.is_some() || !self.courses[index].is_checked() {
            return;
        }
        if let Some(round) = Round::of(findings, kin) {
            let course = &mut self.courses[index];
            let newest = course.checks.as_ref().and_then(|checks| checks.newest);
            // What was seen after now was seen before the clock was set back.
            if newest.is_some_and(|newest| round.at <= newest && newest <= now) {
                return;
            }
            course.count(&round);
            course.observe(round.observation());
            course.served = round.served().or(course.served.take());
            self.weigh(index, &round, now);
        }
        let next = schedule::after_round(self, &self.courses[index], now);
        if let Some(checks) = &mut self.courses[index].checks {
            checks.next_round = next;
        }
    }

    /// What the rounds so far come to.
    fn weigh(&mut self, index: usize, round: &Round, now: Timestamp) {
        let course = &mut self.courses[index];
        let Some(checks) = course.checks.clone() else { return };
        match round.trouble() {
            None if course.is_soaking() => {}
            None if checks.good >= SETTLED => {
                course.times.healthy_at.get_or_insert(round.at);
                self.confirm(index, now);
            }
            None => course.say(tell::settling(course, checks.good, SETTLED)),
            Some(trouble) if course.is_soaking() => {
                if checks.bad >= BROKEN && course.has_provider_spoken(checks.bad_since) {
                    course.fall_ill(trouble, kin_reason(trouble, Reason::BrokeWhileSoaking), round.kin, now);
                } else if checks.bad == 1 && course.lead.miss.is_none() {
                    // It may have been rolled back: the provider is asked first.
                    course.lead.hurry(now);
                }
            }
            Some(trouble) if checks.late >= LATE => {
                course.fall_ill(trouble, kin_reason(trouble, Reason::HealthNotConfirmed), round.kin, now);
            }
            Some(trouble) => course.say(tell::unconfirmed(course, trouble, round.kin)),
        }
    }

    /// The deployment is done and, where endpoints are configured, they agree.
    pub(super) fn confirm(&mut self, index: usize, now: Timestamp) {
        let course = &mut self.courses[index];
        let (reason, message) = match &course.through {
            Some(newer) => (Reason::Contained, tell::contained(course, newer)),
            None => (Reason::DeployedLive, tell::live(course)),
        };
        course.decide(Verdict::Live, reason, message, now);
        let soak = course.target.health.as_ref().map_or(Span::ZERO, |health| health.soak);
        if soak > Span::ZERO && course.through.is_none() {
            course.phase = Phase::Soaking;
            course.soak_until = Some(now + soak);
            self.deadline = self.deadline.max(now + soak);
        }
    }
}

/// Another commit is its own reason.
const fn kin_reason(trouble: &Finding, otherwise: Reason) -> Reason {
    if matches!(trouble.outcome, Outcome::Serves(_)) { Reason::OtherVersionServed } else { otherwise }
}

impl Course {
    /// The provider is done, and the endpoints have to agree from now on.
    pub(super) fn verify(&mut self, now: Timestamp) {
        let Some(health) = self.target.health.as_ref().filter(|_| self.checks.is_none()) else { return };
        self.checks = Some(Checks {
            since: now,
            by: now + health.within,
            good: 0,
            bad: 0,
            late: 0,
            bad_since: None,
            newest: None,
            next_round: now,
        });
    }

    /// Its endpoints are to be asked: they have not agreed yet, or it soaks.
    pub(super) fn is_checked(&self) -> bool {
        let is_open = matches!(self.verdict, None | Some(Verdict::Superseded)) || self.is_soaking();
        self.checks.is_some() && is_open && !self.given_up
    }

    /// Live, and still looked after.
    pub(super) const fn is_soaking(&self) -> bool {
        self.soak_until.is_some()
    }

    fn count(&mut self, round: &Round) {
        let trouble = round.trouble();
        let is_doubtful = trouble.is_some_and(|trouble| self.is_doubtful(trouble, round.kin));
        let Some(checks) = &mut self.checks else { return };
        checks.newest = Some(round.at);
        if trouble.is_none() {
            checks.good += 1;
            checks.bad = 0;
            checks.bad_since = None;
            self.times.ready_at.get_or_insert(round.at);
            return;
        }
        checks.good = 0;
        if !is_doubtful {
            checks.bad += 1;
            checks.late += u32::from(round.at >= checks.by);
            checks.bad_since.get_or_insert(round.at);
        }
    }

    /// The trouble may not be the service's: it was not reached, and since the round before no other source out there
    /// was either, so that our own way out may be broken; or it runs a newer commit that this clone does not know.
    fn is_doubtful(&self, trouble: &Finding, kin: &Kin) -> bool {
        let since = self.checks.as_ref().map(|checks| checks.newest.unwrap_or(checks.since));
        let sources = [(&self.lead, self.target.lead()), (&self.table, Source::Database)];
        let mut far =
            sources.iter().filter(|(_, source)| *source != Source::Database || !self.target.has_local_table());
        let is_heard = far.any(|(sight, _)| sight.good_answer_at > since);
        let is_strange = |digits: &String| self.is_overtaken && kin.of(digits) == Relation::Unknown;
        match &trouble.outcome {
            Outcome::Silent { is_its_own, .. } => !is_its_own && !is_heard,
            Outcome::Serves(digits) => is_strange(digits),
            Outcome::Good | Outcome::Bad(_) => false,
        }
    }

    /// While it soaks the provider's word has to come first: it tells a rollback from a break.
    fn has_provider_spoken(&self, since: Option<Timestamp>) -> bool {
        self.lead.good_answer_at > since || self.lead.misses > 0
    }

    /// Says how it stands, unless the user has to hear something else.
    fn say(&mut self, message: String) {
        if !self.needs_the_user() {
            self.message = message;
        }
    }

    fn fall_ill(&mut self, trouble: &Finding, reason: Reason, kin: &Kin, now: Timestamp) {
        let summary = tell::finding(trouble, kin);
        let phase = if self.is_soaking() { Phase::Soaking } else { Phase::Verifying };
        self.decide(Verdict::Unhealthy, reason, tell::unhealthy(self, &summary), now);
        self.soak_until = None;
        self.failure = Some(Failure { phase, code: reason, summary, log: LogState::None, log_url: None });
    }

    pub(super) fn observe(&mut self, observation: Observation) {
        self.observations.retain(|known| known.source != observation.source);
        self.observations.push(observation);
        self.observations.sort_by_key(|observation| observation.source);
    }
}

impl Check {
    /// Every endpoint, in the order they are asked and told.
    pub const ALL: [Self; 3] = [Self::Live, Self::Ready, Self::Version];
}
