//! `afterpush trust`: shows what this repository's tracked file may do only with the user's word, and gives it.

use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;

use super::place::{Place, status_files};
use super::world::config_failure;
use super::{Failure, Outcome, World};
use crate::config::{self, Claim, Claims, TRACKED_FILE};
use crate::host::places::Places;
use crate::host::trust::Trust;
use crate::push::Asked;
use crate::status;
use crate::watch::exit;

/// What `afterpush trust` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show what would be allowed, change nothing
    #[arg(long)]
    pub print: bool,
}

/// `afterpush.trust/1`.
#[derive(Serialize, JsonSchema)]
struct Document<'a> {
    schema: &'static str,
    /// All sensitive keys of the file are allowed now.
    trusted: bool,
    /// The sensitive keys, by their order in the file.
    keys: Vec<Allowable<'a>>,
    message: &'a str,
}

/// A sensitive key.
#[derive(Serialize, JsonSchema)]
struct Allowable<'a> {
    key: &'a str,
    /// As TOML, whole.
    value: String,
    line: Option<usize>,
    /// Who gets the credential, where the key is about one: provider and origin.
    #[serde(skip_serializing_if = "Option::is_none")]
    goes_to: Option<&'a str>,
}

/// The schema of `afterpush.trust/1`.
pub(super) fn schema() -> Schema {
    schema_for!(Document<'_>)
}

/// Runs the command.
pub fn run(args: &Args, world: &World) -> Result<Outcome, Failure> {
    let place = Place::find(world)?;
    let trust = word_on(&place)?;
    let claims = claims(world, &place)?;
    let mut untouched = Vec::new();
    if !args.print && !claims.is_empty() {
        trust.allow(&claims).map_err(|error| {
            Failure::failed("trust", "cannot note that this repository is trusted, so it is not").because(error)
        })?;
        untouched = tell_watches(world, &place)?;
    }
    let is_trusted = trust.allows(&claims);
    let message = match (claims.is_empty(), args.print, is_trusted) {
        (true, ..) => format!("{TRACKED_FILE} names nothing that has to be allowed"),
        (false, true, true) => format!("this is allowed; whatever changes of it in {TRACKED_FILE} is not"),
        (false, true, false) => "this is not allowed; `afterpush trust` allows it".to_owned(),
        (false, false, _) => {
            format!("allowed, until one of them changes in {TRACKED_FILE}; `afterpush untrust` takes it back")
        }
    };
    if world.json {
        world.printer.document(&document(is_trusted, &claims, &message));
    } else if world.quiet {
        world.printer.line(word(is_trusted || claims.is_empty()));
    } else {
        world.printer.lines(&lines(&claims));
        world.printer.note(&message);
        for short in &untouched {
            let begin =
                format!("`afterpush stop {short} && afterpush track {short}` begins it anew with what is allowed");
            world.printer.note(&format!("the watch of {short} goes on with the configuration it began with; {begin}"));
        }
    }
    Ok(Outcome::Done)
}

/// Has the watches that wait for the user configured anew; gives the other ones, which end with what they began with
/// though something was ignored then.
fn tell_watches(world: &World, place: &Place) -> Result<Vec<String>, Failure> {
    let own = nix::unistd::geteuid().as_raw();
    let files = status_files(&place.layout).into_iter().filter(|file| file.uid == own);
    let open: Vec<_> = files.filter_map(|file| file.document).filter(|document| !document.done).collect();
    let (waiting, running): (Vec<_>, Vec<_>) = open.iter().partition(|known| known.exit_code == exit::CONFIG);
    for document in &waiting {
        place.ask(world, Asked::Refresh { sha: document.commit.sha.clone() })?;
    }
    if !waiting.is_empty() {
        place.ensure_monitor(world)?;
    }
    let was_ignored = |known: &&&status::Document| known.warnings.iter().any(|w| w.code == config::UNTRUSTED);
    Ok(running.iter().filter(was_ignored).map(|known| known.commit.short.clone()).collect())
}

/// Prints how it stands after `untrust`.
pub(super) fn tell_revoked(world: &World, message: &str) {
    if world.json {
        world.printer.document(&Document { schema: "afterpush.trust/1", trusted: false, keys: Vec::new(), message });
    } else if world.quiet {
        world.printer.line(word(false));
    } else {
        world.printer.note(message);
    }
}

/// The user's word on this repository.
pub(super) fn word_on(place: &Place) -> Result<Trust, Failure> {
    let places = Places::of_user().ok_or_else(|| {
        Failure::failed("no_home", "there is no home folder, so there is no place to note what is trusted")
            .hint("set HOME")
    })?;
    Ok(Trust::of(&places, place.layout.common_dir()))
}

fn claims(world: &World, place: &Place) -> Result<Claims, Failure> {
    let file = world.with_sources(place, |sources| sources.tracked().transpose().map(|file| Claims::of(&file?)));
    match file {
        Some(claims) => claims.map_err(|error| config_failure(&error)),
        None => {
            Err(Failure::failed("no_file", format!("there is no {TRACKED_FILE} here, so there is nothing to allow"))
                .hint("afterpush init"))
        }
    }
}

fn document<'a>(trusted: bool, claims: &'a Claims, message: &'a str) -> Document<'a> {
    let keys = claims.iter().map(|claim| Allowable {
        key: &claim.key,
        value: claim.shown(),
        line: claim.at.line,
        goes_to: claim.goes_to.as_deref(),
    });
    Document { schema: "afterpush.trust/1", trusted, keys: keys.collect(), message }
}

fn word(is_trusted: bool) -> &'static str {
    if is_trusted { "trusted" } else { "untrusted" }
}

fn lines(claims: &Claims) -> Vec<String> {
    let goal = |to: &String| format!("  # the credential goes to {to}");
    let line = |claim: &Claim| {
        let goal = claim.goes_to.as_ref().map(goal).unwrap_or_default();
        format!("{}: {} = {}{goal}", claim.at, claim.key, claim.shown())
    };
    claims.iter().map(line).collect()
}
