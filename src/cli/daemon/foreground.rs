//! The monitor in this process.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::{Args, Failure, Outcome, World};
use crate::base::Layout;
use crate::cli::journal::{log_to, log_unable};
use crate::cli::place::Place;
use crate::host::places::Places;
use crate::monitor::{self, Ended, Orders};
use crate::process;

/// Runs it until it has nothing left to do.
pub fn run(args: &Args, world: &World) -> Result<Outcome, Failure> {
    let layout = layout(args.state.as_deref(), world)?;
    process::refuse_guest_root(&layout).map_err(|why| Failure::failed("guest_root", why.to_string()))?;
    process::be_first_to_go();
    log_to(&layout.monitor_log());
    // A panic is a line in it, too.
    std::panic::set_hook(Box::new(|panic| tracing::error!("{}", panic.to_string().replace('\n', " "))));
    let orders = Orders {
        layout,
        program: world.program.clone(),
        environment: process::inherited_environment(),
        places: Places::of_user(),
        take_over: args.take_over,
        end: Arc::new(AtomicBool::new(false)),
    };
    match monitor::run(&orders) {
        Ok(Ended::Busy) => {
            world.printer.note("a monitor of this repository is at work already");
            Ok(Outcome::Done)
        }
        Ok(_) => Ok(Outcome::Done),
        Err(why) => {
            log_unable(&why);
            let hint = "see `afterpush doctor`; requests and watches stay where they are";
            Err(Failure::failed("monitor", "the monitor cannot work").because(why).hint(hint))
        }
    }
}

fn layout(state: Option<&Path>, world: &World) -> Result<Layout, Failure> {
    match state {
        None => Place::find(world).map(|place| place.layout),
        Some(state) => Layout::of_state_dir(state).ok_or_else(|| {
            let shown = state.display();
            Failure::usage("bad_state", format!("{shown} is not the private folder of a repository"))
                .hint("it is GIT_DIR/afterpush/u followed by your user id; without --state it is found by itself")
        }),
    }
}
