//! What the keeper is told, and what it wants done.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::place::Place;
use crate::base::Span;
use crate::provider::Want;
use crate::push::{RequestId, Sha};
use crate::watch::{Event, Finding, Kin, LandingSeen, LogState, Memo, Miss, Plan, Snapshot, Target, TargetName, Watch};

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Happening {
    /// Watches that were living when the last monitor ended, so long ago.
    Adopted(Vec<Watch>, Span),
    /// A request made this watch; these are the first lines of its timeline.
    Opened(Arc<Watch>, Vec<Event>),
    /// Somebody wants to know now; the watch may be decided.
    Revisited(Arc<Watch>),
    /// The user stops the watches of a commit, or all.
    Stopped(Option<Sha>),
    /// The landing of a push was looked into.
    Landing(RequestId, LandingSeen),
    /// A look ended.
    Looked(Place, Result<Box<Seen>, Miss>),
    /// A log was fetched, or cannot be had.
    Logged(RequestId, TargetName, LogState),
    /// The configuration was read anew for a watch in trouble.
    Configured(RequestId, Box<Plan>),
    /// A request came: what waits for the user's mending is tried again.
    Nudged,
    /// The machine slept, or nobody was watching, for this long; less than nothing: the clock was set back.
    Slept(Span),
    /// Nothing but time passed.
    Clock,
}

/// A source's answer, and how its commits stand to each watch it is for.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The answer.
    pub answer: Answered,
    /// By watch; whoever is not among them is not told.
    pub kin: BTreeMap<RequestId, Arc<Kin>>,
}

/// Whom a look is for.
#[derive(Debug, Default)]
pub struct Audience {
    /// The watches that are told whatever the source says.
    pub eager: Vec<Arc<Watch>>,
    /// Those that only wait for another commit, and are told what the source did not say before.
    pub patient: Vec<Arc<Watch>>,
    /// What it said before.
    pub said: Option<Arc<Snapshot>>,
}

/// What a source answered.
#[derive(Clone, Debug)]
pub enum Answered {
    /// A provider or a deployments table: the deployments.
    Deployments(Arc<Snapshot>),
    /// The endpoints: one finding each.
    Round(Vec<Finding>),
}

/// Something to be done.
#[derive(Debug)]
pub enum Action {
    /// Store the watch and rewrite what readers see.
    Save {
        /// The watch as it is now.
        watch: Arc<Watch>,
        /// What happened to it.
        events: Vec<Event>,
    },
    /// Something that takes time; what comes of it is to happen.
    Send(Errand),
}

/// What is run beside everything else.
#[derive(Debug)]
pub enum Errand {
    /// Find out whether the push landed; waits for the pushing git first.
    Prove {
        /// The watch.
        watch: Arc<Watch>,
        /// The remote may be asked.
        ask_remote: bool,
    },
    /// Ask a source.
    Look {
        /// Where.
        place: Place,
        /// One of the targets it is asked for.
        target: Arc<Target>,
        /// What the look is for.
        want: Box<Want>,
        /// Whom it is for.
        audience: Audience,
    },
    /// Fetch the log of a failed deployment.
    FetchLog {
        /// The watch.
        watch: Arc<Watch>,
        /// The target that failed.
        target: TargetName,
        /// What the adapter noted about the app.
        memo: Memo,
    },
    /// Read the configuration anew.
    Reconfigure(Arc<Watch>),
}

impl Audience {
    /// Who is told of this answer.
    pub fn of(self, answer: &Answered) -> Vec<Arc<Watch>> {
        let Self { eager: mut told, mut patient, said } = self;
        let is_repeated = match answer {
            Answered::Deployments(snapshot) => said.is_some_and(|said| snapshot.repeats(&said)),
            Answered::Round(_) => false,
        };
        if !is_repeated {
            told.append(&mut patient);
        }
        told
    }
}
