//! What became of the deployments, whoever looked; the verdicts are held against it.

use super::ground::{Ground, contains};
use super::world::World;
use crate::base::Span;
use crate::standin::{Recipe, Stage};

/// The apps of every run, and the targets they are behind.
pub(super) const APPS: [(&str, &str); 3] = [(APP, "web"), (DOCS, "docs"), ("stage", "stage")];
/// The app behind the main branch; the table and the service tell of it.
pub(super) const APP: &str = "shop";
/// The one that is asked by a URL of its own.
pub(super) const DOCS: &str = "docs";

/// A deployment and its fate, in time since the machine started.
#[derive(Clone, Debug)]
pub(super) struct Fate {
    pub(super) app: &'static str,
    pub(super) commit: usize,
    pub(super) made: Span,
    pub(super) live: Option<Span>,
    pub(super) failed: Option<Span>,
}

/// All deployments, the oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Truth {
    pub(super) fates: Vec<Fate>,
    /// The service was ill at some time.
    pub(super) was_ill: bool,
}

impl Truth {
    /// The provider hears of a push.
    pub(super) fn deploy(&mut self, world: &World, ground: &Ground, app: &str, commit: usize, recipe: &Recipe) {
        world.provider.world.push(app, ground.commits[commit].as_str(), recipe.clone()).expect("an app");
        self.note(world, ground);
    }

    /// Everything goes on by a stage.
    pub(super) fn progress(&mut self, world: &World, ground: &Ground) {
        for (app, _) in APPS {
            world.provider.world.step(app).expect("an app");
        }
        self.note(world, ground);
    }

    fn note(&mut self, world: &World, ground: &Ground) {
        for (app, _) in APPS {
            self.note_app(world, ground, app);
        }
    }

    fn note_app(&mut self, world: &World, ground: &Ground, app: &'static str) {
        let now = world.state().uptime;
        for (number, deployed) in world.provider.world.deployments(app).into_iter().enumerate() {
            if number == self.fates.iter().filter(|fate| fate.app == app).count() {
                let commit = ground.place_of(&deployed.sha).expect("a commit of this repository");
                self.fates.push(Fate { app, commit, made: now, live: None, failed: None });
            }
            if deployed.stage == Stage::Active && app == APP {
                world.state().serving = Some(deployed.sha.clone());
            }
            let fate = self.fates.iter_mut().filter(|fate| fate.app == app).nth(number).expect("one for each");
            if deployed.was_live {
                fate.live.get_or_insert(now);
            }
            if matches!(deployed.stage, Stage::BuildError | Stage::DeployError) {
                fate.failed.get_or_insert(now);
            }
        }
    }

    /// By this moment a deployment of the commit, or of one that contains it, made after that moment, was live.
    pub(super) fn was_live(&self, app: &str, commit: usize, since: Span, by: Span) -> bool {
        let counts = |fate: &&Fate| fate.app == app && contains(fate.commit, commit) && fate.made >= since;
        self.fates.iter().filter(counts).any(|fate| fate.live.is_some_and(|at| at <= by))
    }

    /// The same of one that failed.
    pub(super) fn has_failed(&self, app: &str, commit: usize, since: Span, by: Span) -> bool {
        let counts = |fate: &&Fate| fate.app == app && contains(fate.commit, commit) && fate.made >= since;
        self.fates.iter().filter(counts).any(|fate| fate.failed.is_some_and(|at| at <= by))
    }

    /// By this moment there was a deployment of the commit itself, made after that moment.
    pub(super) fn was_deployed(&self, app: &str, commit: usize, since: Span, by: Span) -> bool {
        let counts = |fate: &Fate| fate.app == app && fate.commit == commit && fate.made >= since && fate.made < by;
        self.fates.iter().any(counts)
    }

    /// Another commit was live at some time.
    pub(super) fn was_live_but(&self, commit: usize) -> bool {
        self.fates.iter().any(|fate| fate.app == APP && fate.commit != commit && fate.live.is_some())
    }
}
