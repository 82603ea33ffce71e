//! `afterpush demo --serve`: the stand-in provider for a repository of the user's own.

use std::path::Path;

use super::{Args, Failure, Follower, Interrupt, Outcome, STAGE, World, cannot, follow};
use crate::base::text;
use crate::push::RefName;
use crate::standin::{Order, StandIn};

/// The token it accepts: nothing is secret here.
const TOKEN: &str = "stand-in";

/// Deploys what reaches the remote until Ctrl-C.
pub fn run(remote: &Path, args: &Args, world: &World, interrupt: &Interrupt) -> Result<Outcome, Failure> {
    let remote = world.cwd.join(remote);
    let standin = StandIn::start_at(args.port)
        .map_err(|error| cannot(&format!("listen at port {}", args.port), error).hint("choose another with --port"))?;
    let branch = branch(&remote, args, world)?;
    let app = remote.file_stem().map_or_else(|| "app".to_owned(), |name| name.to_string_lossy().into_owned());
    standin.world().add_app(&app, &branch);
    let told = standin.world().pace(&app, STAGE);
    let told = told.and_then(|()| standin.world().obey(Order::Token { token: TOKEN.to_owned() }));
    told.map_err(|why| Failure::failed("demo", why))?;
    let _follower = Follower::start(&remote, &branch, &app, standin.world())?;
    world.printer.note(&format!(
        "A stand-in for DigitalOcean deploys what reaches {} in {}, until Ctrl-C.\nA commit whose message says [fail] \
         does not build; [fail deploy] and [nothing] do what they say.\n\nFor your clone, in \
         .git/afterpush/u{}/config.toml:\n",
        branch,
        remote.display(),
        nix::unistd::geteuid()
    ));
    world.printer.line(&format!(
        "[target.web]\nprovider = \"digitalocean\"\napp = {app:?}\nbranches = [{:?}]\nbase_url = \"{}\"",
        branch,
        standin.url()
    ));
    world.printer.note(&format!("\nBefore you push:\n\nexport DIGITALOCEAN_TOKEN={TOKEN}"));
    interrupt.wait();
    Ok(Outcome::Done)
}

/// The branch that is followed; a stranger's habit decides whether it is called main.
fn branch(remote: &Path, args: &Args, world: &World) -> Result<String, Failure> {
    let repo = follow::open(remote)?;
    let is_there = |branch: &String| repo.read_ref(RefName::of_branch(branch).as_str()).is_some();
    let head = repo.head_ref().as_ref().and_then(RefName::branch).map(str::to_owned);
    let main = "main".to_owned();
    let branch = match (&args.branch, head) {
        (Some(branch), _) => branch.clone(),
        (None, Some(head)) if is_there(&head) || !is_there(&main) => head,
        _ => main,
    };
    if !is_there(&branch) {
        let (remote, branch) = (text::visible(&remote.to_string_lossy()), text::visible(&branch));
        world.printer.note(&format!("{remote} has no branch {branch} yet; --branch names another one to deploy.\n"));
    }
    Ok(branch)
}
