//! `afterpush clean`: removes status files, timelines and logs that are old, and stale leftovers.

use serde::Serialize;

use super::{Failure, Outcome, World};
use crate::base::{Layout, Span};
use crate::host::git::Repo;
use crate::monitor::sweep::{Sweep, Swept};
use crate::status::garbage::{Age, Living};
use crate::store::{StoreError, blocking};

/// What `afterpush clean` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How old they must be
    #[arg(long, value_name = "DUR", default_value = "7d")]
    pub older_than: Span,
    /// List them, remove nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `afterpush.clean/1`.
#[derive(Serialize, schemars::JsonSchema)]
struct CleanDocument<'a> {
    schema: &'static str,
    /// Nothing was removed.
    dry_run: bool,
    count: usize,
    bytes: u64,
    /// What was removed, or would be.
    files: Vec<std::borrow::Cow<'a, str>>,
    /// What could not be removed, a sentence each.
    refused: &'a [String],
}

/// The schema of `afterpush.clean/1`.
pub(super) fn schema() -> schemars::Schema {
    schemars::schema_for!(CleanDocument<'_>)
}

/// Runs the command.
pub fn run(args: &Args, world: &World) -> Result<Outcome, Failure> {
    let repo = Repo::discover(&world.cwd)
        .map_err(|error| Failure::usage("not_a_repository", "there is nothing to clean").because(error))?;
    let layout = Layout::new(repo.common_dir(), nix::unistd::geteuid().as_raw());
    let worktrees: Vec<_> = repo.worktree().map(std::path::Path::to_owned).into_iter().collect();
    let swept = Sweep {
        layout: &layout,
        worktrees: &worktrees,
        living: &living(&layout)?,
        age: Age { now: world.now(), keep: args.older_than },
        most: usize::MAX,
        dry_run: args.dry_run,
    }
    .run()
    .map_err(|error| Failure::failed("clean", "not everything could be looked at").because(error))?;
    tell(args, world, &swept);
    if swept.refused.is_empty() { Ok(Outcome::Done) } else { Ok(Outcome::Code(crate::watch::exit::NO)) }
}

/// What lives in the store is kept whatever its age; without that knowledge nothing is removed.
fn living(layout: &Layout) -> Result<Living, Failure> {
    let refuse = |error: StoreError| {
        Failure::failed("store", "nothing was removed, because it cannot be told which commits are still watched")
            .because(error)
            .hint("`afterpush doctor` shows what is wrong with the store; the next monitor sets a damaged one aside")
    };
    let commits = blocking::read(&layout.store(), async |store| store.living_commits().await).map_err(refuse)?;
    Ok(Living::new(&commits.unwrap_or_default()))
}

fn tell(args: &Args, world: &World, swept: &Swept) {
    if world.json {
        world.printer.document(&CleanDocument {
            schema: "afterpush.clean/1",
            dry_run: args.dry_run,
            count: swept.files.len(),
            bytes: swept.bytes,
            files: swept.files.iter().map(|path| path.to_string_lossy()).collect(),
            refused: &swept.refused,
        });
        return;
    }
    if args.dry_run {
        let lines: Vec<_> =
            swept.files.iter().map(|path| crate::base::text::visible(&path.to_string_lossy())).collect();
        world.printer.lines(&lines);
    }
    for why in &swept.refused {
        world.printer.note(why);
    }
    if !world.quiet {
        world.printer.note(&summary(args.dry_run, swept.files.len(), swept.bytes));
    }
}

fn summary(dry_run: bool, count: usize, bytes: u64) -> String {
    let files = if count == 1 { "file" } else { "files" };
    let size = match bytes {
        0..1_024 => format!("{bytes} bytes"),
        1_024..1_048_576 => format!("{} KiB", bytes / 1_024),
        _ => format!("{} MiB", bytes / 1_048_576),
    };
    match (count, dry_run) {
        (0, _) => "nothing is old enough to go".to_owned(),
        (_, true) => format!("{count} {files} would go ({size})"),
        (_, false) => format!("removed {count} {files} ({size})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_as_people_do() {
        assert_eq!(summary(false, 0, 0), "nothing is old enough to go");
        assert_eq!(summary(false, 1, 900), "removed 1 file (900 bytes)");
        assert_eq!(summary(true, 3, 5_000_000), "3 files would go (4 MiB)");
    }
}
