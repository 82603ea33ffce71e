//! What the rows mean.

use super::ask::{CLOCK, NEW, OWN};
use super::time::{may_be_local, moment};
use super::words;
use crate::base::{Span, Timestamp, text};
use crate::watch::{Cause, CommitMark, Deployment, Misheard, Snapshot, State, StepReason, Table};
use crate::wire::{Rows, origin};

/// How far ahead of the database's clock a row may be dated. Further ahead, somebody wrote a local time.
const AHEAD: Span = Span::from_mins(2);
/// No zone is further ahead of UTC.
const EASTERNMOST: Span = Span::from_mins(14 * 60);

/// The answer to [`super::ask::rows`], `most` of the newest rows asked for.
pub(super) fn snapshot(table: &Table, answer: &Rows, most: usize) -> Result<Snapshot, Misheard> {
    let rows = answer.rows.iter().map(|row| Row::of(row)).collect::<Result<Vec<_>, _>>()?;
    let clock = rows.iter().find(|row| row.what == CLOCK).and_then(|row| moment(row.id?));
    let (mut dated, mut newest) = (Vec::new(), 0);
    for row in rows.iter().filter(|row| row.what == NEW || row.what == OWN) {
        newest += usize::from(row.what == NEW);
        dated.push((row.time.and_then(moment), row));
    }
    let is_all = newest < most;
    let listed = dated.iter().filter(|(_, row)| row.what == NEW);
    let oldest = listed.map(|(at, _)| *at).min_by_key(|at| at.unwrap_or(Timestamp::NEVER)).flatten();
    // The newest first; what has no time comes last, in the order of the table.
    dated.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let limit = clock.unwrap_or(answer.at) + AHEAD;
    let is_ahead = |at: Option<Timestamp>| at.is_some_and(|at| at > limit);
    // Who writes one local time writes them all, and the older ones look like times that have been.
    let is_local = |row: &Row| row.time.is_some_and(may_be_local);
    let is_shifted = |at: Option<Timestamp>| is_ahead(at) && at <= Some(limit + EASTERNMOST);
    let has_local = dated.iter().any(|(at, row)| is_shifted(*at) && is_local(row));
    let mut deployments: Vec<Deployment> = Vec::new();
    for (at, row) in &dated {
        let is_wrong = is_ahead(*at) || (has_local && is_local(row));
        let deployment = row.deployment(table, at.filter(|_| !is_wrong));
        // A row of ours may be among the newest, too.
        if !deployments.iter().any(|known| known.id == deployment.id) {
            deployments.push(deployment);
        }
    }
    let is_any_ahead = dated.iter().any(|(at, _)| is_ahead(*at));
    Ok(Snapshot {
        observed_at: answer.at,
        provider_clock: clock,
        reaches_back_to: (!is_all).then(|| oldest.unwrap_or(Timestamp::NEVER)),
        deployments,
        remarks: is_any_ahead.then(|| remark(table)).into_iter().collect(),
        ..Snapshot::default()
    })
}

fn remark(table: &Table) -> String {
    format!(
        "table {} has rows that are dated later than the database's own clock, so their times are not used; times \
         without a zone are taken for UTC",
        table.name
    )
}

/// One row as it came.
#[derive(Clone, Copy)]
struct Row<'a> {
    what: &'a str,
    id: Option<&'a str>,
    commit: Option<&'a str>,
    status: Option<&'a str>,
    time: Option<&'a str>,
    changed: Option<&'a str>,
    error: Option<&'a str>,
    url: Option<&'a str>,
    branch: Option<&'a str>,
    environment: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn of(row: &'a [Option<String>]) -> Result<Self, Misheard> {
        let [what, id, commit, status, time, changed, error, url, branch, environment] = row else {
            return Err(Misheard::Garbled("the deployments table answers with other columns than were asked".into()));
        };
        let value = |column: &'a Option<String>| column.as_deref().map(str::trim).filter(|value| !value.is_empty());
        Ok(Self {
            what: value(what).unwrap_or_default(),
            id: value(id),
            commit: value(commit),
            status: value(status),
            time: value(time),
            changed: value(changed),
            error: value(error),
            url: value(url),
            branch: value(branch),
            environment: value(environment),
        })
    }

    fn deployment(&self, table: &Table, created_at: Option<Timestamp>) -> Deployment {
        let word = self.status.unwrap_or("none");
        let state = self.status.map_or(State::Unknown, |word| words::state(&table.words, word));
        let raw_state = shown(word, 40);
        Deployment {
            id: self.name(),
            state,
            commits: self.commit.and_then(|commit| CommitMark::of(commit, None)).into_iter().collect(),
            branch: self.branch.and_then(branch),
            environment: self.environment.map(str::to_owned),
            created_at,
            updated_at: self.changed.and_then(moment),
            is_live: None,
            was_live: was_live(state),
            cause: Cause::Other,
            done_steps: None,
            step: None,
            reason: self.error.filter(|_| state == State::Failed).map(|message| StepReason {
                code: raw_state.clone(),
                message: shown(message, 500),
                step: None,
                in_build: words::in_build(word),
            }),
            url: self.url.filter(|url| is_page(url)).map(str::to_owned),
            raw_state,
        }
    }

    /// Its id, or what tells it from other rows where there is none.
    fn name(&self) -> String {
        match self.id {
            Some(id) => shown(id, 100),
            None => shown(&format!("{} {}", self.commit.unwrap_or("none"), self.time.unwrap_or("none")), 150),
        }
    }
}

/// Foreign words on their way to people.
fn shown(words: &str, most: usize) -> String {
    text::cut(&text::visible(words), most, false)
}

/// A branch's name as it is, from the whole name of its ref, too: it is compared with git's own. A tag is none.
fn branch(name: &str) -> Option<String> {
    let name = name.strip_prefix("refs/heads/").unwrap_or(name);
    (!name.starts_with("refs/")).then(|| name.to_owned())
}

const fn was_live(state: State) -> Option<bool> {
    match state {
        State::Succeeded => Some(true),
        State::Failed | State::Canceled | State::Skipped => Some(false),
        _ => None,
    }
}

/// A web page, without a user name or password in its address.
fn is_page(url: &str) -> bool {
    origin(url).is_some() && text::is_plain(url) && !url.contains(char::is_whitespace)
}
