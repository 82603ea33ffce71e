//! How often to look at a target of which nothing is known.

use super::Stage;
use crate::base::Span;

/// The pause before the next look, by the stage and how long it has lasted. A provider registers a push within seconds
/// or not soon; builds take minutes; a rollout is the last step and short.
pub(super) fn gap(stage: Stage, in_stage: Span) -> Span {
    match stage {
        Stage::Registering if in_stage < Span::from_secs(60) => Span::from_secs(3),
        Stage::Registering => Span::from_secs(10),
        Stage::Queued | Stage::Building | Stage::Verifying if in_stage < Span::from_mins(5) => Span::from_secs(5),
        Stage::Queued | Stage::Building | Stage::Verifying if in_stage < Span::from_mins(20) => Span::from_secs(10),
        Stage::Queued | Stage::Building | Stage::Verifying => Span::from_secs(30),
        Stage::Deploying => Span::from_secs(3),
    }
}
