//! What became of the deployments, whoever looked; the verdicts are held against it.

use super::ground::{Ground, contains};
use super::world::World;
use crate::base::Span;
use crate::standin::{Recipe, Stage};

/// The app of every run.
pub(super) const APP: &str = "shop";

/// A deployment and its fate, in time since the machine started.
#[derive(Clone, Debug)]
pub(super) struct Fate {
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
    pub(super) fn deploy(&mut self, world: &World, ground: &Ground, commit: usize, recipe: &Recipe) {
        world.provider.world.push(APP, ground.commits[commit].as_str(), recipe.clone()).expect("an app");
        self.note(world, ground);
    }

    /// Everything goes on by a stage.
    pub(super) fn progress(&mut self, world: &World, ground: &Ground) {
        world.provider.world.step(APP).expect("an app");
        self.note(world, ground);
    }

    fn note(&mut self, world: &World, ground: &Ground) {
        let now = world.state().uptime;
        for (number, deployed) in world.provider.world.deployments(APP).into_iter().enumerate() {
            if number == self.fates.len() {
                let commit = ground.place_of(&deployed.sha).expect("a commit of this repository");
                self.fates.push(Fate { commit, made: now, live: None, failed: None });
            }
            if deployed.stage == Stage::Active {
                world.state().serving = Some(deployed.sha.clone());
            }
            let fate = &mut self.fates[number];
            if deployed.was_live {
                fate.live.get_or_insert(now);
            }
            if matches!(deployed.stage, Stage::BuildError | Stage::DeployError) {
                fate.failed.get_or_insert(now);
            }
        }
    }

    /// By this moment a deployment of the commit, or of one that contains it, made after that moment, was live.
    pub(super) fn was_live(&self, commit: usize, since: Span, by: Span) -> bool {
        let counts = |fate: &&Fate| contains(fate.commit, commit) && fate.made >= since;
        self.fates.iter().filter(counts).any(|fate| fate.live.is_some_and(|at| at <= by))
    }

    /// The same of one that failed.
    pub(super) fn has_failed(&self, commit: usize, since: Span, by: Span) -> bool {
        let counts = |fate: &&Fate| contains(fate.commit, commit) && fate.made >= since;
        self.fates.iter().filter(counts).any(|fate| fate.failed.is_some_and(|at| at <= by))
    }

    /// By this moment there was a deployment of the commit itself, made after that moment.
    pub(super) fn was_deployed(&self, commit: usize, since: Span, by: Span) -> bool {
        self.fates.iter().any(|fate| fate.commit == commit && fate.made >= since && fate.made < by)
    }

    /// Another commit was live at some time.
    pub(super) fn was_live_but(&self, commit: usize) -> bool {
        self.fates.iter().any(|fate| fate.commit != commit && fate.live.is_some())
    }
}
