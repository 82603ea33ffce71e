//! `DigitalOcean` App Platform.

use super::{Heard, Provider, RepoFacts, Suggestion, ToolFile, Want};
use crate::watch::{Deployment, Log, Misheard, Snapshot, Target};
use crate::wire::{Answer, Ask};

/// The adapter.
pub struct DigitalOcean;

impl Provider for DigitalOcean {
    fn name(&self) -> &'static str {
        "digitalocean"
    }

    fn base_url(&self) -> &'static str {
        "https://api.digitalocean.com"
    }

    fn variables(&self) -> &'static [&'static str] {
        &["DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN"]
    }

    fn tool_file(&self) -> Option<ToolFile> {
        None
    }

    fn recognise(&self, _facts: &RepoFacts) -> Vec<Suggestion> {
        Vec::new()
    }

    fn ask(&self, target: &Target, _want: &Want) -> Ask {
        Ask::json(format!("{}/v2/apps", target.base_url))
    }

    fn hear(&self, _target: &Target, _want: &Want, _answers: &[Answer]) -> Result<Heard<Snapshot>, Misheard> {
        Err(Misheard::Garbled("not read yet".to_owned()))
    }

    fn ask_log(&self, _target: &Target, _want: &Want, _deployment: &Deployment) -> Option<Ask> {
        None
    }

    fn hear_log(
        &self,
        _target: &Target,
        _want: &Want,
        _deployment: &Deployment,
        _answers: &[Answer],
    ) -> Result<Heard<Log>, Misheard> {
        Err(Misheard::Garbled("not read yet".to_owned()))
    }
}
