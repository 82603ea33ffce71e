//! Where credentials come from. A source that was configured and yields nothing is an error, never a reason to try
//! another: a token meant for one place must not be replaced by one meant for another. Where none was configured, the
//! provider's own [chain](places) is gone through.

mod chain;
mod command;
mod database;
mod file;
mod holder;
#[cfg(feature = "keyring")]
mod keyring;
mod login_shell;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::host::sql;
use crate::provider::{self, Credential, Provider, Tool};
use crate::watch::{DatabaseUrl, Target, TokenSource};
use crate::wire::{Origin, Secret, origin};

pub use database::database;
pub use holder::Holder;
pub use login_shell::login_shell;

/// The values of environment variables a credential may be taken from, where tools keep their files, and the login
/// shell that may be asked.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    values: BTreeMap<String, Secret>,
    config_home: Option<PathBuf>,
    login_shell: Option<PathBuf>,
    /// It is the environment of whoever asks, not of a push.
    is_this_shell: bool,
    lost: BTreeSet<String>,
}

/// A credential and the one origin it may be sent to.
#[derive(Clone, Debug)]
pub struct Bound {
    /// Where it goes.
    pub origin: Origin,
    /// The credential.
    pub secret: Secret,
    /// Where it came from.
    pub from: Holder,
}

/// A secret, and where it came from.
type Found = (Secret, Holder);

impl Environment {
    /// Keeps, of these variables, the ones with a wanted name and a value (see [`names`]).
    pub fn new<P>(pairs: P, wanted: &BTreeSet<String>) -> Self
    where
        P: IntoIterator<Item = (String, String)>,
    {
        let wanted = pairs.into_iter().filter(|(name, value)| wanted.contains(name) && !value.trim().is_empty());
        let values = wanted.map(|(name, value)| {
            let secret = database::trimmed(&name, &value);
            (name, secret)
        });
        Self { values: values.collect(), ..Self::default() }
    }

    /// The folder below which tools keep their files (`~/.config`); without it no tool's file is read.
    #[must_use]
    pub fn with_config_home(mut self, folder: Option<PathBuf>) -> Self {
        self.config_home = folder;
        self
    }

    /// The login shell that is asked for what is not set here; without it none is.
    #[must_use]
    pub fn with_login_shell(mut self, shell: Option<PathBuf>) -> Self {
        self.login_shell = shell;
        self
    }

    /// The variables that an earlier monitor was given and this one is not.
    #[must_use]
    pub fn with_lost(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.lost = names.into_iter().collect();
        self
    }

    /// These are the variables of the shell whoever asks sits at, not of a push.
    #[must_use]
    pub fn of_this_shell(mut self) -> Self {
        self.is_this_shell = true;
        self
    }

    /// All values, for the redactor.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.values.values()
    }

    fn get(&self, name: &str) -> Option<&Secret> {
        self.values.get(name)
    }

    /// The same with these variables as the login shell has them, where one is to be asked and none of them is set.
    async fn or_login_shell(&self, names: &[&str]) -> Result<Self, String> {
        let Some(shell) = self.login_shell.as_ref().filter(|_| names.iter().all(|name| self.get(name).is_none()))
        else {
            return Ok(self.clone());
        };
        let values = login_shell::variables(shell, names).await?;
        Ok(Self { values, ..self.clone() })
    }

    /// What to say where one of these variables is missing: that an earlier monitor had it.
    fn loss<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> String {
        let lost = names.into_iter().find(|name| self.lost.contains(*name));
        lost.map(|name| {
            format!(
                "; {name} was only in the environment of an earlier push, and the monitor has been started anew since: \
                 set it and run afterpush status --refresh"
            )
        })
        .unwrap_or_default()
    }
}

/// The names of the variables these targets may take their credential and their database from.
pub fn names<'a>(targets: impl IntoIterator<Item = &'a Target>) -> BTreeSet<String> {
    let of_both = |target| credential_names(target).into_iter().chain(database_names(target));
    targets.into_iter().flat_map(of_both).collect()
}

/// The names of the variables a target may take its credential from.
pub fn credential_names(target: &Target) -> Vec<String> {
    match &target.token {
        TokenSource::Env(name) => vec![name.clone()],
        TokenSource::Chain => names_of_chain(target),
        TokenSource::Command(_) | TokenSource::File(_) => Vec::new(),
    }
}

/// The names of the variables a target may take its database from.
pub fn database_names(target: &Target) -> Vec<String> {
    match target.database.as_ref().map(|database| &database.url) {
        Some(DatabaseUrl::Told(TokenSource::Env(name))) => vec![name.clone()],
        Some(DatabaseUrl::Told(TokenSource::Chain)) => sql::VARIABLES.iter().map(|&name| name.to_owned()).collect(),
        _ => Vec::new(),
    }
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
    let chain = match provider.credential(&target.base_url) {
        Credential::None => return Ok(None),
        Credential::Optional => None,
        Credential::Required(chain) => Some(chain),
    };
    let origin = origin(&target.base_url)
        .ok_or_else(|| format!("the URL of target {} is not an http or https URL", target.name))?;
    let (secret, from) = match (configured(&target.token, environment).await?, chain) {
        (Some(found), _) => found,
        (None, Some(chain)) => chain::first(provider, &chain, &origin, environment).await?,
        (None, None) => return Ok(None),
    };
    check(&secret, &from)?;
    Ok(Some(Bound { origin, secret, from }))
}

/// The places where the credential of a target is looked for, in their order and in words; of none of them more.
pub fn places(target: &Target, provider: &dyn Provider, environment: &Environment) -> Vec<String> {
    match (provider.credential(&target.base_url), &target.token, origin(&target.base_url)) {
        (Credential::Required(chain), TokenSource::Chain, Some(origin)) => {
            chain::links(&chain).iter().map(|link| link.place(&origin, environment)).collect()
        }
        _ => Vec::new(),
    }
}

/// What a configured source yields; `None` of the chain, which nobody has configured.
async fn configured(source: &TokenSource, environment: &Environment) -> Result<Option<Found>, String> {
    Ok(Some(match source {
        TokenSource::Chain => return Ok(None),
        TokenSource::Env(name) => of_variable(name, environment).await?,
        TokenSource::Command(words) => {
            (command::output(words).await?, Holder::Command(words.first().cloned().unwrap_or_default()))
        }
        TokenSource::File(path) => (file::secret(path)?, Holder::File(path.clone())),
    }))
}

async fn of_variable(name: &str, environment: &Environment) -> Result<Found, String> {
    if let Some(secret) = environment.get(name) {
        return Ok((secret.clone(), Holder::Variable(name.to_owned())));
    }
    if let Some(secret) = environment.or_login_shell(&[name]).await?.get(name) {
        return Ok((secret.clone(), Holder::LoginShell(name.to_owned())));
    }
    let loss = environment.loss([name]);
    Err(format!(
        "the configured environment variable {name} was not set {}{}",
        if environment.is_this_shell { "in this shell" } else { "where the push was made" },
        if loss.is_empty() { "; set it and push again, or run afterpush status --refresh" } else { &loss }
    ))
}

/// A credential is one word of printable ASCII; anything else is a mix-up (a whole file, an error message).
fn check(secret: &Secret, from: &Holder) -> Result<(), String> {
    if secret.is_empty() {
        return Err(format!("{from} is empty, a credential was expected"));
    }
    if secret.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err(format!("{from} holds more than one word; exactly one credential was expected"))
}
