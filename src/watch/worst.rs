//! One answer over several targets.

use super::{Course, Phase, Reason, Verdict, Watch, exit, tell};
use crate::push::Sha;

/// What a whole watch amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// The phase of the target that decides.
    pub phase: Phase,
    /// The verdict, once done.
    pub verdict: Option<Verdict>,
    /// All targets are decided, or one has failed.
    pub done: bool,
    /// The exit code of `status`.
    pub exit_code: u8,
    /// Why.
    pub reason: Reason,
    /// One sentence.
    pub message: String,
    /// The commit that is live or took over instead.
    pub via: Option<Sha>,
}

/// Which exit code wins, first to last (CONTRACT section 2).
const ORDER: [u8; 8] =
    [exit::NO, exit::CONFIG, exit::UNKNOWN, exit::TIMEOUT, exit::RUNNING, exit::SUPERSEDED, exit::NOTHING, exit::OK];

/// The answer for a watch: its ending, else the target whose exit code comes first in the contract's order; ties go
/// to the first target of the configuration. A skipped target does not count where another one decided.
pub fn outlook(watch: &Watch) -> Outlook {
    if let Some(ending) = &watch.ending {
        return Outlook {
            phase: watch.courses.iter().map(|c| c.phase).max().unwrap_or(Phase::Pushing),
            verdict: Some(ending.verdict),
            done: true,
            exit_code: ending.verdict.exit_code(),
            reason: ending.reason,
            message: ending.message.clone(),
            via: None,
        };
    }
    let skipped = |course: &&Course| course.verdict == Some(Verdict::Skipped);
    let all_skipped = watch.courses.iter().all(|course| skipped(&course));
    let counted = watch.courses.iter().filter(|course| all_skipped || !skipped(course));
    let rank = |course: &Course| ORDER.iter().position(|&code| code == exit_code(course)).unwrap_or(ORDER.len());
    let Some(course) = counted.min_by_key(|course| rank(course)) else {
        return without_courses(watch);
    };
    let exit_code = exit_code(course);
    let done = exit_code == exit::NO || watch.courses.iter().all(|course| course.verdict.is_some());
    Outlook {
        phase: course.phase,
        verdict: course.verdict.filter(|_| done),
        done,
        exit_code,
        reason: course.reason,
        message: course.message.clone(),
        via: course.via.clone(),
    }
}

impl Watch {
    /// Both give readers the same answer: the same [`Outlook`], and the same for each target.
    pub fn answers_as(&self, other: &Self) -> bool {
        type Answer<'a> = (Phase, Option<Verdict>, Reason, &'a str, Option<&'a Sha>);
        fn answer(course: &Course) -> Answer<'_> {
            (course.phase, course.verdict, course.reason, &course.message, course.via.as_ref())
        }
        self.has_landed() == other.has_landed()
            && (&self.ending, &self.trouble) == (&other.ending, &other.trouble)
            && self.courses.iter().map(answer).eq(other.courses.iter().map(answer))
    }
}

/// The exit code of one target. Where the user has to mend something it is 4, decided or not.
fn exit_code(course: &Course) -> u8 {
    match course.verdict {
        Some(verdict) => verdict.exit_code(),
        None if course.reason.needs_the_user() => exit::CONFIG,
        None => exit::RUNNING,
    }
}

fn without_courses(watch: &Watch) -> Outlook {
    let (reason, message) = watch.trouble.clone().unwrap_or((Reason::PushRunning, tell::pushing()));
    Outlook {
        phase: if watch.has_landed() { Phase::Registering } else { Phase::Pushing },
        verdict: None,
        done: false,
        exit_code: if reason.needs_the_user() { exit::CONFIG } else { exit::RUNNING },
        reason,
        message,
        via: None,
    }
}
