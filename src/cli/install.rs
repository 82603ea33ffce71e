//! `afterpush install`: puts the hook into this repository, keeping any hook that is there.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::place::Place;
use super::{Failure, Outcome, World};
use crate::base::text;
use crate::host::git::Repo;
use crate::host::hooking::{self, HookState, HookingError, Ignore, Plan, Step, Way, Wish};
use crate::status::mirror;

/// What `afterpush install` takes.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "they are the flags of a command line")]
pub struct Args {
    /// Show what would be done, change nothing
    #[arg(long)]
    pub print: bool,
    /// Use a hook file
    #[arg(long, conflicts_with_all = ["config", "user"])]
    pub file: bool,
    /// Use a hook in the configuration (git 2.54 and newer)
    #[arg(long)]
    pub config: bool,
    /// Cover every repository of this user (git 2.54 and newer)
    #[arg(long)]
    pub user: bool,
    /// Put the status mirror's patterns into `.gitignore` instead of `.git/info/exclude`
    #[arg(long, conflicts_with = "user")]
    pub gitignore: bool,
}

/// `afterpush.install/1` and `afterpush.uninstall/1`.
#[derive(Serialize, JsonSchema)]
struct Document {
    schema: &'static str,
    /// Something was changed.
    changed: bool,
    /// What was done, or with `--print` would be: a step each, with the content it writes.
    steps: Vec<String>,
    /// What is good to know.
    notes: Vec<String>,
    /// What came of it; null with `--print`.
    result: Option<String>,
}

/// The schema of both.
pub(super) fn schema() -> schemars::Schema {
    schemars::schema_for!(Document)
}

/// How the plan of a command is carried out and told.
pub(super) struct Telling<'a> {
    /// Who is told.
    pub world: &'a World,
    /// The document's name.
    pub schema: &'static str,
    /// With `-q`: what is so afterwards.
    pub word: &'static str,
    /// Nothing is to be changed.
    pub only_print: bool,
}

/// Runs the command.
pub fn run(args: &Args, world: &World) -> Result<Outcome, Failure> {
    let program = hook_program(world)?;
    let telling = Telling { world, schema: "afterpush.install/1", word: "installed", only_print: args.print };
    if args.user {
        let plan = hooking::plan_user_install(&program).map_err(failure)?;
        return finish(&telling, &plan, || {
            Ok("the hook covers every repository of this user where afterpush is configured".to_owned())
        });
    }
    let place = Place::find(world)?;
    place.refuse_guest_root()?;
    let repo = place.repo;
    let way = match (args.file, args.config) {
        (true, _) => Way::File,
        (_, true) => Way::Config,
        _ => Way::Best,
    };
    let ignore = if args.gitignore { Ignore::GitIgnore } else { Ignore::Exclude };
    let wish = Wish { way, program: &program, ignore, patterns: &mirror::PATTERNS };
    let plan = hooking::plan_install(&repo, &wish).map_err(failure)?;
    finish(&telling, &plan, || installed(&repo))
}

/// Shows a plan, or carries it out and says what came of it.
pub(super) fn finish(
    telling: &Telling<'_>,
    plan: &Plan,
    result: impl FnOnce() -> Result<String, Failure>,
) -> Result<Outcome, Failure> {
    let Telling { world, schema, word, only_print } = *telling;
    if !only_print {
        plan.carry_out().map_err(failure)?;
    }
    let result = if only_print { None } else { Some(result()?) };
    if world.json {
        world.printer.document(&Document {
            schema,
            changed: !only_print && !plan.steps.is_empty(),
            steps: plan.steps.iter().map(|step| step.words().join("\n")).collect(),
            notes: plan.notes.clone(),
            result,
        });
        return Ok(Outcome::Done);
    }
    if world.quiet && !only_print {
        world.printer.line(word);
        return Ok(Outcome::Done);
    }
    tell(world, plan, result);
    Ok(Outcome::Done)
}

/// For people: the plan where it was only to be shown, and what came of it.
fn tell(world: &World, plan: &Plan, result: Option<String>) {
    if result.is_none() {
        let steps: Vec<String> = plan.steps.iter().flat_map(Step::words).collect();
        world.printer.lines(if steps.is_empty() { &[] } else { &steps });
        if steps.is_empty() {
            world.printer.note("nothing would change");
        }
    }
    for note in &plan.notes {
        world.printer.note(&format!("note: {note}"));
    }
    if let Some(result) = result {
        let already = if plan.steps.is_empty() { " (nothing had to change)" } else { "" };
        world.printer.line(&format!("{result}{already}"));
    }
}

/// Says where the hook is, having looked whether git really runs it.
fn installed(repo: &Repo) -> Result<String, Failure> {
    match hooking::inspect(repo).map_err(failure)? {
        HookState::Installed(found) => Ok(format!("pushes from this repository are watched through {}", found.how)),
        HookState::Silent { why, cure } => {
            let message = format!("the hook is written, but git does not run it: {why}");
            Err(Failure::failed("hook_is_silent", message).hint(format!("to mend it: {cure}")))
        }
        HookState::Displaced { .. } | HookState::Absent => {
            Err(Failure::failed("hook_is_silent", "the hook is written, but git does not run it")
                .hint("`afterpush doctor` says more"))
        }
    }
}

/// `afterpush-hook`: the one beside this program, else the one on `PATH`.
fn hook_program(world: &World) -> Result<PathBuf, Failure> {
    let beside = world.program.parent().map(|folder| folder.join("afterpush-hook"));
    let folders = world.environment.get("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(folders).filter(|folder| folder.is_absolute());
    let mut programs = beside.into_iter().chain(on_path.map(|folder| folder.join("afterpush-hook")));
    programs.find(|program| program.is_file()).ok_or_else(|| {
        let folder = world.program.parent().map(shown).unwrap_or_default();
        Failure::failed("no_hook_program", format!("afterpush-hook is neither in {folder} nor on PATH"))
            .hint("install afterpush again, with both of its programs")
    })
}

/// The words for a hook that cannot be put there.
pub(super) fn failure(error: HookingError) -> Failure {
    let code = match &error {
        HookingError::Git(_) => "git",
        HookingError::File { .. } => "file",
        HookingError::TooOld(_) => "git_too_old",
        HookingError::Shared { .. } => "hooks_path_is_shared",
        HookingError::SwitchedOff { .. } => "hooks_are_off",
        HookingError::Lefthook { .. } => "managed_by_lefthook",
        HookingError::NoFile(_) | HookingError::TwoHooks { .. } | HookingError::Link(_) | HookingError::OddPath(_) => {
            "hook_in_the_way"
        }
    };
    let hint = error.hint();
    let failure = Failure::failed(code, error.to_string());
    let failure = match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    };
    match error {
        HookingError::File { source, .. } => failure.because(source),
        _ => failure,
    }
}

fn shown(path: &Path) -> String {
    text::visible_bytes(path.as_os_str().as_encoded_bytes())
}
