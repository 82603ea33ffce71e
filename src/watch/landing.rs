//! Whether the push got there, and what follows from it.

use super::{Course, Phase, Reason, tell};
use crate::base::Timestamp;

impl Course {
    /// The push is proven: from now on a deployment is waited for.
    pub(super) fn has_landed(&mut self, now: Timestamp) {
        if self.verdict.is_some() || self.phase != Phase::Pushing {
            return;
        }
        self.phase = Phase::Registering;
        self.reason = Reason::WaitingForDeployment;
        self.message = tell::waiting_for_deployment(self);
        self.next_look = now;
    }
}
