//! Where credentials come from. A source that was configured and yields nothing is an error, never a reason to try
//! another: a token meant for one place must not be replaced by one meant for another.

mod command;
mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::provider::{self, Provider, ToolFile};
use crate::watch::{Target, TokenSource};
use crate::wire::{Origin, Secret, origin};

/// The values of environment variables a credential may be taken from, and where tools keep their files.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    values: BTreeMap<String, Secret>,
    config_home: Option<PathBuf>,
}

/// A credential and the one origin it may be sent to.
#[derive(Clone, Debug)]
pub struct Bound {
    /// Where it goes.
    pub origin: Origin,
    /// The credential.
    pub secret: Secret,
    /// Where it came from, in words: "the environment variable `NAME`".
    pub from: String,
}

impl Environment {
    /// Keeps, of these variables, the ones with a wanted name and a value (see [`names`]).
    pub fn new<P>(pairs: P, wanted: &BTreeSet<String>) -> Self
    where
        P: IntoIterator<Item = (String, String)>,
    {
        let wanted = pairs.into_iter().filter(|(name, value)| wanted.contains(name) && !value.trim().is_empty());
        Self { values: wanted.map(|(name, value)| (name, Secret::new(&value))).collect(), config_home: None }
    }

    /// The folder below which tools keep their files (`~/.config`); without it no tool's file is read.
    #[must_use]
    pub fn with_config_home(mut self, folder: Option<PathBuf>) -> Self {
        self.config_home = folder;
        self
    }

    /// All values, for the redactor.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.values.values()
    }

    fn get(&self, name: &str) -> Option<&Secret> {
        self.values.get(name)
    }
}

/// The names of the variables these targets may take their credential from.
pub fn names<'a>(targets: impl IntoIterator<Item = &'a Target>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for target in targets {
        match &target.token {
            TokenSource::Env(name) => drop(names.insert(name.clone())),
            TokenSource::Chain => {
                if let Some(provider) = provider::by_name(&target.provider) {
                    names.extend(provider.variables().iter().map(|&name| name.to_owned()));
                    names.extend(provider.tool_file().and_then(|tool| tool.context_variable).map(str::to_owned));
                }
            }
            TokenSource::Command(_) | TokenSource::File(_) => {}
        }
    }
    names
}

/// The credential of a target, bound to where its provider's API is. The error is a sentence that says what to do.
pub async fn credential(target: &Target, provider: &dyn Provider, environment: &Environment) -> Result<Bound, String> {
    let origin = origin(&target.base_url)
        .ok_or_else(|| format!("base_url of target {} is not an http or https URL", target.name))?;
    let (secret, from) = match &target.token {
        TokenSource::Chain => of_chain(provider, environment)?,
        TokenSource::Env(name) => of_variable(name, environment)?,
        TokenSource::Command(words) => {
            let program = words.first().map_or("", String::as_str);
            (command::output(words).await?, format!("the command {program}"))
        }
        TokenSource::File(path) => (file::secret(path)?, format!("the file {}", path.display())),
    };
    check(&secret, &from)?;
    Ok(Bound { origin, secret, from })
}

fn of_variable(name: &str, environment: &Environment) -> Result<(Secret, String), String> {
    let secret = environment.get(name).cloned().ok_or_else(|| {
        format!("the configured environment variable {name} was not set where the push was made; set it and push again, or run afterpush status --refresh")
    })?;
    Ok((secret, format!("the environment variable {name}")))
}

/// The provider's own chain: its variables, then its own tool's file.
fn of_chain(provider: &dyn Provider, environment: &Environment) -> Result<(Secret, String), String> {
    for &name in provider.variables() {
        if let Some(secret) = environment.get(name) {
            return Ok((secret.clone(), format!("the environment variable {name}")));
        }
    }
    let tool = provider.tool_file();
    if let Some(found) = tool.map(|tool| of_tool(tool, environment)).transpose()?.flatten() {
        return Ok(found);
    }
    let variables = provider.variables().join(" or ");
    let log_in = tool.map(|tool| format!(", or log in with {}", tool.tool)).unwrap_or_default();
    Err(format!("there is no credential for {}: set {variables}{log_in}", provider.name()))
}

fn of_tool(tool: ToolFile, environment: &Environment) -> Result<Option<(Secret, String)>, String> {
    let Some(path) = environment.config_home.as_ref().map(|home| home.join(tool.path)) else { return Ok(None) };
    if !path.exists() {
        return Ok(None);
    }
    let text = file::text(&path)?;
    let context = tool.context_variable.and_then(|name| environment.get(name)).map(Secret::expose);
    let token = (tool.read)(&text, context).map(|token| Secret::new(&token)).filter(|token| !token.is_empty());
    Ok(token.map(|token| (token, format!("the file of {} ({})", tool.tool, path.display()))))
}

/// A credential is one word of printable ASCII; anything else is a mix-up (a whole file, an error message).
fn check(secret: &Secret, from: &str) -> Result<(), String> {
    if secret.is_empty() {
        return Err(format!("{from} is empty, a credential was expected"));
    }
    if secret.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err(format!("{from} holds more than one word; exactly one credential was expected"))
}
