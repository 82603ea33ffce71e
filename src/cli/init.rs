//! `afterpush init`: writes `.afterpush.toml` for the provider the repository's own files name. It asks nothing and
//! writes no secret, so nothing in the file needs trust.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::place::Place;
use super::{Failure, Outcome, World};
use crate::base::text;
use crate::config::{self, TRACKED_FILE};
use crate::host::files::Folder;
use crate::host::git::Repo;
use crate::provider::{self, Credential, Provider, RepoFacts, Suggestion};

/// What `afterpush init` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print the file instead of writing it
    #[arg(long)]
    pub print: bool,
    /// Overwrite a file that is there
    #[arg(long)]
    pub force: bool,
}

/// No file that describes an app is longer.
const MAX_BYTES: usize = 256 * 1024;
/// Of a folder with more files the first are read.
const MOST_FILES: usize = 50;

/// `afterpush.init/1`.
#[derive(Serialize, JsonSchema)]
struct Document<'a> {
    schema: &'static str,
    /// Where the file was written; null where it was only printed.
    path: Option<&'a Path>,
    /// What is in it.
    text: &'a str,
    targets: Vec<Candidate<'a>>,
    next: &'a [Next],
}

/// A target that was found in the repository's files.
#[derive(Serialize, JsonSchema)]
struct Candidate<'a> {
    provider: &'static str,
    /// Null where the provider has no apps.
    app: Option<&'a str>,
    workflow: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    command: &'a [String],
    branches: &'a [String],
    found_in: &'a str,
    sure: bool,
}

/// What to do now.
#[derive(Serialize, JsonSchema)]
struct Next {
    command: Option<String>,
    when: String,
}

/// The schema of `afterpush.init/1`.
pub(super) fn schema() -> schemars::Schema {
    schemars::schema_for!(Document<'_>)
}

/// Runs the command.
pub fn run(args: &Args, world: &World) -> Result<Outcome, Failure> {
    let repo = Place::find(world)?.repo;
    let facts = RepoFacts { files: repo.worktree().map(files).unwrap_or_default(), remotes: repo.remotes() };
    let found = provider::recognise(&facts);
    let text = config::draft(&found);
    let written = if args.print { None } else { Some(write(&repo, &found, &text, args.force)?) };
    let next = next_steps(&found, world);
    if world.json {
        let targets = found.iter().map(Candidate::of).collect();
        let document =
            Document { schema: "afterpush.init/1", path: written.as_deref(), text: &text, targets, next: &next };
        world.printer.document(&document);
    } else if written.is_some() {
        tell(world, &found, &next);
    } else {
        world.printer.raw(&text);
    }
    Ok(Outcome::Done)
}

/// The files the adapters ask for, as far as they are there and can be read.
fn files(worktree: &Path) -> Vec<(String, String)> {
    let each = provider::FILES.iter().flat_map(|path| match path.strip_suffix('/') {
        Some(folder) => listed(worktree, folder),
        None => vec![(*path).to_owned()],
    });
    each.filter_map(|path| Some((path.clone(), text_of(worktree, &path)?))).collect()
}

fn text_of(worktree: &Path, path: &str) -> Option<String> {
    let (folder, name) = path.rsplit_once('/').unwrap_or((".", path));
    let bytes = Folder::existing(&worktree.join(folder)).ok()??.read(name, MAX_BYTES).ok()??;
    String::from_utf8(bytes).ok()
}

/// The YAML files of a folder, by their names.
fn listed(worktree: &Path, folder: &str) -> Vec<String> {
    let names = Folder::existing(&worktree.join(folder)).ok().flatten().and_then(|folder| folder.names().ok());
    let is_yaml = |name: &String| [".yml", ".yaml"].iter().any(|end| name.ends_with(end));
    let mut names: Vec<_> = names.unwrap_or_default().into_iter().filter(is_yaml).collect();
    names.sort();
    names.truncate(MOST_FILES);
    names.into_iter().map(|name| format!("{folder}/{name}")).collect()
}

fn write(repo: &Repo, found: &[Suggestion], text: &str, force: bool) -> Result<PathBuf, Failure> {
    let worktree = repo.worktree().ok_or_else(|| {
        Failure::config("no_worktree", format!("a bare repository has no place for {TRACKED_FILE}"))
            .hint("run `afterpush init` in a clone with a worktree; `afterpush init --print` shows a template")
    })?;
    let path = worktree.join(TRACKED_FILE);
    if path.symlink_metadata().is_ok() && !force {
        return Err(Failure::failed("exists", format!("{} is there already", path.display()))
            .hint("`afterpush init --print` shows what would be written, `--force` overwrites the file"));
    }
    if found.is_empty() {
        let message = format!("nothing here names a provider (looked for {})", provider::FILES.join(", "));
        let hint = format!("write {TRACKED_FILE} by hand: `afterpush init --print` shows a template");
        return Err(Failure::config("nothing_recognised", message).hint(hint));
    }
    let cannot = |error| Failure::failed("write", format!("cannot write {}", path.display())).because(error);
    let folder = Folder::existing(worktree)
        .map_err(cannot)?
        .ok_or_else(|| Failure::failed("write", format!("the worktree {} is gone", worktree.display())))?;
    folder.replace(TRACKED_FILE, text.as_bytes()).map_err(cannot)?;
    Ok(path)
}

fn tell(world: &World, found: &[Suggestion], next: &[Next]) {
    world.printer.line(&format!("wrote {TRACKED_FILE}"));
    for target in found {
        let doubt = if target.is_sure() { "" } else { " (not certain, so commented out)" };
        let (what, place) = (text::visible(&target.shown()), text::visible(&target.found_in));
        world.printer.line(&format!("  {} {what}, found in {place}{doubt}", target.provider));
    }
    world.printer.note("next:");
    for step in next {
        let command = step.command.as_ref().map(|command| format!("`{command}` ")).unwrap_or_default();
        world.printer.note(&format!("  {command}{}", step.when));
    }
}

fn next_steps(found: &[Suggestion], world: &World) -> Vec<Next> {
    let mut steps = Vec::new();
    let mut told: Vec<&str> = Vec::new();
    if found.iter().any(|target| !target.is_sure()) {
        steps.push(Next { command: None, when: format!("put right what is commented out in {TRACKED_FILE}") });
    }
    for provider in found.iter().filter_map(|target| provider::by_name(target.provider)) {
        let is_set = |name: &&str| world.environment.get(name).is_some_and(|value| !value.is_empty());
        if !provider.variables().iter().any(is_set) && !told.contains(&provider.name()) {
            steps.extend(credential_step(provider));
        }
        told.push(provider.name());
    }
    let commands = [
        ("afterpush install", "puts the hook into this repository"),
        ("afterpush doctor", "checks that everything is in place"),
    ];
    steps.extend(commands.map(|(command, when)| Next { command: Some(command.to_owned()), when: when.to_owned() }));
    steps
}

fn credential_step(provider: &dyn Provider) -> Option<Next> {
    match provider.credential(provider.address().usual().unwrap_or_default()) {
        Credential::Required(chain) => Some(Next { command: None, when: chain.advice(" where you push") }),
        Credential::Optional | Credential::None => None,
    }
}

impl<'a> Candidate<'a> {
    fn of(target: &'a Suggestion) -> Self {
        let Suggestion { provider, app, workflow, command, branches, found_in, .. } = target;
        let (app, workflow) = (app.as_deref(), workflow.as_deref());
        Self { provider, app, workflow, command, branches, found_in, sure: target.is_sure() }
    }
}
