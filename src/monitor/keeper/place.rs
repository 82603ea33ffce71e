//! Where a source is asked: what watches must have in common to share a look.

use crate::watch::{Database, Health, Particulars, Source, Target, TokenSource};

/// Where a source is asked; watches that have it in common share the look. The table comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The deployments table.
    Table(Box<Database>),
    /// A provider's app.
    App(Box<App>),
    /// The endpoints of a running service.
    Endpoints(Box<Health>),
}

/// All of a target that its provider is asked by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct App {
    provider: String,
    name: String,
    base_url: String,
    token: TokenSource,
    environment: Option<String>,
    particulars: Box<Particulars>,
}

impl App {
    /// The app a target is deployed to.
    pub fn of(target: &Target) -> Self {
        // Named one by one: of whatever a target gains, somebody must say whether it makes another app.
        let Target {
            name: _,
            paths: _,
            health: _,
            database: _,
            provider,
            app: name,
            base_url,
            token,
            environment,
            particulars,
        } = target.clone();
        Self { provider, name, base_url, token, environment, particulars: Box::new(particulars) }
    }
}

impl Place {
    /// Where this source of a target is asked; `None` where it has none.
    pub fn of(target: &Target, source: Source) -> Option<Self> {
        match source {
            Source::Provider => Some(Self::App(Box::new(App::of(target)))),
            Source::Database => target.database.clone().map(|database| Self::Table(Box::new(database))),
            Source::Health => target.health.clone().map(|health| Self::Endpoints(Box::new(health))),
        }
    }

    /// The source that is asked here.
    pub(super) const fn source(&self) -> Source {
        match self {
            Self::App(_) => Source::Provider,
            Self::Table(_) => Source::Database,
            Self::Endpoints(_) => Source::Health,
        }
    }
}
