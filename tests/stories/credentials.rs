//! Where the credential of a look comes from, when it is refused, and when it is lost.

use std::fs;
use std::process::Stdio;

use afterpush::process::MonitorFile;
use afterpush::standin::{Order, Recipe, Stage, Trouble};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::support::{Ran, Sandbox, Site, until, write_program};

/// A site whose pushes carry no token.
fn without_token(lines: &str) -> Site {
    let mut site = Site::with(lines);
    site.set("DIGITALOCEAN_TOKEN", "");
    site
}

fn write_home(sandbox: &Sandbox, name: &str, text: &str) {
    fs::write(sandbox.root().join("home").join(name), text).expect("a home of its own");
}

/// What doctor says about the credential, as a shell without the token sees it.
#[track_caller]
fn doctors_word(site: &Site) -> Value {
    let mut doctor = site.calling(&["doctor", "--offline", "--json"]);
    let ran = Ran::of(doctor.env_remove("GIT_CONFIG_GLOBAL")).ends(0);
    assert!(!ran.out().contains(&site.provider().token()), "{ran}");
    let checks = ran.json()["checks"].as_array().cloned().unwrap_or_default();
    checks.into_iter().find(|check| check["id"] == "credentials.web").expect("the credential is checked")
}

/// Puts a credential helper before git that knows the provider's token and notes what it is asked.
fn give_helper(site: &mut Site) {
    let helper = site.root().join("helper");
    let token = site.provider().token();
    let script = format!(
        "#!/bin/sh\necho \"$1\" >>\"$0.asked\"\ncat >>\"$0.asked\"\n[ \"$1\" != get ] || printf 'username=ada\\npassword={token}\\n'\n"
    );
    write_program(&helper, &script);
    write_home(site, ".gitconfig", &format!("[credential]\n\thelper = {}\n", helper.display()));
    // The user's own word on where git's settings are reaches the monitor's git, too.
    let settings = site.root().join("home/.gitconfig").display().to_string();
    site.set("GIT_CONFIG_GLOBAL", &settings);
}

#[test]
fn gits_credential_helper_is_asked_for_the_host_of_the_api_and_told_nothing() {
    let mut site = without_token("");
    give_helper(&mut site);
    let authority = site.authority();
    assert_eq!(doctors_word(&site)["detail"], format!("from git's credential helper for {authority}"));
    let sha = site.ship(Recipe::live());
    site.decided(&sha, "live", "deployed_live");
    site.order(Order::Token { token: "another".to_owned() });
    let sha = site.ship(Recipe::live());
    site.until_status(&sha, "that it is refused", |status| status["reason"] == "credentials_refused");
    let asked = fs::read_to_string(site.root().join("helper.asked")).expect("it was asked");
    assert!(asked.contains(&format!("get\nprotocol=http\nhost={authority}\n")), "{asked}");
    // What is refused is the user's to erase, not ours.
    assert!(!asked.contains("erase") && !asked.contains("store"), "{asked}");
}

#[test]
fn a_credential_that_is_a_word_of_ours_damages_no_answer() {
    for word in ["schema", "registering", "targets"] {
        let mut site = Site::new();
        site.set("DIGITALOCEAN_TOKEN", word);
        let sha = site.ship(Recipe::live());
        let refused = site.afterpush(&["wait", "--json", "--timeout", "60s"]).ends(4).json();
        assert_eq!(refused["reason"], "credentials_refused", "{word}");
        site.order(Order::Token { token: word.to_owned() });
        site.afterpush(&["wait", "--timeout", "60s"]).ends(0);
        site.decided(&sha, "live", "deployed_live");
    }
}

#[test]
fn a_helper_that_would_ask_a_person_fails_instead() {
    let site = without_token("");
    let note = site.root().join("asked");
    let ask = format!("#!/bin/sh\necho asked >>'{}'\necho secret\n", note.display());
    write_program(&site.root().join("askpass"), &ask);
    let askpass = site.root().join("askpass").display().to_string();
    write_home(&site, ".gitconfig", &format!("[core]\n\taskPass = {askpass}\n"));
    let mut doctor = site.calling(&["doctor", "--offline", "--json"]);
    doctor.env_remove("GIT_CONFIG_GLOBAL").env("GIT_ASKPASS", &askpass).env("SSH_ASKPASS", &askpass);
    let ran = Ran::of(&mut doctor).ends(0);
    assert!(ran.out().contains("there is no credential for digitalocean"), "{ran}");
    assert!(!note.exists(), "somebody was asked");
    // The control: git itself asks by it.
    let mut fill = site.command("sh");
    fill.args(["-c", "echo url=http://127.0.0.1:1 | git credential fill"]).env("GIT_ASKPASS", &askpass);
    assert!(Ran::of(&mut fill).ends(0).out().contains("password=secret"));
    assert!(note.exists());
}

#[test]
fn a_login_shell_is_asked_where_the_user_says_so() {
    let mut site = without_token("");
    site.set("SHELL", "/bin/bash");
    let (note, token) = (site.root().join("profile.ran"), site.provider().token());
    let profile = format!(
        "echo welcome\necho ran >>'{}'\nexport DIGITALOCEAN_ACCESS_TOKEN={token}\nexport OTHER_SECRET=x\n",
        note.display()
    );
    write_home(&site, ".bash_profile", &profile);
    assert_eq!(doctors_word(&site)["state"], "failed");
    assert!(!note.exists(), "nobody asked for it");
    site.configure(&site.configuration("", "[credentials]\nenv_from_login_shell = true"));
    let told = doctors_word(&site);
    assert_eq!(told["detail"], "from DIGITALOCEAN_ACCESS_TOKEN of the login shell", "{told:#}");
    assert_eq!(fs::read_to_string(&note).expect("it ran"), "ran\n", "once for both variables");
    let sha = site.ship(Recipe::live());
    site.decided(&sha, "live", "deployed_live");
}

#[test]
fn a_login_shell_that_hangs_is_ended_and_told() {
    let mut site = without_token("");
    site.set("SHELL", "/bin/bash");
    site.configure(&site.configuration("", "[credentials]\nenv_from_login_shell = true"));
    let note = site.root().join("sleeper");
    write_home(&site, ".bash_profile", &format!("sleep 600 & echo $! >'{}'\nwait\n", note.display()));
    let told = doctors_word(&site);
    assert_eq!(told["detail"], "the login shell /bin/bash did not end within 5s", "{told:#}");
    let pid = fs::read_to_string(&note).expect("it ran");
    let stat = format!("/proc/{}/stat", pid.trim());
    until("what it has started is gone", || {
        fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z ")).then_some(())
    });
    write_home(&site, ".bash_profile", "exit 0\n");
    let told = doctors_word(&site)["detail"].to_string();
    assert!(told.contains("the login shell /bin/bash does not answer"), "{told}");
}

#[test]
fn a_configured_variable_may_come_from_the_login_shell_too() {
    let mut site = without_token("");
    site.set("SHELL", "/bin/bash");
    let token = site.provider().token();
    write_home(&site, ".bash_profile", &format!("export SHOP_TOKEN={token}\n"));
    let lines = "token = { env = \"SHOP_TOKEN\" }\n";
    site.configure(&site.configuration("", lines));
    assert!(doctors_word(&site)["detail"].to_string().contains("SHOP_TOKEN was not set"));
    site.configure(&site.configuration("", &format!("{lines}[credentials]\nenv_from_login_shell = true")));
    assert_eq!(doctors_word(&site)["detail"], "from SHOP_TOKEN of the login shell");
}

#[test]
fn a_refusal_costs_two_questions_and_then_a_pause() {
    for trouble in [Trouble::Unauthorized, Trouble::Forbidden] {
        let mut site = Site::new();
        site.set("AFTERPUSH_PACE", "1000");
        site.provider().trouble(trouble, 100_000);
        let sha = site.ship(Recipe::live());
        let refused = |status: &Value| status["reason"] == "credentials_refused";
        site.until_status(&sha, "that the token is refused", refused);
        assert_eq!(site.provider().heard().len(), 2, "once, and once more after it was read again");
        // Only who asks does not have to wait for the end of the pause.
        site.afterpush(&["wait", &sha]).ends(4);
        assert_eq!(site.provider().heard().len(), 4);
    }
}

#[test]
fn a_token_that_only_the_push_had_is_told_to_be_lost() {
    let mut site = Site::new();
    let sha = site.building();
    let token = site.provider().token();
    site.set("DIGITALOCEAN_TOKEN", "");
    // A restart that loses it is remembered over the next restart.
    for _ in 0..2 {
        for pid in site.processes() {
            kill(pid, Signal::SIGKILL).expect("our own monitor");
        }
        site.quiet();
        site.afterpush(&["wait", "--timeout", "30s", &sha]).ends(4);
        let is_lost = |status: &Value| {
            let words = "DIGITALOCEAN_TOKEN was only in the environment of an earlier push";
            status["reason"] == "credentials_missing" && status["message"].to_string().contains(words)
        };
        site.until_status(&sha, "that the token is lost", is_lost);
    }
    let ran = site.afterpush(&["wait", &sha]).ends(4);
    assert!(ran.err().contains("afterpush status --refresh"), "{ran}");
    site.set("DIGITALOCEAN_TOKEN", &token);
    site.force(&sha, Stage::Active);
    site.afterpush(&["status", "--refresh", &sha]);
    site.decided(&sha, "live", "deployed_live");
    let monitor = fs::read_to_string(site.layout().monitor()).unwrap_or_default();
    assert!(!monitor.contains("\"lost\""), "{monitor}");
}

#[test]
fn of_two_that_take_over_from_one_the_later_stays() {
    let site = Site::new();
    site.building();
    let at_work = || MonitorFile::read(&site.layout()).map(|file| file.identity.pid);
    let holder = Pid::from_raw(until("a monitor is at work", at_work));
    kill(holder, Signal::SIGSTOP).expect("it is ours");
    let inbox = site.layout().inbox().join("new");
    let requests = || fs::read_dir(&inbox).expect("a folder").count();
    let stand_by = |token: &str| {
        let before = requests();
        let state = site.layout().private().display().to_string();
        let mut daemon = site.calling(&["daemon", "--take-over", "--state", &state]);
        let daemon = daemon.env("DIGITALOCEAN_TOKEN", token).stdout(Stdio::null()).stderr(Stdio::null());
        let daemon = daemon.spawn().expect("it starts");
        until("it has asked the other one to leave", || (requests() > before).then_some(()));
        daemon
    };
    let mut earlier = stand_by("wrong");
    let mut later = stand_by(&site.provider().token());
    kill(holder, Signal::SIGCONT).expect("it is ours");
    let pid = i32::try_from(later.id()).expect("a pid");
    until("the later one is at work", || (at_work() == Some(pid)).then_some(()));
    until("the earlier one has given up", || earlier.try_wait().expect("it is ours"));
    assert_eq!((later.try_wait().expect("it is ours"), at_work()), (None, Some(pid)));
    site.afterpush(&["daemon", "stop"]).ends(0);
    later.wait().expect("it is ours");
}
