//! Checks of the configuration: what was read, from where, and what it means for a push.

use super::Patient;
use super::check::Check;
use crate::config::{self, Config, ConfigError, Hints, LayerKind, TargetSettings};
use crate::host::settings;
use crate::provider;
use crate::watch::{Source, Warning};

/// Reads the configuration as every other command does.
pub(super) fn read(patient: &Patient<'_>) -> Result<Config, ConfigError> {
    patient.world.with_sources(&patient.place, settings::read)
}

/// The files, what they tell, and what was ignored in them.
pub(super) fn config(patient: &Patient<'_>, config: &Result<Config, ConfigError>) -> Vec<Check> {
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            let fix = error.hint.as_deref().unwrap_or("correct it there, then run `afterpush doctor` again");
            return vec![Check::failed("config", error.to_string(), fix)];
        }
    };
    let mut found = if config.targets.is_empty() {
        Check::failed("config", "no target is configured", "afterpush init")
    } else {
        Check::ok("config", files(patient).join(", "))
    };
    found.notes = config.origins().map(|(key, place)| format!("{key}: {place}")).collect();
    let mut checks = vec![found];
    checks.extend(config.warnings.iter().map(ignored));
    if config.origins().any(|(_, place)| place.kind == LayerKind::Trusted) {
        let detail = format!("`afterpush trust` allowed what {} names", config::TRACKED_FILE);
        checks.push(Check::ok("trust", detail));
    }
    if patient.places.is_none() {
        let detail = "there is no home folder, so no configuration of your own is read";
        checks.push(Check::warning("config", detail, "set HOME"));
    }
    checks
}

fn ignored(warning: &Warning) -> Check {
    match warning.code.as_str() {
        config::UNTRUSTED => Check::warning("trust", &warning.message, "afterpush trust"),
        _ => Check::warning("config", &warning.message, ""),
    }
}

/// The files that are there, as people know them.
fn files(patient: &Patient<'_>) -> Vec<String> {
    let there = |kind| {
        let path =
            patient.world.with_sources(&patient.place, |sources| sources.path(kind)).filter(|path| path.exists())?;
        Some(if kind == LayerKind::Tracked { config::TRACKED_FILE.to_owned() } else { path.display().to_string() })
    };
    [LayerKind::Local, LayerKind::Tracked, LayerKind::User].into_iter().filter_map(there).collect()
}

/// What a target is, and which pushes go there.
pub(super) fn target(patient: &Patient<'_>, config: &Config, settings: &TargetSettings) -> Check {
    let target = &settings.target;
    let branches = branches(patient, config, settings).join(", ");
    let remotes = config.watch.remotes.join(", ");
    let lead = match target.lead() {
        Source::Provider => format!("{} {}", target.provider, provider::subject(target)),
        Source::Database | Source::Health => format!("no provider, {} decides", target.lead_name()),
    };
    let detail = format!("{lead}; pushes of {branches} to {remotes}");
    let id = format!("target.{}", target.name);
    let known = patient.place.repo.remotes();
    if !config.watch.remotes.iter().any(|name| known.iter().any(|(remote, _)| remote == name)) {
        let fix = "name the remote you push to in [watch] remotes";
        return Check::warning(id, format!("{detail}, but there is no such remote"), fix);
    }
    Check::ok(id, detail)
}

/// The branches whose pushes are watched for a target, before the provider was asked.
pub(super) fn branches(patient: &Patient<'_>, config: &Config, settings: &TargetSettings) -> Vec<String> {
    let head = config.watch.remotes.iter().find_map(|remote| patient.place.repo.default_branch(remote));
    config::branches_for(settings, &config.watch, Hints { remote_head: head.as_deref(), triggers: None })
}
