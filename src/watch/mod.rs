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
mod checks;
mod course;
mod deadline;
mod decide;
mod event;
mod happened;
mod health;
mod judge;
mod landing;
mod lesson;
mod look;
mod ours;
mod phase;
mod reason;
mod schedule;
mod seen;
mod source;
mod step;
mod table;
mod target;
mod tell;
mod wants;
mod worst;

#[cfg(test)]
mod tests;

pub use begin::{Aim, Aimed, Beginning, Plan};
pub use checks::{Checks, Served};
pub use course::{
    Course, DeploymentRef, Ending, Failure, Landing, LogState, Origin, Progress, Proof, Push, Record, Times, Warning,
    Watch,
};
pub use event::{Event, EventKind};
pub use health::{Check, Endpoint, Finding, Health, Outcome, Version, VersionPart};
pub use phase::{Phase, Verdict, exit};
pub use reason::Reason;
pub use seen::{
    Cause, CommitMark, Deployment, Kin, Live, Log, Memo, Misheard, NewerPush, Quality, Rate, Relation, Snapshot, State,
    StepReason, Trigger,
};
pub use source::{Claim, Observation, Sight, Source};
pub use step::{Input, LandingSeen, Miss, Step, step};
pub use table::{Columns, Database, DatabaseUrl, Table};
pub use target::{NO_PROVIDER, Pace, Particulars, Policy, TABLE, Target, TargetName, TokenSource, lead};
pub use worst::{Outlook, outlook};
