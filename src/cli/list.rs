//! `afterpush list`: running watches and recent verdicts.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::answer::pushing;
use super::place::{Place, StatusFile, status_files};
use super::{Failure, Outcome, World, view};
use crate::base::Layout;
use crate::host::places::Places;
use crate::push::Sha;
use crate::status::{self, Document};

/// The schema of [`ListDocument`].
pub const LIST_SCHEMA: &str = "afterpush.list/1";

/// What `afterpush list` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only those still in progress
    #[arg(long)]
    pub active: bool,
    /// Those of every repository of this user
    #[arg(long)]
    pub all_repos: bool,
    /// How many at most
    #[arg(short, value_name = "N", default_value_t = 10)]
    pub number: usize,
}

/// What `list --json` prints: the newest push first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ListDocument {
    /// `afterpush.list/1`
    pub schema: String,
    /// The commits.
    pub items: Vec<Item>,
}

/// A commit in a list.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Item {
    /// The git common dir of its repository.
    pub repository: String,
    /// Its status.
    #[serde(flatten)]
    pub status: Document,
}

/// Runs the command.
pub fn run(args: &Args, world: &World) -> Result<Outcome, Failure> {
    let mut items = Vec::new();
    for (layout, head) in repositories(args, world)? {
        let repository = layout.common_dir().display().to_string();
        let pushing = pushing(&layout);
        let files = status_files(&layout).into_iter().map(|file| shown(world, file));
        let is_newest = |known: &Document| {
            pushing.iter().all(|push| push.commit.sha != known.commit.sha || started(known) > started(push))
        };
        let mut statuses: Vec<_> = files.filter(is_newest).collect();
        let is_told = |push: &Document| statuses.iter().any(|told| told.commit.sha == push.commit.sha);
        let waiting: Vec<_> = pushing.iter().filter(|push| !is_told(push)).cloned().collect();
        statuses.extend(waiting);
        let of_repository = statuses
            .into_iter()
            .map(|status| Item { repository: repository.clone(), status: status.seen(world.now(), head.as_ref()) });
        // Of a damaged file it cannot be told whether it is in progress.
        items.extend(of_repository.filter(|item| !args.active || (!item.status.done && item.status.phase.is_some())));
    }
    items.sort_by_key(|item| std::cmp::Reverse(started(&item.status)));
    let total = items.len();
    items.truncate(args.number);
    show(args, world, items, total);
    Ok(Outcome::Done)
}

/// What a file says; of a damaged one, that it is.
fn shown(world: &World, file: StatusFile) -> Document {
    let StatusFile { sha, document, .. } = file;
    document.unwrap_or_else(|| {
        let damaged = status::damaged(&sha);
        let hint = format!("`afterpush wait {}` has it written anew", sha.short());
        world.printer.note(&format!("afterpush: {}; {hint}", damaged.message));
        damaged
    })
}

/// The files of the repositories to list, with what HEAD is at where that is known.
fn repositories(args: &Args, world: &World) -> Result<Vec<(Layout, Option<Sha>)>, Failure> {
    if !args.all_repos {
        let place = Place::find(world)?;
        return Ok(vec![(place.layout.clone(), place.repo.head())]);
    }
    let uid = nix::unistd::geteuid().as_raw();
    let known = Places::of_user().map(|places| places.repositories()).unwrap_or_default();
    let layout = |common_dir: PathBuf| (Layout::new(&common_dir, uid), None);
    Ok(known.into_iter().map(layout).collect())
}

fn show(args: &Args, world: &World, items: Vec<Item>, total: usize) {
    let now = world.now();
    if world.json {
        world.printer.document(&ListDocument { schema: LIST_SCHEMA.to_owned(), items });
    } else if world.quiet {
        for item in &items {
            world.printer.line(&item.status.word());
        }
    } else if world.is_terminal {
        let names: Option<Vec<_>> =
            args.all_repos.then(|| items.iter().map(|item| short_name(&item.repository)).collect());
        let shown = items.len();
        let statuses: Vec<_> = items.into_iter().map(|item| item.status).collect();
        world.printer.lines(&view::table(&statuses, names.as_deref(), &world.style, now));
        if shown < total {
            world.printer.note(&format!("{shown} of {total} shown; `afterpush list -n {total}` shows all"));
        }
    } else {
        for item in &items {
            world.printer.line(&view::listed_row(&item.status, &item.repository, now));
        }
    }
    if total == 0 {
        let what = if args.active { "no commit is being watched" } else { "no push is known yet" };
        world.printer.note(what);
    }
}

/// When it was pushed; what was tracked by hand stands where it was first looked at.
fn started(document: &Document) -> Option<crate::base::Timestamp> {
    document.push.as_ref().and_then(|push| push.at).or(document.observed_at)
}

/// The folder people know a repository by.
fn short_name(common_dir: &str) -> String {
    let path = Path::new(common_dir);
    let path = if path.file_name().is_some_and(|name| name == ".git") { path.parent().unwrap_or(path) } else { path };
    let name = path.file_name().map_or_else(|| common_dir.to_owned(), |name| name.to_string_lossy().into_owned());
    crate::base::text::visible(&name)
}
