//! Lines in the file husky keeps for people's own hooks. husky runs it with `sh -e`, so the lines after a command
//! that fails are not reached and the push is refused as before.

use std::env;
use std::path::Path;

use super::block::{self, Ground};
use super::plan::{Plan, Step};
use super::{HookingError, read_own, shim};

/// What installing would do.
pub(super) fn install(hook: &Path, program: &Path) -> Result<Plan, HookingError> {
    let there = read_own(hook)?;
    let before = there.as_deref().map(|bytes| block::take_out(bytes).unwrap_or_else(|| untouched(bytes)));
    let ground = match &before {
        Some(rest) => rest.ground,
        None if hook.parent().is_some_and(Path::exists) => Ground::Folder,
        None => Ground::Nothing,
    };
    let bytes = with_lines(&before.map(|rest| rest.bytes).unwrap_or_default(), ground, program)?;
    if there.as_deref() == Some(&bytes) {
        return Ok(Plan::default());
    }
    let mode = there.is_none().then_some(0o755);
    let mut plan = Plan::of(vec![Step::Write { path: hook.to_path_buf(), bytes, mode }]);
    plan.notes.push(
        "husky's pre-push file is usually committed; for people without afterpush the lines do nothing".to_owned(),
    );
    Ok(plan)
}

/// What uninstalling would do.
pub(super) fn uninstall(hook: &Path) -> Result<Plan, HookingError> {
    let there = if hook.is_symlink() { None } else { super::read(hook)? };
    let Some(rest) = there.as_deref().and_then(block::take_out) else { return Ok(Plan::default()) };
    Ok(Plan::of(removal(hook, rest)))
}

/// The steps that leave only the rest of a file, and nothing where nothing was.
pub(super) fn removal(path: &Path, rest: block::Rest) -> Vec<Step> {
    let path = path.to_path_buf();
    if rest.ground == Ground::File || !rest.bytes.is_empty() {
        return vec![Step::Write { path, bytes: rest.bytes, mode: None }];
    }
    let folder = path.parent().map(Path::to_path_buf);
    let mut steps = vec![Step::Remove { path }];
    if let Some(path) = folder.filter(|_| rest.ground == Ground::Nothing) {
        steps.push(Step::RemoveFolder { path });
    }
    steps
}

fn untouched(bytes: &[u8]) -> block::Rest {
    block::Rest { bytes: bytes.to_vec(), ground: Ground::File }
}

/// Where there are commands before ours they may read git's lines, which come only once: they are kept for both.
fn with_lines(before: &[u8], ground: Ground, program: &Path) -> Result<Vec<u8>, HookingError> {
    let find = format!(
        "afterpush_hook={}\n[ -x \"$afterpush_hook\" ] || afterpush_hook=$(command -v afterpush-hook) || afterpush_hook=:\n",
        home_path(program)?
    );
    let call = "\"$afterpush_hook\" pre-push \"$@\" || :\n";
    let first = if before.starts_with(b"#!") {
        before.iter().position(|&byte| byte == b'\n').map_or(before.len(), |at| at + 1)
    } else {
        0
    };
    if before[first..].is_empty() {
        return Ok(block::append(before, ground, &format!("{find}{call}")));
    }
    let mut bytes = block::append(&before[..first], ground, OPEN);
    bytes.extend_from_slice(&before[first..]);
    let note = format!("{CLOSE}{find}printf '%s\\n' \"$afterpush_lines\" | {call}");
    Ok(block::append(&bytes, Ground::File, &note))
}

/// The commands between run in a shell of their own, so that an `exit` or `exec` there ends only that. An older husky
/// has such a file run itself once more; the inner run then leaves the push to the outer one.
const OPEN: &str = "\
afterpush_lines=$(cat)
afterpush_outer=${AFTERPUSH_WITHIN-}
export AFTERPUSH_WITHIN=\"$0\"
[ -z \"$afterpush_lines\" ] && exec </dev/null || exec <<AFTERPUSH_LINES
$afterpush_lines
AFTERPUSH_LINES
( :
";

/// What they ended with is what the file ends with, and a refusal is not noted.
const CLOSE: &str = "\
)
afterpush_status=$?
[ \"$afterpush_status\" -eq 0 ] || exit \"$afterpush_status\"
[ \"$afterpush_outer\" != \"$0\" ] || exit 0
";

/// The program's path as a word of the shell that means the same in other people's homes.
fn home_path(program: &Path) -> Result<String, HookingError> {
    let below_home = env::home_dir().and_then(|home| program.strip_prefix(home).ok().map(Path::to_path_buf));
    match below_home.as_deref().and_then(Path::to_str) {
        Some(path) if !path.contains(['"', '$', '`', '\\']) => Ok(format!("\"$HOME/{path}\"")),
        _ => shim::quoted(program),
    }
}
