//! An errand: something that takes time, run beside everything else; what comes of it happens to the keeper.

use std::sync::Arc;

use super::aside::aside;
use super::keeper::{Errand, Happening};
use super::tools::Tools;
use super::{landing, look, plan};
use crate::watch::{LandingSeen, LogState, Misheard, Miss, Plan, Reason, Watch};

impl Errand {
    /// Runs it.
    pub(super) async fn run(self, tools: Arc<Tools>) -> Happening {
        match self {
            Self::Prove { watch, ask_remote } => {
                let id = watch.id.clone();
                Happening::Landing(id, landing::prove(tools, watch, ask_remote).await)
            }
            Self::Look { place, target, want, audience } => {
                let outcome = look::look(tools, place.clone(), &target, *want, audience).await;
                Happening::Looked(place, outcome)
            }
            Self::FetchLog { watch, target, memo } => {
                let log = look::save_log(&tools, &watch, &target, memo).await;
                Happening::Logged(watch.id.clone(), target, log)
            }
            Self::Reconfigure(watch) => {
                let (id, shared) = (watch.id.clone(), Arc::clone(&tools));
                let planned = aside(move || plan::again(&shared, Watch::clone(&watch))).await;
                Happening::Configured(id, Box::new(planned.unwrap_or_else(|_| unplanned(&tools))))
            }
        }
    }

    /// What came of it where it panicked: one watch misses one look.
    pub(super) fn lost(&self, tools: &Tools) -> Happening {
        match self {
            Self::Prove { watch, .. } => Happening::Landing(watch.id.clone(), LandingSeen::GitGone),
            Self::Look { place, .. } => {
                let broken = Misheard::Garbled("afterpush could not work with the answer".to_owned());
                Happening::Looked(place.clone(), Err(Miss::Misheard(broken)))
            }
            Self::FetchLog { watch, target, .. } => Happening::Logged(watch.id.clone(), target.clone(), LogState::None),
            Self::Reconfigure(watch) => Happening::Configured(watch.id.clone(), Box::new(unplanned(tools))),
        }
    }
}

fn unplanned(tools: &Tools) -> Plan {
    plan::trouble(tools, (Reason::ConfigInvalid, "the configuration could not be worked with".to_owned()))
}
