//! Where credentials come from. A source that was configured and yields nothing is an error, never a reason to try
//! another: a token meant for one place must not be replaced by one meant for another.

mod command;
mod database;
mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::host::sql;
use crate::provider::{self, Chain, Credential, Provider, Tool, ToolFile};
use crate::watch::{DatabaseUrl, Target, TokenSource};
use crate::wire::{Origin, Secret, origin};

pub use database::database;

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
        let values = wanted.map(|(name, value)| {
            let secret = database::kept(&name, &value);
            (name, secret)
        });
        Self { values: values.collect(), config_home: None }
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

/// The names of the variables these targets may take their credential and their database from.
pub fn names<'a>(targets: impl IntoIterator<Item = &'a Target>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for target in targets {
        match &target.token {
            TokenSource::Env(name) => drop(names.insert(name.clone())),
            TokenSource::Chain => names.extend(names_of_chain(target)),
            TokenSource::Command(_) | TokenSource::File(_) => {}
        }
        match target.database.as_ref().map(|database| &database.url) {
            Some(DatabaseUrl::Told(TokenSource::Env(name))) => drop(names.insert(name.clone())),
            Some(DatabaseUrl::Told(TokenSource::Chain)) => names.extend(sql::VARIABLES.iter().map(|&v| v.to_owned())),
            _ => {}
        }
    }
    names
}

fn names_of_chain(target: &Target) -> Vec<String> {
    let wanted = provider::by_name(&target.provider).map(|provider| provider.credential(&target.base_url));
    let Some(Credential::Required(chain)) = wanted else { return Vec::new() };
    let context = match chain.tool {
        Some(Tool::File(file)) => file.context_variable,
        Some(Tool::Command { .. }) | None => None,
    };
    chain.variables.iter().copied().chain(context).map(str::to_owned).collect()
}

/// The credential of a target, bound to where its provider is; `None` where it is asked without one. The error is a
/// sentence that says what to do.
pub async fn credential(
    target: &Target,
    provider: &dyn Provider,
    environment: &Environment,
) -> Result<Option<Bound>, String> {
    let wanted = provider.credential(&target.base_url);
    let (secret, from) = match (wanted, &target.token) {
        (Credential::None, _) | (Credential::Optional, TokenSource::Chain) => return Ok(None),
        (Credential::Required(chain), TokenSource::Chain) => of_chain(provider, &chain, environment).await?,
        (_, TokenSource::Env(name)) => of_variable(name, environment)?,
        (_, TokenSource::Command(words)) => {
            let program = words.first().map_or("", String::as_str);
            (command::output(words).await?, format!("the command {program}"))
        }
        (_, TokenSource::File(path)) => (file::secret(path)?, format!("the file {}", path.display())),
    };
    check(&secret, &from)?;
    let origin = origin(&target.base_url)
        .ok_or_else(|| format!("the URL of target {} is not an http or https URL", target.name))?;
    Ok(Some(Bound { origin, secret, from }))
}

fn of_variable(name: &str, environment: &Environment) -> Result<(Secret, String), String> {
    let secret = environment.get(name).cloned().ok_or_else(|| {
        format!("the configured environment variable {name} was not set where the push was made; set it and push again, or run afterpush status --refresh")
    })?;
    Ok((secret, format!("the environment variable {name}")))
}

/// The provider's own chain: its variables, then its own tool.
async fn of_chain(
    provider: &dyn Provider,
    chain: &Chain,
    environment: &Environment,
) -> Result<(Secret, String), String> {
    for &name in chain.variables {
        if let Some(secret) = environment.get(name) {
            return Ok((secret.clone(), format!("the environment variable {name}")));
        }
    }
    let found = match &chain.tool {
        Some(Tool::File(file)) => of_file(*file, environment)?,
        // A tool that is not there, or not logged in, has none.
        Some(Tool::Command { tool, words }) => {
            command::output(words).await.ok().map(|secret| (secret, format!("the log-in of {tool}")))
        }
        None => None,
    };
    found.ok_or_else(|| format!("there is no credential for {}: {}", provider.name(), chain.advice("")))
}

fn of_file(tool: ToolFile, environment: &Environment) -> Result<Option<(Secret, String)>, String> {
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
