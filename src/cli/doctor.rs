//! `afterpush doctor`: checks everything a watch needs and says how to mend it.
//!
//! A check is data: what was looked at, how it stands, and the fix. Each is made by one small function; a new one
//! is a function and a line in [`examine`].

mod check;
mod files;
mod local;
mod provider;
mod settings;
mod sources;

use schemars::JsonSchema;
use serde::Serialize;

use super::place::Place;
use super::{Failure, Outcome, World};
use crate::host::places::Places;
use crate::watch::exit;

use check::{Check, State};

/// What `afterpush doctor` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Exit 1 if a check failed
    #[arg(long)]
    pub exit_code: bool,
    /// Ask nobody over the network
    #[arg(long)]
    pub offline: bool,
}

/// `afterpush.doctor/1`.
#[derive(Serialize, JsonSchema)]
struct Document<'a> {
    schema: &'static str,
    /// No check failed.
    ok: bool,
    checks: &'a [Check],
}

/// The repository that is examined, and who does it.
struct Patient<'a> {
    world: &'a World,
    place: Place,
    places: Option<Places>,
}

/// The schema of `afterpush.doctor/1`.
pub(super) fn schema() -> schemars::Schema {
    schemars::schema_for!(Document<'_>)
}

/// Runs the command.
pub fn run(args: &Args, world: &World) -> Result<Outcome, Failure> {
    let checks = match Place::find(world) {
        Ok(place) => examine(&Patient::new(world, place), args.offline)?,
        // A repository is there, but git does not let us in: that is for us to tell.
        Err(failure) if failure.code == "git" => vec![local::git(), local::unreadable(&failure)],
        Err(failure) => return Err(failure),
    };
    let failed = checks.iter().any(|check| check.state == State::Failed);
    if world.json {
        world.printer.document(&Document { schema: "afterpush.doctor/1", ok: !failed, checks: &checks });
    } else if world.quiet {
        let has_warning = checks.iter().any(|check| check.state == State::Warning);
        world.printer.line(if failed {
            "failed"
        } else if has_warning {
            "warning"
        } else {
            "ok"
        });
    } else {
        world.printer.lines(&check::lines(&checks, world.style));
    }
    Ok(if failed && args.exit_code { Outcome::Code(exit::NO) } else { Outcome::Done })
}

/// Every check, in the order they are shown.
fn examine(patient: &Patient<'_>, offline: bool) -> Result<Vec<Check>, Failure> {
    let mut checks = vec![
        local::git(),
        local::repository(patient),
        local::hook(patient),
        local::monitor(patient),
        local::last_push(patient),
        local::disk(patient),
    ];
    checks.extend(files::permissions(patient));
    checks.extend([local::file_watch(patient), local::leftovers(patient)]);
    let config = settings::read(patient);
    checks.extend(settings::config(patient, &config));
    let Ok(config) = config else { return Ok(checks) };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed("runtime", "cannot ask the provider").because(error))?;
    for settings in &config.targets {
        checks.push(settings::target(patient, &config, settings));
        checks.extend(runtime.block_on(provider::checks(patient, &config, settings, offline)));
        checks.extend(runtime.block_on(sources::health(&settings.target, offline)));
    }
    checks.extend(runtime.block_on(sources::database(patient, &config, offline)));
    Ok(checks)
}

impl<'a> Patient<'a> {
    fn new(world: &'a World, place: Place) -> Self {
        Self { world, place, places: Places::of_user() }
    }
}
