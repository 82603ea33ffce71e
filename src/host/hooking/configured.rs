//! The hook in git's configuration (git 2.54 and newer): beside every file, whatever `core.hooksPath` says.

use super::plan::{Plan, Step};
use super::shim;
use crate::host::git::ConfigFile;

/// What git runs.
pub(super) const COMMAND: &str = "hook.afterpush.command";
/// When.
pub(super) const EVENT: &str = "hook.afterpush.event";
/// Whether at all.
pub(super) const ENABLED: &str = "hook.afterpush.enabled";

/// An event without a command makes git refuse every command that runs a hook, so the command comes first.
pub(super) fn install(file: &ConfigFile, command: &str) -> Plan {
    let wanted = [(COMMAND, command), (EVENT, "pre-push")];
    let missing = wanted.into_iter().filter(|(key, value)| file.values(key) != [*value]);
    Plan::of(missing.map(|(key, value)| Step::Set { file: file.clone(), key, value: value.to_owned() }).collect())
}

/// The event goes first. A command that is not ours stays, with its event.
pub(super) fn uninstall(file: &ConfigFile) -> Plan {
    let commands = file.values(COMMAND);
    if commands.last().is_some_and(|command| shim::read(command.as_bytes()).is_none()) {
        return Plan::default();
    }
    let present = [(EVENT, !file.values(EVENT).is_empty()), (COMMAND, !commands.is_empty())];
    let steps = present.into_iter().filter(|(_, is_there)| *is_there);
    Plan::of(steps.map(|(key, _)| Step::Unset { file: file.clone(), key }).collect())
}
