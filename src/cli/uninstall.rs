//! `afterpush uninstall`: takes the hook out again and restores what was there, byte for byte.

use super::install::{Telling, failure, finish};
use super::place::Place;
use super::{Failure, Outcome, World};
use crate::host::git::Repo;
use crate::host::hooking::{self, HookState};

/// What `afterpush uninstall` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show what would be done, change nothing
    #[arg(long)]
    pub print: bool,
    /// Remove the hook that covers every repository of this user
    #[arg(long)]
    pub user: bool,
}

/// Runs the command.
pub fn run(args: &Args, world: &World) -> Result<Outcome, Failure> {
    let telling = Telling { world, schema: "afterpush.uninstall/1", word: "uninstalled", only_print: args.print };
    if args.user {
        return finish(&telling, &hooking::plan_user_uninstall(), || {
            Ok("the hook that covered this user's repositories is gone".to_owned())
        });
    }
    let place = Place::find(world)?;
    place.refuse_guest_root()?;
    let plan = hooking::plan_uninstall(&place.repo).map_err(failure)?;
    finish(&telling, &plan, || uninstalled(&place.repo))
}

/// Says so, having looked whether a call that somebody added, or a hook for all repositories, is still there.
fn uninstalled(repo: &Repo) -> Result<String, Failure> {
    Ok(match hooking::inspect(repo).map_err(failure)? {
        HookState::Installed(found) => {
            format!("afterpush's own hook is gone, but pushes are still watched through {}: remove it there", found.how)
        }
        _ => "the hook is gone from this repository".to_owned(),
    })
}
