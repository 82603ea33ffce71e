//! The chain of a provider: where its credential is looked for if the configuration does not say, in one order for
//! all providers. What is nearest to the push comes first.

use super::{Environment, Found, Holder, command, file};
use crate::host::git;
use crate::provider::{Chain, Provider, Tool, ToolFile};
use crate::wire::{Origin, Secret};

/// One place in a chain.
pub(super) enum Link<'a> {
    /// A variable of the environment of the push.
    Variable(&'a str),
    /// The provider's own tool, which may be logged in.
    Tool(&'a Tool),
    /// git's credential helpers.
    Git,
    /// The desktop's keyring.
    #[cfg(feature = "keyring")]
    Keyring,
    /// The first of these variables that a login shell sets.
    LoginShell(&'a [&'static str]),
}

/// All places, in their order.
pub(super) fn links(chain: &Chain) -> Vec<Link<'_>> {
    let variables = chain.variables.iter().map(|&name| Link::Variable(name));
    let mut links: Vec<_> = variables.chain(chain.tool.as_ref().map(Link::Tool)).collect();
    links.push(Link::Git);
    #[cfg(feature = "keyring")]
    links.push(Link::Keyring);
    links.push(Link::LoginShell(chain.variables));
    links
}

/// The first credential there is. The error says where one could be put.
pub(super) async fn first(
    provider: &dyn Provider,
    chain: &Chain,
    origin: &Origin,
    environment: &Environment,
) -> Result<Found, String> {
    for link in links(chain) {
        if let Some(found) = link.look(origin, environment).await? {
            return Ok(found);
        }
    }
    let loss = environment.loss(chain.variables.iter().copied());
    Err(format!("there is no credential for {}: {}{loss}", provider.name(), chain.advice("")))
}

impl Link<'_> {
    /// What is there; an error where something is that cannot be used.
    async fn look(&self, origin: &Origin, environment: &Environment) -> Result<Option<Found>, String> {
        Ok(match self {
            Self::Variable(name) => {
                environment.get(name).map(|secret| (secret.clone(), Holder::Variable((*name).to_owned())))
            }
            Self::Tool(Tool::File(file)) => of_file(*file, environment)?,
            // A tool that is not there, or not logged in, has none.
            Self::Tool(Tool::Command { tool, words }) => {
                command::output(words).await.ok().map(|secret| (secret, Holder::Tool(tool)))
            }
            Self::Git => of_git(origin).await,
            #[cfg(feature = "keyring")]
            Self::Keyring => {
                let found = super::keyring::credential(&origin.host).await;
                found.map(|secret| (secret, Holder::Keyring(origin.host.clone())))
            }
            Self::LoginShell(names) => {
                let asked = environment.or_login_shell(names).await?;
                let found = names.iter().find_map(|name| Some((asked.get(name)?.clone(), *name)));
                found.map(|(secret, name)| (secret, Holder::LoginShell(name.to_owned())))
            }
        })
    }

    /// Where it is, in words.
    pub(super) fn place(&self, origin: &Origin, environment: &Environment) -> String {
        match self {
            Self::Variable(name) => Holder::Variable((*name).to_owned()).to_string(),
            Self::Tool(tool @ Tool::File(_)) => format!("the file of {}", tool.name()),
            Self::Tool(Tool::Command { words, .. }) => format!("the command {}", words.join(" ")),
            Self::Git => format!("git credential fill for {origin}"),
            #[cfg(feature = "keyring")]
            Self::Keyring => format!("the keyring: service {}, user name {}", super::keyring::SERVICE, origin.host),
            Self::LoginShell(names) => {
                let names = names.join(" or ");
                match &environment.login_shell {
                    Some(shell) => format!("{names} in the login shell {}", shell.display()),
                    None => format!("{names} in a login shell, which is asked with env_from_login_shell = true only"),
                }
            }
        }
    }
}

fn of_file(tool: ToolFile, environment: &Environment) -> Result<Option<Found>, String> {
    let Some(path) = environment.config_home.as_ref().map(|home| home.join(tool.path)) else { return Ok(None) };
    if !path.exists() {
        return Ok(None);
    }
    let text = file::text(&path)?;
    let context = tool.context_variable.and_then(|name| environment.get(name)).map(Secret::expose);
    let token = (tool.read)(&text, context).map(|token| Secret::new(&token)).filter(|token| !token.is_empty());
    Ok(token.map(|token| (token, Holder::FileOf(tool.tool, path))))
}

/// Helpers that are not there, or know nothing of this host, have none.
async fn of_git(origin: &Origin) -> Option<Found> {
    let asked = origin.clone();
    let password = tokio::task::spawn_blocking(move || git::password(&asked.scheme, &asked.authority())).await;
    let secret = Secret::new(&password.ok()??);
    (!secret.is_empty()).then(|| (secret, Holder::Git(origin.authority())))
}
