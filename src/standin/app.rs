//! An app and its deployments, moved on step by step; nothing here waits or reads a clock.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::recipe::{Recipe, STEPS, Stage};
use crate::base::Timestamp;

/// When an app takes a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// After each time its deployments were listed.
    #[default]
    Polls,
    /// Only when told to.
    ByHand,
    /// Every so many milliseconds.
    EveryMillis(u64),
}

/// What a new deployment does to older ones that have not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// They are superseded.
    #[default]
    Supersede,
    /// They are cancelled.
    Cancel,
    /// They go on beside it.
    Keep,
}

/// An app.
#[derive(Debug)]
pub(super) struct App {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) repo: String,
    pub(super) branch: String,
    pub(super) on_push: bool,
    pub(super) pace: Pace,
    pub(super) overlap: Overlap,
    pub(super) pinned: bool,
    /// Oldest first.
    pub(super) deployments: Vec<Deployment>,
    waiting: Vec<(Recipe, Made)>,
    made: u32,
}

/// A deployment.
#[derive(Debug)]
pub(super) struct Deployment {
    pub(super) id: String,
    pub(super) made: Made,
    pub(super) stage: Stage,
    pub(super) steps_done: u32,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) log: Vec<String>,
    rest: VecDeque<Stage>,
}

/// What a deployment was made of.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) sha: String,
    /// The provider's word for the cause.
    pub(super) cause: &'static str,
}

impl App {
    pub(super) fn new(number: usize, name: &str, branch: &str) -> Self {
        Self {
            id: format!("a0000000-0000-4000-8000-{number:012}"),
            name: name.to_owned(),
            repo: format!("acme/{name}"),
            branch: branch.to_owned(),
            on_push: true,
            pace: Pace::default(),
            overlap: Overlap::default(),
            pinned: false,
            deployments: Vec::new(),
            waiting: Vec::new(),
            made: 0,
        }
    }

    /// A commit reached the branch. A pinned app, and one that does not deploy on a push, takes no notice.
    pub(super) fn push(&mut self, sha: &str, recipe: Recipe, now: Timestamp) {
        if self.on_push && !self.pinned {
            self.wait_for(recipe, Made { sha: sha.to_owned(), cause: "DEPLOY_ON_PUSH" }, now);
        }
    }

    /// Somebody, or the provider itself, goes back to an older commit.
    pub(super) fn roll_back(&mut self, sha: &str, now: Timestamp) {
        let made = Made { sha: sha.to_owned(), cause: "MANUAL_ROLLBACK" };
        self.wait_for(Recipe::of([Stage::Deploying, Stage::Active]), made, now);
    }

    fn wait_for(&mut self, recipe: Recipe, made: Made, now: Timestamp) {
        self.waiting.push((recipe, made));
        self.appear(now);
    }

    /// Everything goes on by one stage.
    pub(super) fn step(&mut self, now: Timestamp) {
        for number in 0..self.deployments.len() {
            if let Some(stage) = self.deployments[number].rest.pop_front() {
                self.enter(number, stage, now);
            }
        }
        for (recipe, _) in &mut self.waiting {
            recipe.after = recipe.after.saturating_sub(1);
        }
        self.appear(now);
    }

    /// The newest deployment of a commit enters a stage at once and stays there.
    pub(super) fn force(&mut self, sha: &str, stage: Stage, now: Timestamp) -> bool {
        let Some(number) = self.deployments.iter().rposition(|deployment| deployment.made.sha == sha) else {
            return false;
        };
        self.deployments[number].rest.clear();
        self.enter(number, stage, now);
        true
    }

    fn appear(&mut self, now: Timestamp) {
        let (due, waiting) = std::mem::take(&mut self.waiting).into_iter().partition(|(recipe, _)| recipe.after == 0);
        self.waiting = waiting;
        let due: Vec<(Recipe, Made)> = due;
        for (recipe, made) in due {
            let mut rest: VecDeque<Stage> = recipe.stages.into();
            let Some(first) = rest.pop_front() else { continue };
            self.overtake(now);
            self.made += 1;
            self.deployments.push(Deployment {
                id: format!("d0000000-0000-4000-8000-{:012}", self.made),
                made,
                stage: Stage::PendingBuild,
                steps_done: 0,
                created_at: now,
                updated_at: now,
                log: recipe.log,
                rest,
            });
            self.enter(self.deployments.len() - 1, first, now);
        }
    }

    /// What a new deployment does to those that have not ended.
    fn overtake(&mut self, now: Timestamp) {
        let end = match self.overlap {
            Overlap::Supersede => Stage::Superseded,
            Overlap::Cancel => Stage::Canceled,
            Overlap::Keep => return,
        };
        for deployment in self.deployments.iter_mut().filter(|deployment| !deployment.stage.is_end()) {
            deployment.rest.clear();
            deployment.stage = end.clone();
            deployment.updated_at = now;
        }
    }

    fn enter(&mut self, number: usize, stage: Stage, now: Timestamp) {
        if stage == Stage::Active {
            for other in self.deployments.iter_mut().filter(|other| other.stage == Stage::Active) {
                other.stage = Stage::Superseded;
                other.updated_at = now;
            }
        }
        let deployment = &mut self.deployments[number];
        deployment.steps_done = deployment.steps_done.max(stage.steps_done()).min(STEPS);
        deployment.stage = stage;
        deployment.updated_at = now;
    }

    pub(super) fn active(&self) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.stage == Stage::Active)
    }

    pub(super) fn deployment(&self, id: &str) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phases(app: &App) -> Vec<&str> {
        app.deployments.iter().map(|deployment| deployment.stage.phase()).collect()
    }

    #[test]
    fn a_commit_goes_live_step_by_step_and_the_old_one_is_superseded() {
        let now = Timestamp::from_secs(1);
        let mut app = App::new(1, "shop", "main");
        app.push("a", Recipe::of([Stage::Active]), now);
        app.push("b", Recipe::live().late(1), now);
        assert_eq!(phases(&app), ["ACTIVE"]);
        app.step(now);
        assert_eq!(phases(&app), ["ACTIVE", "PENDING_BUILD"]);
        (0..5).for_each(|_| app.step(now));
        assert_eq!(phases(&app), ["SUPERSEDED", "ACTIVE"]);
        assert_eq!(app.deployments[0].steps_done, STEPS, "it was live once");
    }

    #[test]
    fn a_second_push_takes_over() {
        let now = Timestamp::from_secs(1);
        let mut app = App::new(1, "shop", "main");
        for (overlap, word) in
            [(Overlap::Supersede, "SUPERSEDED"), (Overlap::Cancel, "CANCELED"), (Overlap::Keep, "BUILDING")]
        {
            app.deployments.clear();
            app.overlap = overlap;
            app.push("a", Recipe::live(), now);
            app.step(now);
            app.push("b", Recipe::live(), now);
            assert_eq!(phases(&app), [word, "PENDING_BUILD"]);
        }
    }

    #[test]
    fn a_pinned_app_takes_no_notice_of_pushes() {
        let mut app = App::new(1, "shop", "main");
        app.pinned = true;
        app.push("a", Recipe::live(), Timestamp::default());
        assert!(app.deployments.is_empty());
        app.roll_back("b", Timestamp::default());
        assert_eq!(phases(&app), ["DEPLOYING"]);
    }
}
