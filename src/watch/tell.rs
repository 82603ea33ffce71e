//! Every sentence of the room. Foreign words in them are made inert here.

use super::{Course, Push};

/// The last part of a ref name, as people say it.
pub(super) fn place(push: &Push) -> String {
    let name = push.ref_name.branch().unwrap_or(push.ref_name.as_str());
    format!("{}/{name}", push.remote)
}

pub(super) fn branch_not_deployed(push: &Push) -> String {
    format!("{} is not deployed to any target", place(push))
}

pub(super) fn paths_untouched(course: &Course) -> String {
    format!("the push touches none of the paths of target {}", course.target.name)
}

pub(super) fn waiting_for_deployment(course: &Course) -> String {
    format!("landed; waiting for {} to begin a deployment", course.target.provider)
}
