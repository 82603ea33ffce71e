//! Every provider in the middle of a watch: it refuses the credential, shows the wrong papers, cannot be found, or is
//! a command that misbehaves.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use afterpush::provider::{ALL, Address};
use afterpush::standin::{Recipe, Stage};
use serde_json::{Value, json};

use crate::support::hub::{Hub, REPOSITORY, TOKEN};
use crate::support::{Authority, Faults, Front, Ran, Room, Site, until, write_private, write_program};

/// A target of each provider that is asked over the network, at this URL, with the token in this file.
pub fn targets(suffix: &str, url: &str, token: &Path) -> String {
    let mut text = String::new();
    for provider in ALL {
        let place = match provider.address() {
            Address::Url => format!("url = {url:?}\npointers = {{ commit = \"/commit\", state = \"/state\" }}"),
            Address::Api(_) => format!("app = \"acme/web\"\nbase_url = {url:?}"),
            _ => continue,
        };
        let (name, token) = (provider.name(), token.display());
        let head = format!("[target.{name}-{suffix}]\nprovider = {name:?}");
        text.extend([head, place, format!("token = {{ file = \"{token}\" }}")].map(|line| line + "\n"));
    }
    text
}

/// A push that is watched with these targets until it is done.
pub fn watched(site: &Site, targets: &str) -> Value {
    site.configure(&format!("[watch]\ntimeout = \"12s\"\nregister_timeout = \"2s\"\n{targets}"));
    let sha = site.commit("into trouble");
    site.push(&[]).ends(0);
    let status = site.until_status(&sha, "that it is done", |status| status["done"] == true);
    site.quiet();
    status
}

/// No target has a verdict of its provider's, and none has seen anything good; returns the words of each error.
fn nothing_was_seen(status: &Value) -> Vec<(String, String)> {
    assert_eq!(status["verdict"], "unobservable", "{status:#}");
    let seen = status["targets"].as_array().expect("targets").iter().map(|target| {
        let verdict = target["verdict"].as_str().expect("a word");
        assert!(["unobservable", "timeout"].contains(&verdict), "{target:#}");
        let seen = target["observations"].as_array().expect("observations");
        assert!(seen.iter().all(|observation| observation["ok"] == false), "{target:#}");
        let error = seen.first().map_or("", |seen| seen["error"].as_str().unwrap_or_default());
        (target["name"].as_str().expect("a name").to_owned(), error.to_owned())
    });
    seen.collect()
}

/// A provider that is at work on a commit, with a front before it.
struct Case {
    site: Site,
    hub: Hub,
    front: Front,
    /// Lets the commit go live.
    go_live: fn(&Self, &str),
    sha: String,
}

impl Case {
    /// One for each provider that is asked over the network.
    fn all() -> [Self; 3] {
        [Self::digitalocean(), Self::github(), Self::http()]
    }

    fn new(hub: Hub, front: Front, site: Site, target: &str, go_live: fn(&Self, &str)) -> Self {
        let token = site.root().join("token");
        let target = format!("{target}\ntoken = {{ file = \"{}\" }}\n", token.display());
        site.configure(&format!("[watch]\n[target.web]\n{}\n", target.replace("PORT", &front.port.to_string())));
        let sha = site.commit("a change");
        Self { site, hub, front, go_live, sha }
    }

    fn digitalocean() -> Self {
        let site = Site::new();
        write_private(&site.root().join("token"), &site.provider().token());
        let front = Front::before(&site.authority());
        let target = "provider = \"digitalocean\"\napp = \"web\"\nbase_url = \"http://127.0.0.1:PORT\"";
        let case = Self::new(Hub::start(), front, site, target, |case, sha| case.site.force(sha, Stage::Active));
        case.site.push(&[]).ends(0);
        case.site.deploy(&case.sha, Recipe::of([Stage::PendingBuild, Stage::Building]));
        case
    }

    fn github() -> Self {
        let (site, hub) = (Site::new(), Hub::start());
        write_private(&site.root().join("token"), TOKEN);
        let front = Front::before(hub.url().trim_start_matches("http://"));
        let target = format!(
            "provider = \"github\"\napp = \"{REPOSITORY}\"\nworkflow = \"deploy.yml\"\nbase_url = \"http://127.0.0.1:PORT\""
        );
        let go_live = |case: &Self, sha: &str| case.hub.run(sha, "completed", Some("success"));
        let case = Self::new(hub, front, site, &target, go_live);
        case.site.push(&[]).ends(0);
        case.hub.run(&case.sha, "in_progress", None);
        case
    }

    fn http() -> Self {
        let (site, hub) = (Site::new(), Hub::start());
        write_private(&site.root().join("token"), TOKEN);
        let front = Front::before(hub.url().trim_start_matches("http://"));
        let target = "provider = \"http\"\nurl = \"http://127.0.0.1:PORT/one\"\n\
                      pointers = { commit = \"/commit\", state = \"/state\" }";
        let page = |case: &Self, sha: &str, state: &str| {
            case.hub.page("/one", &json!({"commit": sha, "state": state}).to_string());
        };
        let go_live = |case: &Self, sha: &str| {
            case.hub.page("/one", &json!({"commit": sha, "state": "live"}).to_string());
        };
        let case = Self::new(hub, front, site, target, go_live);
        page(&case, &case.sha, "building");
        case.site.push(&[]).ends(0);
        case
    }
}

#[test]
fn a_credential_that_is_refused_in_the_middle_is_told_and_a_mended_one_goes_on_with_every_provider() {
    for status in [401, 403] {
        for case in Case::all() {
            let Case { site, front, sha, .. } = &case;
            site.until_status(sha, "building", |status| status["phase"] == "building");
            front.answers(status);
            let refused = |status: &Value| status["reason"] == "credentials_refused";
            let told = site.until_status(sha, "that the credential is refused", refused);
            assert_eq!((&told["verdict"], &told["exit_code"]), (&Value::Null, &4.into()), "{told:#}");
            site.afterpush(&["wait", sha]).ends(4);
            // Read once more each time somebody asks, and then left alone for the pause.
            assert!((1..=6).contains(&front.refused()), "{} questions", front.refused());
            (case.go_live)(&case, sha);
            front.answers(0);
            site.afterpush(&["wait", "--timeout", "60s", sha]).ends(0);
            assert_eq!(site.status(sha).expect("a status")["attempt"], 1);
        }
    }
}

#[tokio::test]
async fn whoever_shows_the_wrong_papers_hears_nothing_from_any_provider() {
    let server = Arc::new(Faults::start().await);
    let behind = Arc::clone(&server);
    // The server lives in this thread, the story waits in another.
    tokio::task::spawn_blocking(move || before_wrong_papers(&behind)).await.expect("a story");
}

fn before_wrong_papers(server: &Faults) {
    let behind = server.url("").trim_start_matches("http://").to_owned();
    let (known, unknown) = (Authority::new(), Authority::new());
    let mut site = Site::new();
    let (ca, token) = (site.root().join("ca.pem"), site.root().join("token"));
    fs::write(&ca, known.pem()).expect("room on the disk");
    write_private(&token, TOKEN);
    site.set("SSL_CERT_FILE", &ca.display().to_string());
    let fronts = [
        ("unknown", Front::with_tls(&behind, unknown.papers(&["localhost"]).server()), "nobody known has signed it"),
        ("expired", Front::with_tls(&behind, known.expired_papers(&["localhost"]).server()), "it has expired"),
        ("foreign", Front::with_tls(&behind, known.papers(&["example.com"]).server()), "it is for another name"),
        ("silent", Front::before(&behind), "no connection within"),
    ];
    let urls =
        fronts.iter().map(|(name, front, _)| targets(name, &format!("https://localhost:{}", front.port), &token));
    let seen = nothing_was_seen(&watched(&site, &urls.collect::<String>()));
    for (name, error) in &seen {
        let (_, _, words) = fronts.iter().find(|(fault, ..)| name.ends_with(fault)).expect("one of them");
        assert!(error.contains(words), "{name}: {error}");
    }
    assert!(seen.len() >= 12, "every provider with every front: {seen:?}");
    assert_eq!(server.heads(), Vec::<String>::new(), "somebody was told something");
    // The control: who shows the right ones is asked, with the token.
    let good = Front::with_tls(&behind, known.papers(&["localhost"]).server());
    let url = format!("https://localhost:{}/html", good.port);
    nothing_was_seen(&watched(&site, &targets("good", &url, &token)));
    assert!(server.heads().iter().any(|head| head.contains(TOKEN)), "{:?}", server.heads());
}

#[test]
#[ignore = "needs namespaces"]
fn where_names_lead_into_a_black_hole_a_watch_ends_unobservable_and_its_monitor_when_it_is_told_to() {
    let mut site = Site::unhooked();
    let resolver = site.root().join("resolv.conf");
    fs::write(&resolver, "nameserver 192.0.2.53\n").expect("room on the disk");
    let mut room = Room::new(&["--net"]);
    // What is sent there is taken and never answered.
    room.tell("ip link add out type veth peer name in && ip addr add 192.0.2.1/24 dev out");
    room.tell("ip link set lo up && ip link set out up && ip link set in up");
    room.tell("ip neigh add 192.0.2.53 lladdr 02:00:00:00:00:01 dev out");
    room.tell(&format!("mount --bind {} /etc/resolv.conf", resolver.display()));
    site.enter(&room);
    let token = site.root().join("token");
    write_private(&token, TOKEN);
    site.configure("");
    site.afterpush(&["install"]).ends(0);
    let away = targets("away", "https://api.example.com", &token);
    for (name, error) in nothing_was_seen(&watched(&site, &away)) {
        assert!(error.contains("api.example.com: no connection within"), "{name}: {error}");
    }
    site.configure(&format!("[watch]\ntimeout = \"1h\"\n{away}"));
    let second = site.commit("into the hole again");
    site.push(&[]).ends(0);
    site.until_status(&second, "something", |_| true);
    until("a name is being asked for", || {
        let threads = site.processes().iter().map(|pid| format!("/proc/{pid}/task")).collect::<Vec<_>>();
        threads.iter().any(|tasks| fs::read_dir(tasks).is_ok_and(|tasks| tasks.count() > 2)).then_some(())
    });
    site.afterpush(&["daemon", "stop"]).ends(0);
    site.quiet();
    let log = fs::read_to_string(site.layout().monitor_log()).expect("a log");
    let last = log.lines().last().expect("it said something");
    assert!(last.contains("the monitor ends"), "it was not killed: {last}");
}

#[test]
#[ignore = "needs namespaces and python3"]
fn where_there_are_only_addresses_of_the_new_kind_a_deployment_is_followed() {
    let mut site = Site::unhooked();
    let mut room = Room::new(&["--net"]);
    room.tell("ip link set lo up && ip addr del 127.0.0.1/8 dev lo && ip addr show lo | grep -q ::1");
    let hosts = site.root().join("hosts");
    fs::write(&hosts, "127.0.0.1 localhost\n::1 localhost\n").expect("room on the disk");
    room.tell(&format!("mount --bind {} /etc/hosts", hosts.display()));
    let pages = site.root().join("pages");
    fs::create_dir(&pages).expect("a folder");
    let serve = format!("python3 -m http.server --bind ::1 --directory {} 8080 >/dev/null 2>&1 &", pages.display());
    room.tell(&format!("{serve} echo $!"));
    site.enter(&room);
    for host in ["[::1]", "localhost"] {
        let url = format!("http://{host}:8080/one.json");
        let pointers = "pointers = { commit = \"/commit\", state = \"/state\" }";
        site.configure(&format!("[watch]\n[target.web]\nprovider = \"http\"\nurl = {url:?}\n{pointers}\n"));
        site.afterpush(&["install"]).ends(0);
        let sha = site.commit(host);
        let page = json!({"commit": sha, "state": "live"}).to_string();
        fs::write(pages.join("one.json"), page).expect("room on the disk");
        site.push(&[]).ends(0);
        site.decided(&sha, "live", "deployed_live");
        assert_eq!(site.status(&sha).expect("a status")["attempt"], 1);
    }
}

/// How a command may misbehave, and what its error has to say.
const COMMANDS: &[(&str, &str, &str)] = &[
    ("hangs", "exec sleep 1000", "did not end within 1s"),
    ("drips", "while :; do printf .; sleep 0.1; done", "did not end within 1s"),
    ("floods", "exec yes", "prints more than"),
    ("silent", "exit 0", "prints nothing"),
    ("fails", "echo no route to host >&2; exit 1", "no route to host"),
    ("later", "exit 75", "exit code 75"),
    ("killed", "kill -9 $$", "signal 9"),
    ("page", "echo '<html>Welcome to the hotel</html>'", ""),
    ("torn", "printf '{\"commit\": \"'", ""),
    ("deep", "head -c 100000 /dev/zero | tr '\\0' '['", ""),
    ("types", "echo '{\"commit\": 5, \"state\": []}'", ""),
    ("no-text", "printf '\\377\\376\\000'", ""),
];

#[test]
fn whatever_a_command_does_a_watch_ends_without_a_verdict_of_its() {
    let site = Site::new();
    let mut text = "[target.missing]\nprovider = \"command\"\ncommand = [\"/nowhere/status\"]\n".to_owned();
    for (name, script, _) in COMMANDS {
        let program = site.root().join("commands").join(name);
        write_program(&program, &format!("#!/bin/sh\n{script}\n"));
        let head = format!("[target.{name}]\nprovider = \"command\"");
        text.extend([head, format!("command = [{program:?}]\nlimit = \"1s\"")].map(|line| line + "\n"));
    }
    let seen = nothing_was_seen(&watched(&site, &text));
    assert_eq!(seen.len(), COMMANDS.len() + 1);
    for (name, error) in seen {
        let found = COMMANDS.iter().find(|(command, ..)| *command == name);
        let words = found.map_or("cannot be run", |(_, _, words)| words);
        assert!(!error.is_empty() && error.contains(words), "{name}: {error}");
        assert!(!error.contains('\u{1b}'), "{name}: {error:?}");
    }
}

#[test]
fn a_command_that_loses_its_credential_in_the_middle_is_told_and_goes_on_when_it_has_it_again() {
    let site = Site::new();
    let (program, state) = (site.root().join("status"), site.root().join("says"));
    let script = "#!/bin/sh\n[ ! -e \"$0.locked\" ] || exit 77\ncat \"${0%/*}/says\"\n";
    write_program(&program, script);
    let locked = site.root().join("status.locked");
    site.configure(&format!("[watch]\n[target.web]\nprovider = \"command\"\ncommand = [{program:?}]\n"));
    let sha = site.commit("a change");
    let says = |word: &str| fs::write(&state, json!({"commit": sha, "state": word}).to_string()).expect("written");
    says("building");
    site.push(&[]).ends(0);
    site.until_status(&sha, "building", |status| status["phase"] == "building");
    fs::write(&locked, "").expect("written");
    let refused = |status: &Value| status["reason"] == "credentials_refused";
    let told = site.until_status(&sha, "that the credential is refused", refused);
    assert_eq!((&told["verdict"], &told["exit_code"]), (&Value::Null, &4.into()), "{told:#}");
    says("live");
    fs::remove_file(&locked).expect("ours");
    Ran::of(&mut site.calling(&["wait", "--timeout", "60s", &sha])).ends(0);
}
