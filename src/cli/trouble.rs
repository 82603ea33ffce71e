//! A configuration that was in the way. Whether it still is can be seen from here, without asking the monitor.

use super::place::Place;
use super::{Kind, World};
use crate::status::Document;
use crate::watch::Reason;

/// When this was written the configuration could not be worked with.
pub fn is_about_configuration(document: &Document) -> bool {
    document.reason == Reason::ConfigInvalid || document.reason == Reason::NotConfigured
}

/// The document as it stands while the configuration still cannot be worked with; `None` where it was mended, or
/// something else is the matter.
pub fn still_unusable(place: &Place, world: &World, document: &Document) -> Option<Document> {
    if !is_about_configuration(document) {
        return None;
    }
    match world.settings(place) {
        Err(failure) if failure.kind == Kind::Config => {
            let (reason, message) = (Reason::ConfigInvalid.into(), failure.sentence());
            Some(Document { reason, message, ..document.clone() })
        }
        Ok(config) if config.targets.is_empty() && document.reason == Reason::NotConfigured => Some(document.clone()),
        _ => None,
    }
}
