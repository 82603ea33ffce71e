//! Where is it going? The heart of afterpush: what is known of one pushed commit, and the pure function that turns
//! each new fact into the next state and, in the end, one verdict.
//!
//! [`step()`] never waits, reads or prints, and time is an argument. "Look again" is not an effect but the stored
//! field [`Watch::next_look`]: what is due is a question to the store, so a crash or a sleep costs time, not truth.
//!
//! A good answer takes this way: `look` takes it in, `ours` tells what of it counts for the push, `judge` what that
//! means, `decide` what it makes of the course. `landing` and `deadline` hold what needs no provider; `happened` finds
//! the timeline's new lines by comparing two states, and `tell` has all the words.

mod begin;
mod course;
mod deadline;
mod decide;
mod event;
mod happened;
mod judge;
mod landing;
mod look;
mod ours;
mod phase;
mod reason;
mod schedule;
mod seen;
mod step;
mod target;
mod tell;
mod wants;
mod worst;

#[cfg(test)]
mod tests;

pub use begin::{Aim, Aimed, Beginning, Plan};
pub use course::{
    Course, DeploymentRef, Ending, Failure, Landing, LogState, Observation, Origin, Progress, Proof, Push, Source,
    Times, Warning, Watch,
};
pub use event::{Event, EventKind};
pub use phase::{Phase, Verdict, exit};
pub use reason::Reason;
pub use seen::{
    Cause, CommitMark, Deployment, Kin, Live, Log, Memo, Misheard, NewerPush, Quality, Rate, Relation, Snapshot, State,
    StepReason, Trigger,
};
pub use step::{Input, LandingSeen, Miss, Step, step};
pub use target::{Pace, Policy, Target, TargetName, TokenSource};
pub use worst::{Outlook, outlook};
