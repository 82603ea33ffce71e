//! The beginning of `wait` and `watch`: whose status file is followed, and what has to be asked for it to come.

use std::time::Duration;

use tokio::time::Instant;

use super::answer::Answer;
use super::follow::{Follow, Seen};
use super::place::{Place, Written};
use super::status::pick_up;
use super::trouble::{is_about_configuration, still_unusable};
use super::{Failure, World};
use crate::base::{Span, Timestamp};
use crate::push::{Asked, Request, RequestId, Sha, TrackNote};
use crate::status::{Document, Target, Unwatched};
use crate::watch::{Reason, exit};

/// How long after a request was taken a document that was not written again counts as one that was not written yet.
const GRACE: Duration = Duration::from_secs(10);
/// The same for a source that was not asked again yet: no look takes longer.
const LOOK_GRACE: Duration = Duration::from_secs(70);

/// A commit that is being waited for.
pub struct Start<'a> {
    place: &'a Place,
    sha: Sha,
    /// The commit is answered through the tip it was pushed below.
    is_inside: bool,
    follow: Follow<'a>,
    hold: Option<Hold>,
    /// The newest document while it is held back, or the answer where nothing more will come.
    kept: Option<Box<Document>>,
    first: Document,
}

/// What was there before a request was worked on does not answer it.
struct Hold {
    request: RequestId,
    /// The file as it was then.
    before: Option<Written>,
    /// When it was asked. What the user had to mend by the word of an older look is no answer.
    asked: Timestamp,
    /// The configuration that was in the way is good by now.
    is_mended: bool,
    taken: Option<Instant>,
}

/// Whose file leads to the answer.
struct Lead {
    followed: Sha,
    hold: Option<Hold>,
    settled: Option<Box<Document>>,
    /// How it stands now.
    first: Document,
}

/// Finds out what to follow. A commit nobody watches is tracked; where credentials or configuration were missing it
/// is looked whether they still are. Needs a tokio runtime around it.
pub fn start<'a>(
    place: &'a Place,
    world: &'a World,
    sha: Sha,
    answer: Result<Answer, Failure>,
    limit: Option<Span>,
) -> Result<Start<'a>, Failure> {
    let Lead { followed, hold, settled, first } = match answer {
        Ok(answer) => lead(place, world, &sha, answer)?,
        // A damaged status file is written anew by a monitor that is asked for the commit.
        Err(failure) => {
            world.printer.note(&format!("afterpush: {}; asking for it anew", failure.sentence()));
            let request = place.ask(world, Asked::Refresh { sha: sha.clone() })?;
            Lead::after(&request, sha.clone(), place.requested(&sha, &request))
        }
    };
    let mut follow = Follow::new(world, place, followed.clone(), limit.map(Span::to_std))?;
    if hold.is_some() {
        follow.call_monitor();
    }
    Ok(Start { place, is_inside: followed != sha, sha, follow, hold, kept: settled, first })
}

fn lead(place: &Place, world: &World, sha: &Sha, answer: Answer) -> Result<Lead, Failure> {
    Ok(match answer {
        Answer::Own(document) => known(place, world, &document, (*document).clone())?,
        Answer::Through(tip) => known(place, world, &tip, place.inside(sha, &tip))?,
        Answer::Pushing(request) => {
            let followed = tip_of(&request.asked, sha);
            let before = place.written(&followed);
            let lead = Lead::after(&request, followed, place.requested(sha, &request));
            Lead { hold: Some(Hold { before, ..Hold::new(&request) }), ..lead }
        }
        Answer::Found(note) => {
            let followed = note.sha.clone();
            let request = pick_up(place, world, *note)?;
            Lead::after(&request, followed, place.requested(sha, &request))
        }
        Answer::Elsewhere(branch) => {
            let first = place.unwatched(sha, &Unwatched::BranchNotDeployed(branch));
            Lead { followed: sha.clone(), hold: None, settled: Some(Box::new(first.clone())), first }
        }
        Answer::Nobody(_) => {
            let request = place.ask(world, Asked::Track(by_hand(place, sha)))?;
            world.printer.note(&format!("afterpush: nobody watched {}; it is watched from now on", sha.short()));
            Lead::after(&request, sha.clone(), place.requested(sha, &request))
        }
    })
}

/// There is a document. Where it waits for the user, who may have mended it by now, it is looked at once more.
fn known(place: &Place, world: &World, document: &Document, first: Document) -> Result<Lead, Failure> {
    let followed = document.commit.sha.clone();
    if let Some(first) = still_unusable(place, world, &first) {
        place.ensure_monitor(world)?;
        return Ok(Lead { followed, hold: None, settled: Some(Box::new(first.clone())), first });
    }
    let has_file = place.written(&followed).is_some();
    if document.exit_code != exit::CONFIG && (has_file || document.done) {
        // What the store alone tells of is not followed: nobody would write it.
        let settled = (!has_file).then(|| Box::new(first.clone()));
        return Ok(Lead { followed, hold: None, settled, first });
    }
    place.call_monitor_with_our_credentials(world)?;
    let before = place.written(&followed);
    let request = place.ask_anew(world, document)?;
    let hold = Hold { before, is_mended: is_about_configuration(document), ..Hold::new(&request) };
    Ok(Lead { followed, hold: Some(hold), settled: None, first })
}

/// The note of a `track` without flags.
pub fn by_hand(place: &Place, sha: &Sha) -> TrackNote {
    let worktree = place.repo.worktree().map(Into::into);
    TrackNote { sha: sha.clone(), remote: None, branch: None, target: None, pushed: None, worktree }
}

/// The commit whose document a request leads to.
fn tip_of(asked: &Asked, sha: &Sha) -> Sha {
    match asked {
        // Of several refs in one push each tip gets its document; the commit's own wins.
        Asked::Push(push) if push.refs.iter().all(|update| update.new != *sha) => {
            push.refs.first().map_or_else(|| sha.clone(), |update| update.new.clone())
        }
        _ => sha.clone(),
    }
}

impl Lead {
    fn after(request: &Request, followed: Sha, first: Document) -> Self {
        Self { followed, hold: Some(Hold::new(request)), settled: None, first }
    }
}

/// A source by whose word the user has to mend something was not asked again since then.
fn is_unasked(document: &Document, since: Timestamp) -> bool {
    let needs_the_user =
        |target: &&Target| target.verdict.is_none() && target.reason.known().is_some_and(Reason::needs_the_user);
    let readings = document.targets.iter().filter(needs_the_user).filter_map(Target::lead_reading);
    readings.into_iter().any(|reading| reading.observed_at < since)
}

impl Hold {
    fn new(request: &Request) -> Self {
        Self {
            request: request.id.clone(),
            before: None,
            asked: request.at.whole_seconds(),
            is_mended: false,
            taken: None,
        }
    }

    /// The document does not answer the request yet; `read_as` is what its file was when it was read.
    fn holds(&mut self, place: &Place, document: &Document, read_as: Option<&Written>) -> bool {
        if place.has_request(&self.request) {
            return true;
        }
        let taken = *self.taken.get_or_insert_with(Instant::now);
        self.is_unanswered_by(document, read_as, taken.elapsed())
    }

    /// The same, so long after the request was taken.
    fn is_unanswered_by(&self, document: &Document, read_as: Option<&Written>, since: Duration) -> bool {
        let is_old = || self.before.is_some() && self.before.as_ref() == read_as;
        let is_unread = || self.is_mended && is_about_configuration(document);
        // The monitor also writes when it begins, and what other sources say, before it has asked this one.
        let is_unasked = || document.exit_code == exit::CONFIG && is_unasked(document, self.asked);
        (since < GRACE && (is_old() || is_unread())) || (since < LOOK_GRACE && is_unasked())
    }
}

impl Start<'_> {
    /// How it stood at the beginning.
    pub const fn first(&self) -> &Document {
        &self.first
    }

    /// Waits for the next thing to happen.
    pub async fn next(&mut self) -> Result<Seen, Failure> {
        if let Some(document) = self.kept.take() {
            if self.lets_through(&document) {
                return Ok(self.changed(document));
            }
            self.kept = Some(document);
        }
        match self.follow.next().await? {
            Seen::Changed(document) if self.lets_through(&document) => {
                self.kept = None;
                Ok(self.changed(document))
            }
            Seen::Changed(document) => {
                self.kept = Some(document);
                Ok(Seen::Tick)
            }
            Seen::TimeUp => Ok(self.out_of_time()),
            seen => Ok(seen),
        }
    }

    /// That the user has to do something was the answer before, and nobody has said otherwise in time.
    fn out_of_time(&mut self) -> Seen {
        let needs_the_user = |document: &mut Box<Document>| document.exit_code == exit::CONFIG;
        match self.kept.take_if(needs_the_user) {
            Some(document) => self.changed(document),
            None => Seen::TimeUp,
        }
    }

    fn changed(&self, document: Box<Document>) -> Seen {
        Seen::Changed(if self.is_inside { Box::new(self.place.inside(&self.sha, &document)) } else { document })
    }

    fn lets_through(&mut self, document: &Document) -> bool {
        let read_as = self.follow.read_as();
        let is_held = self.hold.as_mut().is_some_and(|hold| hold.holds(self.place, document, read_as));
        if !is_held {
            self.hold = None;
        }
        !is_held
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::{Observation, Timeline};
    use crate::watch::{Phase, Source};

    fn target(name: &str, reason: Reason, heard: Timestamp) -> Target {
        let reading = Observation {
            source: Source::Provider.into(),
            ok: false,
            value: None,
            observed_at: heard,
            latency_ms: None,
            error: Some("it does not accept the token".to_owned()),
        };
        Target {
            name: name.to_owned(),
            provider: "digitalocean".to_owned(),
            phase: Phase::Registering.into(),
            verdict: None,
            reason: reason.into(),
            message: String::new(),
            deployment: None,
            progress: None,
            timeline: Timeline::default(),
            served: None,
            observations: vec![reading],
        }
    }

    #[test]
    fn a_refusal_is_an_answer_once_its_own_source_was_asked_after_the_request() {
        let sha: Sha = "a".repeat(40).parse().expect("an id");
        let asked = Timestamp::from_secs(1_800_000_000);
        let before = asked - Span::from_secs(5);
        let request = Request::new(uuid::Uuid::now_v7(), asked, Asked::Refresh { sha: sha.clone() });
        let hold = Hold::new(&request);
        let is_held = |refused_at, other_at, since| {
            let mut document = crate::status::unwatched(&sha, None, &Unwatched::NotTracked);
            document.exit_code = exit::CONFIG;
            let refused = target("web", Reason::CredentialsRefused, refused_at);
            document.targets = vec![refused, target("api", Reason::BuildRunning, other_at)];
            hold.is_unanswered_by(&document, None, Duration::from_secs(since))
        };
        assert!(is_held(before, before, 1) && is_held(before, asked, 1), "another target's look is no answer");
        assert!(is_held(before, asked, 60), "a look may take long");
        assert!(!is_held(asked, before, 1), "it was asked again");
        assert!(!is_held(before, before, 600), "nobody asks any more");
    }
}
