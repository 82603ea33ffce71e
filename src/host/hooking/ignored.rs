//! The patterns of the status mirror's files, where git looks for what not to show.

use std::path::{Path, PathBuf};

use super::block::{self, Ground};
use super::husky::removal;
use super::plan::{Plan, Step};
use super::{HookingError, Ignore, Wish, read_own};
use crate::host::git::Repo;

/// What adding them would do. Patterns that are there already, by whoever, are not added again.
pub(super) fn add(repo: &Repo, wish: &Wish<'_>) -> Result<Plan, HookingError> {
    let Some(path) = file(repo, wish.ignore) else { return Ok(Plan::default()) };
    let there = read_own(&path)?;
    let before = there.clone().unwrap_or_default();
    let text = String::from_utf8_lossy(&before);
    if wish.patterns.iter().all(|pattern| text.lines().any(|line| line == *pattern)) {
        return Ok(Plan::default());
    }
    let rest = block::take_out(&before).unwrap_or(block::Rest { bytes: before, ground: ground_of(&path) });
    let lines = wish.patterns.join("\n") + "\n";
    let bytes = block::append(&rest.bytes, rest.ground, &lines);
    Ok(Plan::of(vec![Step::Write { path, bytes, mode: None }]))
}

/// What taking them out would do, wherever they were added.
pub(super) fn remove(repo: &Repo) -> Result<Plan, HookingError> {
    let mut plan = Plan::default();
    for path in [Ignore::Exclude, Ignore::GitIgnore].into_iter().filter_map(|which| file(repo, which)) {
        if path.is_symlink() {
            continue;
        }
        if let Some(rest) = super::read(&path)?.as_deref().and_then(block::take_out) {
            plan.append(Plan::of(removal(&path, rest)));
        }
    }
    Ok(plan)
}

fn file(repo: &Repo, which: Ignore) -> Option<PathBuf> {
    match which {
        Ignore::Exclude => Some(repo.common_dir().join("info/exclude")),
        Ignore::GitIgnore => Some(repo.worktree()?.join(".gitignore")),
    }
}

fn ground_of(path: &Path) -> Ground {
    match (path.exists(), path.parent().is_some_and(Path::exists)) {
        (true, _) => Ground::File,
        (false, true) => Ground::Folder,
        (false, false) => Ground::Nothing,
    }
}
