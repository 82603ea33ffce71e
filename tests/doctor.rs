//! `afterpush doctor`: the truth about a repository, and the fix for what is wrong.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use afterpush::standin::{Order, StandIn, Trouble};

use crate::support::{Faults, Ran, Sandbox, until};

/// A clone with the hook, whose own configuration leads to the stand-in.
fn leading_to(standin: &StandIn) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.afterpush(&["install", "--file"]).ends(0);
    let tracked = "[target.web]\nprovider = \"digitalocean\"\napp = \"shop\"\n";
    fs::write(sandbox.work().join(".afterpush.toml"), tracked).expect("the tracked file");
    let layout = sandbox.layout();
    fs::create_dir_all(layout.private()).expect("the private folder");
    let own = format!("[target.web]\nprovider = \"digitalocean\"\nbase_url = \"{}\"\n", standin.url());
    fs::write(layout.config(), own).expect("the local file");
    for (path, mode) in [(layout.private().to_path_buf(), 0o700), (layout.config(), 0o600)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
    }
    sandbox
}

fn doctor(sandbox: &Sandbox, args: &[&str], token: &str) -> Ran {
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_afterpush"));
    Ran::of(command.arg("doctor").args(args).env("DIGITALOCEAN_TOKEN", token))
}

/// Holds a screen to a snapshot, without what differs from machine to machine and from run to run.
macro_rules! assert_screen {
    ($sandbox:expr, $ran:expr, @$snapshot:literal) => {
        let root = $sandbox.root().display().to_string();
        insta::with_settings!({filters => vec![
            (root.as_str(), "ROOT"),
            (r"(ok git +)\d+\.\S+", "${1}GIT"),
            (r"\d+ MiB free", "ROOM free"),
            (r"answered in \S+\)", "answered in TIME)"),
            (r"/u\d+/", "/uUID/"),
            (r"127\.0\.0\.1:\d+", "STAND-IN"),
        ]}, { insta::assert_snapshot!($ran.out(), @$snapshot); });
    };
}

#[test]
fn a_healthy_repository_is_told_to_be_well() {
    let standin = StandIn::start().expect("a stand-in");
    standin.world().add_app("shop", "main");
    let sandbox = leading_to(&standin);
    let ran = doctor(&sandbox, &["--exit-code"], &standin.world().token());
    assert_screen!(sandbox, ran, @r#"
    ok git              GIT
    ok repository       ROOT/work
    ok hook             the hook file ROOT/work/.git/hooks/pre-push
    -  monitor          not running; the next push starts it
    -  last_push        none was watched yet
    ok disk             ROOM free
    ok permissions      what is private is closed to others
    ok file_watch       the system tells of new requests at once
    ok leftovers        none
    ok config           ROOT/work/.git/afterpush/uUID/config.toml, .afterpush.toml
                       target.web.app: .afterpush.toml:3
                       target.web.base_url: ROOT/work/.git/afterpush/uUID/config.toml:3
                       target.web.provider: ROOT/work/.git/afterpush/uUID/config.toml:2
    ok target.web       digitalocean app shop; pushes of main, master to origin
    ok credentials.web  from the environment variable DIGITALOCEAN_TOKEN
                       1. the environment variable DIGITALOCEAN_TOKEN
                       2. the environment variable DIGITALOCEAN_ACCESS_TOKEN
                       3. the file of doctl
                       4. git credential fill for http://STAND-IN
                       5. DIGITALOCEAN_TOKEN or DIGITALOCEAN_ACCESS_TOKEN in a login shell, which is asked with env_from_login_shell = true only
    ok provider.web     knows app shop (0 deployments on the newest page, answered in TIME)
    ok clock.web        agrees with the provider's
    all is well
    "#);
    assert_eq!(ran.code(), Some(0), "{ran}");
}

#[test]
fn a_fresh_repository_is_told_what_to_do_first() {
    let sandbox = Sandbox::new();
    let ran = sandbox.afterpush(&["doctor", "--offline"]).ends(0);
    assert_screen!(sandbox, ran, @r#"
    ok git          GIT
    ok repository   ROOT/work
    x  hook         not installed, so no push is noticed
                   fix: afterpush install
    -  monitor      not running; the next push starts it
    -  last_push    none was watched yet
    ok disk         ROOM free
    -  permissions  nothing private is there yet
    ok file_watch   the system tells of new requests at once
    ok leftovers    none
    x  config       no target is configured
                   fix: afterpush init
    2 checks failed
    "#);
    sandbox.afterpush(&["doctor", "--offline", "--exit-code"]).ends(1);
}

/// The line about the provider while the stand-in is in this trouble.
fn line_in_trouble(trouble: Option<Trouble>, orders: Vec<Order>) -> String {
    let standin = StandIn::start().expect("a stand-in");
    standin.world().add_app("shop", "main");
    let token = standin.world().token();
    for order in orders {
        standin.world().obey(order).expect("an order it knows");
    }
    if let Some(trouble) = trouble {
        standin.world().trouble(trouble, 9);
    }
    let sandbox = leading_to(&standin);
    let ran = doctor(&sandbox, &[], &token);
    assert!(!ran.out().contains(&token) && !ran.err().contains(&token), "{ran}");
    let about = |line: &&str| ["provider.web", "clock.web", "fix:"].iter().any(|word| line.contains(word));
    let lines: Vec<_> = ran.out().lines().filter(about).map(|line| line.trim().to_owned()).collect();
    lines.join("\n")
}

#[test]
fn what_the_provider_says_is_told_with_its_fix() {
    let app = || "shop".to_owned();
    let told = [
        line_in_trouble(Some(Trouble::Unauthorized), Vec::new()),
        line_in_trouble(Some(Trouble::Forbidden), Vec::new()),
        line_in_trouble(Some(Trouble::NotFound), Vec::new()),
        line_in_trouble(Some(Trouble::Throttled("30".to_owned())), Vec::new()),
        line_in_trouble(Some(Trouble::Down), Vec::new()),
        line_in_trouble(Some(Trouble::Html), Vec::new()),
        line_in_trouble(None, vec![Order::Skew { seconds: -90 }]),
        line_in_trouble(None, vec![Order::DeployOnPush { app: app(), on: false }]),
    ];
    insta::with_settings!({filters => vec![
        (r"127\.0\.0\.1(:\d+)?", "STAND-IN"),
        (r"answered in \S+\)", "answered in TIME)"),
        (r"1m(29|30|31)s", "1m30s"),
    ]}, { insta::assert_snapshot!(told.join("\n\n"), @r#"
    x  provider.web     DigitalOcean does not accept the token (Unable to authenticate you.); make a new one with the scope app:read; this one is from the environment variable DIGITALOCEAN_TOKEN: set DIGITALOCEAN_TOKEN to another and push again, or run afterpush status --refresh

    x  provider.web     the DigitalOcean token may not read app shop (You are not authorized to perform this operation.); it needs the scope app:read; this one is from the environment variable DIGITALOCEAN_TOKEN: set DIGITALOCEAN_TOKEN to another and push again, or run afterpush status --refresh

    x  provider.web     DigitalOcean shows no app shop to this token (The resource you requested could not be found.); check `app` in the configuration and the token's team

    !  provider.web     rate limit reached
    fix: try again later

    !  provider.web     DigitalOcean answers 500 (Unexpected server-side error)
    fix: try again later

    x  provider.web     DigitalOcean's answer is not a JSON object but text/html of 33 bytes; is a proxy or a log-in page in between?
    fix: check base_url

    ok provider.web     knows app shop (0 deployments on the newest page, answered in TIME)
    !  clock.web        this machine's is 1m30s ahead of the provider's
    fix: let the machine set its clock (timedatectl set-ntp true)

    ok provider.web     knows app shop (0 deployments on the newest page, answered in TIME)
    !  provider.web     the app deploys pushes of no branch; watched are main, master
    fix: set branches of the target, or deploy on push at the provider
    ok clock.web        agrees with the provider's
    "#); });
}

#[test]
fn a_provider_that_is_not_there_and_a_missing_token_are_told() {
    let standin = StandIn::start().expect("a stand-in");
    let sandbox = leading_to(&standin);
    drop(standin);
    let ran = doctor(&sandbox, &["--exit-code"], "some-token").ends(1);
    assert!(ran.out().contains("x  provider.web"), "{ran}");
    assert!(ran.out().contains("cannot be reached: 127.0.0.1: connection refused"), "{ran}");
    let ran = doctor(&sandbox, &["--exit-code"], "").ends(1);
    assert!(ran.out().contains("x  credentials.web"), "{ran}");
    assert!(ran.out().contains("set DIGITALOCEAN_TOKEN or DIGITALOCEAN_ACCESS_TOKEN"), "{ran}");
}

#[tokio::test]
async fn a_provider_that_sends_us_elsewhere_was_reached() {
    let server = Faults::start().await;
    let url = server.url("/away-to-port-1");
    let examined = tokio::task::spawn_blocking(move || {
        let sandbox = leading_to(&StandIn::start().expect("a stand-in"));
        sandbox.configure(&format!("[target.web]\nprovider = \"digitalocean\"\nbase_url = \"{url}\"\n"));
        doctor(&sandbox, &[], "some-token").ends(0).out()
    });
    let out = examined.await.expect("a doctor");
    let told = out.lines().skip_while(|line| !line.contains("provider.web")).take(2).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(told, @r"
    x  provider.web     127.0.0.1: redirects to 127.0.0.1:1, which is not followed
                       fix: check base_url
    ");
}

#[test]
fn a_hook_that_is_gone_or_runs_nothing_is_told() {
    let sandbox = Sandbox::new();
    sandbox.afterpush(&["install", "--file"]).ends(0);
    let hook = sandbox.work().join(".git/hooks/pre-push");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o644)).expect("a mode");
    let line = |args: &[&str]| {
        let out = sandbox.afterpush(args).ends(0).out();
        out.lines().find(|line| line.contains("hook ")).map(str::to_owned).expect("a line about the hook")
    };
    let silent = line(&["doctor", "--offline"]);
    assert!(silent.starts_with("x  hook") && silent.contains("git does not run it"), "{silent}");
    fs::remove_file(&hook).expect("the hook goes");
    assert!(line(&["doctor", "--offline"]).contains("no push is noticed"));
}

#[test]
fn what_only_the_running_monitor_has_is_told() {
    let standin = StandIn::start().expect("a stand-in");
    standin.world().add_app("shop", "main");
    let sandbox = leading_to(&standin);
    sandbox.commit("a change");
    let mut push = sandbox.command("git");
    Ran::of(push.args(["push", "--quiet"]).env("DIGITALOCEAN_TOKEN", standin.world().token())).ends(0);
    let words = "the running monitor has DIGITALOCEAN_TOKEN, this shell has not";
    let ran = until("the monitor tells what it has", || {
        let ran = doctor(&sandbox, &["--exit-code"], "");
        let is_running = ran.out().contains("ok monitor          running (pid ");
        (is_running && ran.out().contains(words)).then_some(ran)
    });
    assert!(ran.out().contains("ok permissions"), "{ran}");
    assert_eq!(ran.code(), Some(0), "{ran}");
    sandbox.afterpush(&["stop", "--all"]).ends(0);
}

#[test]
fn files_that_others_could_touch_and_broken_ones_are_told() {
    let standin = StandIn::start().expect("a stand-in");
    let sandbox = leading_to(&standin);
    let layout = sandbox.layout();
    fs::set_permissions(layout.private(), fs::Permissions::from_mode(0o755)).expect("a mode");
    fs::create_dir_all(layout.inbox().join("bad")).expect("a folder");
    fs::create_dir_all(layout.status_dir()).expect("a folder");
    fs::write(layout.inbox().join("bad/x"), "").expect("a file");
    fs::write(layout.latest(), "{").expect("a file");
    fs::write(sandbox.work().join(".afterpush.toml"), "[watch]\ntimout = \"5m\"\n").expect("a file");
    let out = doctor(&sandbox, &["--offline"], "some-token").ends(0).out();
    for line in [
        "lets others in",
        "the status file of the newest push cannot be used",
        "1 broken request set aside",
        ".afterpush.toml:2: unknown key watch.timout; did you mean \"timeout\"?",
    ] {
        assert!(out.contains(line), "{line} in\n{out}");
    }
}

#[test]
fn what_a_monitor_cannot_work_with_is_told_with_its_cure() {
    let standin = StandIn::start().expect("a stand-in");
    let sandbox = leading_to(&standin);
    let layout = sandbox.layout();
    symlink(sandbox.root(), layout.status_dir()).expect("a link");
    symlink(sandbox.root(), layout.inbox()).expect("a link");
    nix::unistd::mkfifo(&layout.store(), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    fs::write(layout.lock(), "").expect("a file");
    fs::hard_link(layout.lock(), sandbox.root().join("another")).expect("a second name");
    let ran = doctor(&sandbox, &["--offline", "--exit-code"], "some-token").ends(1);
    let told: Vec<_> = ran.out().lines().skip_while(|line| !line.contains("permissions")).map(str::to_owned).collect();
    let told: Vec<_> = told.into_iter().take_while(|line| !line.contains("file_watch")).collect();
    let cures = told.iter().filter_map(|line| line.trim().strip_prefix("fix: "));
    let cures: Vec<_> = cures.map(|cure| cure.split_once("; the next").map_or(cure, |(cure, _)| cure)).collect();
    insta::with_settings!({filters => vec![
        (sandbox.root().display().to_string().as_str(), "ROOT"),
        (r"/u\d+/", "/uUID/"),
    ]}, { insta::assert_snapshot!(told.join("\n"), @r"
    x  permissions      ROOT/work/.git/afterpush/status is a symbolic link, which afterpush did not put there and does not use
                       fix: mv ROOT/work/.git/afterpush/status ROOT/work/.git/afterpush/status.aside; the next monitor makes it anew
    x  permissions      ROOT/work/.git/afterpush/uUID/inbox is a symbolic link, which afterpush did not put there and does not use
                       fix: mv ROOT/work/.git/afterpush/uUID/inbox ROOT/work/.git/afterpush/uUID/inbox.aside; the next monitor makes it anew
    x  permissions      ROOT/work/.git/afterpush/uUID/monitor.lock has a second name (a hard link), so it is not used
                       fix: afterpush daemon stop; cp -p ROOT/work/.git/afterpush/uUID/monitor.lock ROOT/work/.git/afterpush/uUID/monitor.lock.aside && mv ROOT/work/.git/afterpush/uUID/monitor.lock.aside ROOT/work/.git/afterpush/uUID/monitor.lock
    x  permissions      ROOT/work/.git/afterpush/uUID/state.sqlite3 is a pipe, which afterpush did not put there and does not use
                       fix: mv ROOT/work/.git/afterpush/uUID/state.sqlite3 ROOT/work/.git/afterpush/uUID/state.sqlite3.aside; the next monitor makes it anew
    "); });
    for cure in cures {
        let program = std::path::Path::new(env!("CARGO_BIN_EXE_afterpush")).parent().expect("its folder");
        let cure = format!("PATH=\"{}:$PATH\"; {cure}", program.display());
        Ran::of(sandbox.command("sh").args(["-c", &cure])).ends(0);
    }
    let ran = doctor(&sandbox, &["--offline", "--exit-code"], "some-token").ends(0);
    assert!(ran.out().contains("ok permissions"), "{ran}");
}

#[test]
fn a_private_folder_that_is_a_link_is_told_as_one() {
    let sandbox = Sandbox::new();
    let layout = sandbox.layout();
    fs::create_dir_all(layout.root()).expect("a folder");
    symlink(sandbox.root(), layout.private()).expect("a link");
    let out = sandbox.afterpush(&["doctor", "--offline"]).ends(0).out();
    let private = layout.private().display().to_string();
    for line in [
        format!("x  permissions  {private} is a symbolic link, which afterpush did not put there and does not use"),
        format!("fix: mv {private} {private}.aside; the next monitor makes it anew"),
    ] {
        assert!(out.contains(&line), "{line} in\n{out}");
    }
}

#[test]
fn every_check_of_a_configuration_others_may_write_gives_the_same_cure() {
    let standin = StandIn::start().expect("a stand-in");
    let sandbox = leading_to(&standin);
    let config = sandbox.layout().config();
    fs::set_permissions(&config, fs::Permissions::from_mode(0o666)).expect("a mode");
    let out = doctor(&sandbox, &["--offline"], "some-token").ends(0).out();
    let cure = format!("fix: chmod go-w {}", config.display());
    assert_eq!(out.lines().filter(|line| line.trim() == cure).count(), 2, "{out}");
}

#[test]
fn a_table_that_decides_alone_is_called_by_its_name() {
    let standin = StandIn::start().expect("a stand-in");
    let sandbox = leading_to(&standin);
    fs::remove_file(sandbox.work().join(".afterpush.toml")).expect("no tracked file");
    let url = format!("sqlite://{}/none.db", sandbox.root().display());
    let own = format!("[target.web]\nprovider = \"none\"\nbranches = [\"main\"]\n[database]\nurl = \"{url}\"\n");
    fs::write(sandbox.layout().config(), own).expect("the local file");
    let out = doctor(&sandbox, &[], "").ends(0).out();
    for line in
        ["no provider, the deployments table decides; pushes of main to origin", "none.db: there is no such file"]
    {
        assert!(out.contains(line), "{line} in\n{out}");
    }
}

#[test]
fn as_json_it_is_one_document_also_in_a_bare_repository() {
    let sandbox = Sandbox::new();
    let bare = sandbox.remote().display().to_string();
    let document = sandbox.afterpush(&["-C", &bare, "doctor", "--offline", "--json"]).ends(0).json();
    assert_eq!((&document["schema"], &document["ok"]), (&"afterpush.doctor/1".into(), &false.into()));
    let checks = document["checks"].as_array().expect("a list");
    let config = checks.iter().find(|check| check["id"] == "config").expect("the check of the configuration");
    assert_eq!((&config["state"], &config["fix"]), (&"failed".into(), &"afterpush init".into()));
    sandbox.afterpush(&["-C", &sandbox.root().display().to_string(), "doctor"]).ends(2);
}
