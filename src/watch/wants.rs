//! What a watch wants to be told: questions of those who do the asking.

use super::{Course, Landing, TargetName, Watch};
use crate::base::{Span, Timestamp};

impl Watch {
    /// The course of a target.
    pub fn course(&self, target: &TargetName) -> Option<&Course> {
        self.courses.iter().find(|course| course.target.name == *target)
    }

    /// Something is to be done: look, check the landing, fetch a log, or judge a deadline with a tick.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.next_look <= now
    }

    /// The landing is to be checked. To be done whenever the watch is due: nothing but the tracking ref, the remote
    /// and the provider can tell, and each of them may do so at any time.
    pub fn wants_landing(&self) -> bool {
        self.ending.is_none() && matches!(self.landing, Landing::Unproven { .. })
    }

    /// The provider is to be asked about this target now.
    pub fn wants_look(&self, target: &TargetName, now: Timestamp) -> bool {
        let _ = now;
        self.course(target).is_some()
    }

    /// How far back the answer about this target should reach (the provider's clock); `None`: the newest page is
    /// enough.
    pub fn back_to(&self, target: &TargetName) -> Option<Timestamp> {
        let _ = target;
        Some(self.push.at - Span::from_hours(1))
    }
}
