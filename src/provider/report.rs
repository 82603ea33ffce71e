//! What a URL or a command of the user's own says of deployments: a JSON document that is read by pointers, or
//! nothing but the id of the commit that is live.

mod item;
mod state;

use serde_json::Value;

use super::reading::kind;
use crate::base::Timestamp;
use crate::watch::{CommitMark, Deployment, Live, Misheard, Snapshot, State, Target};
use crate::wire::Answer;

/// How a document is read.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    /// Who says it, for sentences.
    pub(super) who: &'a str,
    /// What to do if it cannot be read.
    pub(super) cure: &'a str,
    /// The target it is said of.
    pub(super) target: &'a Target,
    /// Where its parts lie.
    pub(super) fields: &'a Fields,
}

/// Where the parts of a document lie: JSON pointers, the first that finds something counts. Without a list the
/// document is about one deployment; with neither list nor state it only says what is live.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    pub(super) live: Vec<String>,
    pub(super) list: Vec<String>,
    pub(super) commit: Vec<String>,
    pub(super) state: Vec<String>,
    pub(super) id: Vec<String>,
    pub(super) created_at: Vec<String>,
    pub(super) branch: Vec<String>,
    pub(super) environment: Vec<String>,
    pub(super) url: Vec<String>,
    pub(super) error: Vec<String>,
}

/// What was said.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) deployments: Vec<Deployment>,
    pub(super) live: Option<Live>,
    pub(super) reaches_back_to: Option<Timestamp>,
    pub(super) remarks: Vec<String>,
}

impl Facts {
    /// The same as what a look brought.
    pub(super) fn snapshot(self, answer: &Answer) -> Snapshot {
        let Self { deployments, live, reaches_back_to, remarks } = self;
        let (observed_at, latency) = (answer.at, answer.latency);
        Snapshot { observed_at, latency, deployments, reaches_back_to, live, remarks, ..Snapshot::default() }
    }
}

/// Lines of plain text: those that are a commit's id say what is live, one for each host. `None`: there is none.
pub(super) fn plain(body: &[u8]) -> Option<Facts> {
    let text = std::str::from_utf8(body).ok()?;
    let mut marks: Vec<CommitMark> = Vec::new();
    for found in text.lines().filter_map(|line| CommitMark::of(line.trim(), None)) {
        if !marks.contains(&found) {
            marks.push(found);
        }
    }
    let mut facts = Facts { reaches_back_to: Some(Timestamp::NEVER), ..Facts::default() };
    match marks.len() {
        0 => return None,
        1 => facts.live = Some(Live { deployment: None, commits: marks }),
        // While it is rolled out, no commit is live everywhere.
        more => facts.remarks.push(format!("{more} commits are live at once, on different hosts")),
    }
    Some(facts)
}

/// The JSON document of an answer.
pub(super) fn document(who: &str, answer: &Answer) -> Result<Value, Misheard> {
    serde_json::from_slice(&answer.body).map_err(|_| {
        let kind = kind(answer);
        Misheard::Garbled(format!("the answer of {who} is neither JSON nor a commit id but {kind}"))
    })
}

impl Reader<'_> {
    /// Reads a document.
    pub(super) fn read(&self, document: &Value) -> Result<Facts, Misheard> {
        let mut facts = Facts { reaches_back_to: Some(Timestamp::NEVER), ..Facts::default() };
        if !self.fields.list.is_empty() {
            let list = self.list(document)?;
            let read = list.iter().map(|item| self.deployment(item)).collect::<Result<Vec<_>, _>>()?;
            facts.deployments = read.into_iter().flatten().collect();
            facts.reaches_back_to = self.reach(&facts.deployments);
        } else if self.is_of_one(document) {
            facts.deployments.extend(self.deployment(document)?);
            if let Some(deployment) = facts.deployments.first() {
                facts.reaches_back_to = Some(deployment.created_at.unwrap_or(Timestamp::NEVER));
            }
        }
        facts.live = self.live(document, &facts.deployments)?;
        serve(&mut facts);
        Ok(facts)
    }

    fn list<'v>(&self, document: &'v Value) -> Result<&'v [Value], Misheard> {
        let list = item::find(document, &self.fields.list).and_then(Value::as_array);
        list.map(Vec::as_slice).ok_or_else(|| self.garbled("list", &self.fields.list, "a list of deployments"))
    }

    /// The document names a state, so it is about one deployment and not only about what is live.
    fn is_of_one(&self, document: &Value) -> bool {
        let is_told = item::find(document, &self.fields.state).is_some();
        // A state whose pointer finds nothing is an error, unless there is something else to be read.
        is_told || (!self.fields.state.is_empty() && self.fields.live.is_empty())
    }

    /// How far back a list goes: to its oldest deployment, or to the beginning where they have no dates.
    fn reach(&self, deployments: &[Deployment]) -> Option<Timestamp> {
        let dates: Option<Vec<_>> = deployments.iter().map(|deployment| deployment.created_at).collect();
        dates?.into_iter().min().filter(|_| !self.fields.created_at.is_empty())
    }

    fn live(&self, document: &Value, deployments: &[Deployment]) -> Result<Option<Live>, Misheard> {
        if let Some(found) = item::first(document, &self.fields.live) {
            let commits = self.commits(found, "live", &self.fields.live)?;
            return Ok((!commits.is_empty()).then_some(Live { deployment: None, commits }));
        }
        if !deployments.is_empty() || !self.fields.list.is_empty() || self.is_of_one(document) {
            return Ok(None);
        }
        let found = item::first(document, &self.fields.commit);
        let pointers = if self.fields.live.is_empty() { &self.fields.commit } else { &self.fields.live };
        let found = found.ok_or_else(|| self.garbled("the live commit", pointers, "anything"))?;
        let commits = self.commits(found, "commit", &self.fields.commit)?;
        Ok((!commits.is_empty()).then_some(Live { deployment: None, commits }))
    }

    /// A sentence about a part that is not there, or is something else.
    fn garbled(&self, what: &str, pointers: &[String], wanted: &str) -> Misheard {
        let pointers = pointers.join(" or ");
        let pointers = if pointers.is_empty() { "the whole document".to_owned() } else { pointers };
        Misheard::Garbled(format!(
            "the answer of {} does not hold {wanted} at {pointers}, where {what} is looked for; {}",
            self.who, self.cure
        ))
    }
}

/// Which deployment serves traffic: the one with the live commit, else the newest that ended well.
fn serve(facts: &mut Facts) {
    if facts.deployments.iter().all(|deployment| deployment.created_at.is_some()) {
        facts.deployments.sort_by_key(|deployment| std::cmp::Reverse(deployment.created_at));
    }
    let is_live = |deployment: &Deployment| {
        deployment.state == State::Succeeded
            && facts.live.as_ref().is_none_or(|live| {
                let named = |mark: &CommitMark| deployment.commits.iter().any(|own| agree(&own.sha, &mark.sha));
                live.commits.iter().any(named)
            })
    };
    let serving = facts.deployments.iter().position(is_live);
    for (place, deployment) in facts.deployments.iter_mut().enumerate() {
        if deployment.state == State::Succeeded {
            deployment.is_live = Some(Some(place) == serving);
            // What ended well was live, unless something else is said to be.
            deployment.was_live = (facts.live.is_none() || deployment.is_live == Some(true)).then_some(true);
        }
    }
    if let Some(place) = serving {
        let deployment = &facts.deployments[place];
        facts.live = Some(Live { deployment: Some(deployment.id.clone()), commits: deployment.commits.clone() });
    }
}

/// One of the two ids is the other's beginning.
fn agree(one: &str, other: &str) -> bool {
    one.starts_with(other) || other.starts_with(one)
}
