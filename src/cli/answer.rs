//! What can be said of a commit from what is on this machine: its own status file, a request nobody has taken yet,
//! the pushed range it lies in, git's journal of pushes.

use std::collections::BTreeMap;

use super::place::Place;
use super::pushes::{Pushed, pushes};
use super::{Failure, World};
use crate::base::{Layout, Span};
use crate::host::clock::{Machine, boot};
use crate::push::{Asked, Request, Sha, TrackNote};
use crate::spool::{self, Found};
use crate::status::{self, Document, Surroundings, Unwatched};
use crate::store::{Store, blocking};
use crate::watch::{Landing, Relation, Watch};

/// How long ago a branch's newest push, found in the journal, may have been made to be watched still.
const TIP_AGE: Span = Span::from_hours(24);

/// What is known of a commit.
pub enum Answer {
    /// Its own status document; where its file was cleaned away, as the store has it.
    Own(Box<Document>),
    /// It was pushed inside a range; this is the document of the range's tip.
    Through(Box<Document>),
    /// A request that brings the commit waits in the inbox.
    Pushing(Box<Request>),
    /// Git's journal shows a push that brings it and that nobody watches yet.
    Found(Box<TrackNote>),
    /// It was pushed to a branch that deploys to no target.
    Elsewhere(String),
    /// Nobody watches it.
    Nobody(Unwatched),
}

/// Finds the best answer. Where the commit has its own document, that is all that is read.
pub fn answer(place: &Place, world: &World, sha: &Sha) -> Result<Answer, Failure> {
    // The inbox comes first: what leaves it meanwhile is in the file by then.
    let requests: Vec<_> = requests(&place.layout).collect();
    // A file that is damaged tells nothing of any push.
    let known = place.status(sha);
    if let Some(request) = waiting(place, sha, requests, known.as_ref().ok().and_then(Option::as_ref)) {
        return Ok(Answer::Pushing(Box::new(request)));
    }
    match known? {
        Some(document) => Ok(Answer::Own(Box::new(document))),
        None => from_pushes(place, world, sha),
    }
}

/// The newest push, or `track`, that waits in the inbox and brings this commit, unless the commit's own document tells
/// of a newer one.
fn waiting(place: &Place, sha: &Sha, requests: Vec<Request>, known: Option<&Document>) -> Option<Request> {
    let told = known.and_then(|document| document.push.as_ref()?.at);
    let brings = |request: &Request| match &request.asked {
        // What has a document of its own is not answered through another commit's push.
        Asked::Push(push) if known.is_some() => push.refs.iter().any(|update| update.new == *sha),
        Asked::Push(push) => push.refs.iter().any(|update| brings(place, update.old.as_ref(), &update.new, sha)),
        Asked::Track(track) => track.sha == *sha,
        Asked::Ignore(_) | Asked::Stop(_) | Asked::Refresh { .. } | Asked::Leave => false,
    };
    let newest = requests.into_iter().filter(|request| brings(request)).max_by_key(|request| request.at)?;
    // Documents tell whole seconds. Of two pushes within one the document may tell the older.
    (told <= Some(newest.at.whole_seconds())).then_some(newest)
}

/// What waits in the inbox.
fn requests(layout: &Layout) -> impl Iterator<Item = Request> + use<> {
    // An inbox that cannot be read holds nothing anybody could take; a broken request is told of by whoever sets it
    // aside, and what a newer program asks only a newer one understands.
    let found = spool::scan(layout).into_iter().flatten();
    found.filter_map(|found| match found {
        Found::Request { request, .. } => Some(*request),
        Found::Newer { .. } | Found::Broken { .. } => None,
    })
}

/// The documents of the pushes that wait in the inbox, the newest of each commit.
pub fn pushing(layout: &Layout) -> Vec<Document> {
    let mut newest = BTreeMap::new();
    for request in requests(layout).filter(|request| matches!(request.asked, Asked::Push(_) | Asked::Track(_))) {
        newest.extend(request.asked.commits().map(|sha| (sha.clone(), request.clone())));
    }
    newest.iter().map(|(sha, request)| status::requested(sha, None, request)).collect()
}

/// A push from `old` to `new` brings the commit: it is the new tip or an ancestor of it, and not of the old one.
fn brings(place: &Place, old: Option<&Sha>, new: &Sha, sha: &Sha) -> bool {
    let within = |tip: &Sha| matches!(place.repo.relation(sha, tip.as_str()), Relation::Same | Relation::Contains);
    within(new) && old.is_none_or(|old| !within(old))
}

fn from_pushes(place: &Place, world: &World, sha: &Sha) -> Result<Answer, Failure> {
    // A configuration that cannot be used is told by the commands that need one; here it only means fewer branches.
    let config = world.settings(place).ok();
    let known = pushes(&place.repo, config.as_ref());
    let Some(pushed) = known.iter().find(|p| brings(place, p.entry.old.as_ref(), &p.entry.new, sha)) else {
        return through_latest(place, world, sha);
    };
    if let Some(document) = place.status(&pushed.entry.new)? {
        return Ok(Answer::Through(Box::new(document)));
    }
    let Some(config) = config.filter(|config| !config.targets.is_empty()) else {
        return Ok(from_store(place, world, sha, &pushed.entry.new));
    };
    if !pushed.deploys(&place.repo, &config) {
        let branch = pushed.ref_name.branch().unwrap_or(pushed.ref_name.as_str());
        return Ok(Answer::Elsewhere(branch.to_owned()));
    }
    let limit = if pushed.is_tip { TIP_AGE } else { config.watch.register_timeout };
    let is_recent = world.now().since(pushed.entry.at) <= limit;
    let is_new = is_recent && place.has_hook() && !is_known(place, pushed)?;
    Ok(if is_new {
        Answer::Found(Box::new(pushed.note(&place.repo)))
    } else {
        from_store(place, world, sha, &pushed.entry.new)
    })
}

/// The push was watched once, or is to be ignored: by the store, or by a request nobody has taken yet.
fn is_known(place: &Place, pushed: &Pushed) -> Result<bool, Failure> {
    let Pushed { remote, ref_name, entry, .. } = pushed;
    let is_ignored = requests(&place.layout).any(|request| match &request.asked {
        Asked::Ignore(note) => note.remote == *remote && note.refs.iter().any(|update| update.new == entry.new),
        _ => false,
    });
    if is_ignored {
        return Ok(true);
    }
    let store = place.layout.store();
    let known = super::runtime()?.block_on(async {
        match Store::open_to_read(&store).await? {
            Some(store) => store.knows_push(remote, ref_name, &entry.new, entry.at, &boot(&Machine)).await,
            None => Ok(false),
        }
    });
    // A store that cannot be read is the monitor's to set aside; it knows its pushes then as little as this does.
    Ok(known.unwrap_or(false))
}

/// Without tracking refs (a bare clone) the newest confirmed push is the only range that is known.
fn through_latest(place: &Place, world: &World, sha: &Sha) -> Result<Answer, Failure> {
    let Some(latest) = place.latest()? else { return Ok(from_store(place, world, sha, sha)) };
    let old = latest.push.as_ref().and_then(|push| push.old.as_ref());
    // Without the old id everything the tip contains would count as brought by it.
    let brought = old.is_some() && brings(place, old, &latest.commit.sha, sha);
    Ok(if brought { Answer::Through(Box::new(latest)) } else { from_store(place, world, sha, sha) })
}

/// What is known of a commit, and of the tip it was pushed with, where there is no status file: what the store has
/// of its watch, or that its push was not to be watched.
fn from_store(place: &Place, world: &World, sha: &Sha, tip: &Sha) -> Answer {
    let found = blocking::read(&place.layout.store(), async |store| {
        for known in [sha, tip] {
            if let Some(watch) = shown(store.attempts(known).await?) {
                return Ok((Some(watch), false));
            }
        }
        Ok((None, store.ignores(tip).await?))
    });
    // A store that cannot be read is the monitor's to set aside; until then it says nothing.
    let (watch, is_ignored) = found.ok().flatten().unwrap_or_default();
    let around = Surroundings { now: world.now(), is_head: false, monitor_pid: None, quiet: Span::ZERO };
    match watch.map(|watch| Box::new(status::document(&watch, &around))) {
        Some(document) if document.commit.sha == *sha => Answer::Own(document),
        Some(document) => Answer::Through(document),
        None if is_ignored || is_to_be_ignored(place, tip) => Answer::Nobody(Unwatched::Ignored),
        None => Answer::Nobody(Unwatched::NotTracked),
    }
}

/// The newest attempt that got anywhere, else the newest.
fn shown(attempts: Vec<Watch>) -> Option<Watch> {
    attempts.into_iter().max_by_key(|watch| (watch.landing != Landing::NotLanded, watch.attempt))
}

/// A request nobody has taken yet says so.
fn is_to_be_ignored(place: &Place, tip: &Sha) -> bool {
    requests(&place.layout).any(|request| match &request.asked {
        Asked::Ignore(note) => note.refs.iter().any(|update| update.new == *tip),
        _ => false,
    })
}
