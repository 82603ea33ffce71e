//! The hook as a file, chained with what is there.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::manager::{self, Manager};
use super::plan::{Plan, Step};
use super::{HookingError, kept_in, read, shim, shown};
use crate::host::git::Repo;

/// The names under which a hook of ours may be found: its own, and those that managers give a hook they displace.
pub(super) const NAMES: [&str; 3] = ["pre-push", "pre-push.legacy", "pre-push.old"];

/// What installing into this folder would do.
pub(super) fn install(repo: &Repo, folder: &Path, program: &Path) -> Result<Plan, HookingError> {
    let hook = folder.join(NAMES[0]);
    let there = read_hook(&hook)?;
    let manager = there.as_deref().and_then(Manager::of);
    if is_lefthooks(repo, manager, program)? {
        return Ok(Plan {
            steps: Vec::new(),
            notes: vec!["lefthook's configuration calls afterpush already".to_owned()],
        });
    }
    let mut plan = match manager {
        // They would take a hook before theirs for one to move aside, and then run themselves without end; what
        // lies here they run first, with git's lines and arguments.
        Some(Manager::PreCommit | Manager::Prek) => place_in(&folder.join(NAMES[1]), program)?,
        _ => place_in(&hook, program)?,
    };
    plan.notes.extend(notes(repo, folder));
    Ok(plan)
}

/// lefthook rules the hook; true if it runs ours.
fn is_lefthooks(repo: &Repo, manager: Option<Manager>, program: &Path) -> Result<bool, HookingError> {
    let Some(worktree) = repo.worktree() else { return Ok(false) };
    if manager != Some(Manager::Lefthook) && !manager::lefthook_wants_pre_push(worktree) {
        return Ok(false);
    }
    if manager::lefthook_calls_us(worktree).is_some() {
        return Ok(true);
    }
    Err(HookingError::Lefthook { snippet: manager::lefthook_snippet(program) })
}

fn place_in(slot: &Path, program: &Path) -> Result<Plan, HookingError> {
    let folder = slot.parent().unwrap_or(slot);
    let there = read_hook(slot)?;
    let ours = there.as_deref().and_then(shim::read);
    let has_new_folder = ours.as_ref().map_or(!folder.exists(), |shim| shim.has_new_folder);
    let bytes = shim::file(program, has_new_folder)?;
    let write = Step::Write { path: slot.to_path_buf(), bytes: bytes.clone(), mode: Some(0o755) };
    if ours.is_some() {
        if there.as_deref() == Some(&bytes) && mode_of(slot) == Some(0o755) {
            return Ok(Plan::default());
        }
        let mut plan = keep_edit(slot, there.as_deref().unwrap_or_default());
        plan.steps.push(write);
        return Ok(plan);
    }
    if !slot.is_symlink() && there.is_none() {
        return Ok(Plan::of(vec![write]));
    }
    let kept = kept_in(folder);
    if kept.is_symlink() || kept.exists() {
        if there.is_some() && there == read(&kept)? {
            return Ok(Plan::of(vec![write]));
        }
        return Err(HookingError::TwoHooks { kept: shown(&kept), hook: shown(slot) });
    }
    Ok(Plan::of(vec![Step::Keep { hook: slot.to_path_buf(), under: kept }, write]))
}

/// What somebody wrote into a hook file of ours is theirs: it stays, under a name that nothing runs.
fn keep_edit(slot: &Path, text: &[u8]) -> Plan {
    if !shim::is_edited(text) {
        return Plan::default();
    }
    let name = |number: u32| PathBuf::from(format!("{}.edited-{number}", slot.display()));
    // Should all these be taken, keeping it fails and says so.
    let under = (1..100).map(name).find(|path| path.symlink_metadata().is_err()).unwrap_or_else(|| name(100));
    let note = format!(
        "{} was edited after afterpush had written it; the edited text is kept as {}",
        shown(slot),
        shown(&under)
    );
    Plan { steps: vec![Step::Keep { hook: slot.to_path_buf(), under }], notes: vec![note] }
}

/// What uninstalling from this folder would do.
pub(super) fn uninstall(folder: &Path) -> Result<Plan, HookingError> {
    let kept = kept_in(folder);
    let mut is_kept = kept.is_symlink() || kept.exists();
    let mut plan = Plan::default();
    for (slot, ours) in ours_in(folder)? {
        plan.append(keep_edit(&slot, &read(&slot)?.unwrap_or_default()));
        if is_kept {
            is_kept = false;
            plan.steps.push(Step::Restore { kept: kept.clone(), hook: slot });
        } else {
            plan.steps.push(Step::Remove { path: slot });
        }
        if ours.has_new_folder {
            plan.steps.push(Step::RemoveFolder { path: folder.to_path_buf() });
        }
    }
    if is_kept {
        plan.notes.push(format!("{} keeps a hook that was there before afterpush; nothing runs it", shown(&kept)));
    }
    Ok(plan)
}

/// The hook files of ours in this folder, under any name.
pub(super) fn ours_in(folder: &Path) -> Result<Vec<(PathBuf, shim::Shim)>, HookingError> {
    let mut found = Vec::new();
    for name in NAMES {
        let slot = folder.join(name);
        let text = if slot.is_file() { read(&slot)? } else { None };
        if let Some(ours) = text.as_deref().and_then(shim::read) {
            found.push((slot, ours));
        }
    }
    Ok(found)
}

/// A hook's text; `None` where there is none, or a link that leads nowhere, which git takes for none.
pub(super) fn read_hook(hook: &Path) -> Result<Option<Vec<u8>>, HookingError> {
    match fs::metadata(hook) {
        Ok(data) if !data.is_file() => Err(HookingError::NoFile(shown(hook))),
        _ => read(hook),
    }
}

pub(super) fn mode_of(path: &Path) -> Option<u32> {
    Some(fs::metadata(path).ok()?.permissions().mode() & 0o7777)
}

/// What is good to know of a folder in the worktree.
fn notes(repo: &Repo, folder: &Path) -> Vec<String> {
    let Some(worktree) = repo.worktree().filter(|_| !folder.starts_with(repo.common_dir())) else { return Vec::new() };
    let Ok(inside) = folder.strip_prefix(worktree) else { return Vec::new() };
    let mut notes = vec![format!("{} lies in the worktree: keep afterpush's hook out of your commits", shown(inside))];
    if repo.common_dir().join("worktrees").is_dir() {
        notes
            .push("other worktrees have a folder of hooks of their own: run `afterpush install` there, too".to_owned());
    }
    notes
}
