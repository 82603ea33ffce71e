//! `afterpush demo --serve`: the stand-in provider for a repository of the user's own.

use std::path::Path;

use super::{Args, Failure, Follower, Interrupt, Outcome, STAGE, World, cannot};
use crate::standin::{Order, StandIn};

/// The token it accepts: nothing is secret here.
const TOKEN: &str = "stand-in";

/// Deploys what reaches the remote until Ctrl-C.
pub fn run(remote: &Path, args: &Args, world: &World, interrupt: &Interrupt) -> Result<Outcome, Failure> {
    let remote = world.cwd.join(remote);
    let standin = StandIn::start_at(args.port)
        .map_err(|error| cannot(&format!("listen at port {}", args.port), error).hint("choose another with --port"))?;
    let app = remote.file_stem().map_or_else(|| "app".to_owned(), |name| name.to_string_lossy().into_owned());
    standin.world().add_app(&app, &args.branch);
    let told = standin.world().pace(&app, STAGE);
    let told = told.and_then(|()| standin.world().obey(Order::Token { token: TOKEN.to_owned() }));
    told.map_err(|why| Failure::failed("demo", why))?;
    let _follower = Follower::start(&remote, &args.branch, &app, standin.world())?;
    world.printer.note(&format!(
        "A stand-in for DigitalOcean deploys what reaches {} in {}, until Ctrl-C.\nA commit whose message says [fail] \
         does not build; [fail deploy] and [nothing] do what they say.\n\nFor your clone, in \
         .git/afterpush/u{}/config.toml:\n",
        args.branch,
        remote.display(),
        nix::unistd::geteuid()
    ));
    world.printer.line(&format!(
        "[target.web]\nprovider = \"digitalocean\"\napp = {app:?}\nbranches = [{:?}]\nbase_url = \"{}\"",
        args.branch,
        standin.url()
    ));
    world.printer.note(&format!("\nBefore you push:\n\nexport DIGITALOCEAN_TOKEN={TOKEN}"));
    interrupt.wait();
    Ok(Outcome::Done)
}
