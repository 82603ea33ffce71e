//! A secret in every place a secret may come from, a provider that repeats what it is sent, and a search for all of
//! them wherever they must not be: files, output, arguments and environments of processes, other servers.

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use afterpush::standin::Recipe;

use crate::support::canary::{leaks, processes_that_show};
use crate::support::{Oracle, Ran, Site, write_private, write_program};

/// A server that refuses everybody, or sends them away, and repeats wherever it can what it was sent.
fn parrot(away: Option<String>) -> Oracle {
    Oracle::start(move |head| {
        let said = head.lines().find_map(|line| line.split_once("earer ")).map_or("nothing", |(_, token)| token);
        let body = serde_json::json!({"id": said, "message": format!("who is {said}?\nGo away, {said}")}).to_string();
        match &away {
            Some(away) => ("302 Found", format!("Location: {away}/{said}\r\nX-Said: {said}\r\n"), body),
            None => ("401 Unauthorized", format!("X-Said: {said}\r\n"), body),
        }
    })
}

/// Looks at every process of the machine, again and again.
struct Lookout {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<String>>,
}

impl Lookout {
    fn over(secrets: Vec<String>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut seen = Vec::new();
            while !until.load(Ordering::Relaxed) {
                seen.extend(processes_that_show(&secrets, None));
                std::thread::yield_now();
            }
            seen
        });
        Self { stop, thread }
    }

    fn seen(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("it only looks")
    }
}

/// Where a secret lies before a story.
#[derive(Clone, Copy, Debug)]
enum Source {
    Chain,
    Variable,
    Command,
    File,
    Doctl,
    Gh,
    Helper,
    Shell,
}

impl Source {
    const ALL: [Self; 8] =
        [Self::Chain, Self::Variable, Self::Command, Self::File, Self::Doctl, Self::Gh, Self::Helper, Self::Shell];

    /// Puts the secret there, and returns what the configuration says of it.
    fn plant(self, site: &mut Site, secret: &str) -> String {
        let home = site.root().join("home");
        let file = site.root().join("token");
        match self {
            Self::Chain => site.set("DIGITALOCEAN_TOKEN", secret),
            Self::Variable => {
                site.set("SHOP_KEY", secret);
                return "token = { env = \"SHOP_KEY\" }\n".to_owned();
            }
            Self::Command => {
                write_private(&file, secret);
                return format!("token = {{ command = \"cat {}\" }}\n", file.display());
            }
            Self::File => {
                write_private(&file, secret);
                return format!("token = {{ file = \"{}\" }}\n", file.display());
            }
            Self::Doctl => {
                let path = site.root().join("config/doctl/config.yaml");
                fs::create_dir_all(path.parent().expect("a folder")).expect("made");
                write_private(&path, &format!("access-token: {secret}\n"));
            }
            Self::Gh => {
                write_program(&site.root().join("bin/gh"), &format!("#!/bin/sh\necho '{secret}'\n"));
                let own = site.root().join("bin");
                site.find_first(&own);
            }
            Self::Helper => {
                let script =
                    format!("#!/bin/sh\n[ \"$1\" = get ] && printf 'username=ada\\npassword=%s\\n' '{secret}'\n");
                write_program(&site.root().join("helper"), &script);
                let text = format!("[credential]\n\thelper = {}\n", site.root().join("helper").display());
                fs::write(home.join(".gitconfig"), text).expect("written");
                site.set("GIT_CONFIG_GLOBAL", &home.join(".gitconfig").display().to_string());
            }
            Self::Shell => {
                site.set("SHELL", "/bin/bash");
                let profile = format!("export DIGITALOCEAN_ACCESS_TOKEN='{secret}'\n");
                fs::write(home.join(".bash_profile"), profile).expect("written");
                return "[credentials]\nenv_from_login_shell = true\n".to_owned();
            }
        }
        String::new()
    }

    /// What who is refused with it is told to do, and where.
    fn cure(self, site: &Site) -> String {
        let root = site.root().display();
        match self {
            Self::Chain => "the environment variable DIGITALOCEAN_TOKEN: set DIGITALOCEAN_TOKEN to another".to_owned(),
            Self::Variable => "the environment variable SHOP_KEY: set SHOP_KEY to another and push again".to_owned(),
            Self::Command => "the command cat: have it print another".to_owned(),
            Self::File => format!("the file {root}/token: put another into it"),
            Self::Doctl => format!("the file of doctl ({root}/config/doctl/config.yaml): log in with doctl anew"),
            Self::Gh => "the log-in of gh: log in with gh anew".to_owned(),
            Self::Helper => "git's credential helper for 127.0.0.1:".to_owned(),
            Self::Shell => "DIGITALOCEAN_ACCESS_TOKEN of the login shell: set DIGITALOCEAN_ACCESS_TOKEN".to_owned(),
        }
    }

    fn provider(self) -> &'static str {
        if matches!(self, Self::Gh) { "github" } else { "digitalocean" }
    }
}

/// All commands that tell of a commit.
fn all_words(site: &Site, sha: &str) -> String {
    let mut told = String::new();
    for args in [
        &["status", sha][..],
        &["status", "--json", sha],
        &["status", "--refresh", sha],
        &["wait", "--timeout", "5s", sha],
        &["watch", "--timeout", "5s", sha],
        &["watch", "--jsonl", "--timeout", "5s", sha],
        &["list", "--json"],
        &["logs", sha],
        &["logs", "--monitor"],
        &["doctor"],
        &["doctor", "--json"],
    ] {
        let ran = Ran::of(site.calling(args).env_remove("GIT_CONFIG_GLOBAL"));
        told.extend([ran.out(), ran.err()]);
    }
    told
}

#[test]
fn a_credential_of_any_source_is_nowhere_but_with_its_provider() {
    for (number, source) in Source::ALL.into_iter().enumerate() {
        // One with a well-known look, the next without.
        let look = if number % 2 == 0 { "dop_v1_" } else { "" };
        let secret = format!("{look}canary{number}+of/the.{source:?}~story");
        let elsewhere = parrot(None);
        // Sent away is who asks, wherever the credential is from: once is enough.
        let places = [None, Some(elsewhere.url.clone())];
        for away in places.into_iter().take(if number == 0 { 2 } else { 1 }) {
            let is_sent_away = away.is_some();
            let provider = parrot(away);
            let mut site = Site::new();
            site.set("DIGITALOCEAN_TOKEN", "");
            let words = source.plant(&mut site, &secret);
            site.configure(&format!(
                "[watch]\nregister_timeout = \"2s\"\ntimeout = \"4s\"\n[target.web]\nprovider = \"{}\"\napp = \"acme/web\"\n\
                 base_url = \"{}\"\n{words}\n[status]\nmirror = true\n",
                source.provider(),
                provider.url
            ));
            let lookout = Lookout::over(vec![secret.clone()]);
            let sha = site.commit("a change");
            site.push(&[]).ends(0);
            site.until_status(&sha, "that the provider was asked", |_| provider.has_heard(&secret));
            let told = all_words(&site, &sha);
            assert_eq!(lookout.seen(), Vec::<String>::new(), "{source:?}");
            assert!(!told.contains(&secret), "{source:?}: {told}");
            let tellers = told.matches(&format!("this one is from {}", source.cure(&site))).count();
            // The status, `wait` and `doctor` among them.
            assert!(is_sent_away || tellers > 5, "{source:?}, told {tellers} times: {told}");
            assert_eq!(leaks(site.root(), std::slice::from_ref(&secret)), Vec::<String>::new(), "{source:?}");
        }
        assert!(!elsewhere.has_heard(&secret), "{source:?}");
    }
}

#[test]
fn a_secret_in_the_arguments_of_a_process_or_the_environment_of_a_child_is_seen() {
    let secret = "canary-of-the-lookout-0123456789";
    // The second is a child of one of our name, which has kept what it was given.
    let sleeper = |command: &mut Command| command.process_group(0).spawn().expect("it runs");
    let shown = sleeper(Command::new("sleep").arg0(secret).arg("600"));
    let given = sleeper(Command::new("sh").arg0("afterpush").args(["-c", "sleep 601 & wait"]).env("GIVEN", secret));
    let found = crate::support::try_until(|| {
        let found = processes_that_show(&[secret.to_owned()], None);
        (found.len() == 2).then_some(found)
    });
    for mut child in [shown, given] {
        let group = nix::unistd::Pid::from_raw(i32::try_from(child.id()).expect("a pid"));
        nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL).expect("it is ours");
        child.wait().expect("it is ours");
    }
    let found = found.expect("both are seen");
    assert!(found.iter().any(|line| line.starts_with(secret)), "{found:?}");
    assert!(found.iter().any(|line| line.starts_with("sleep 601 ")), "{found:?}");
}

#[test]
fn secrets_in_a_log_a_message_or_the_url_of_a_remote_stay_out_of_what_is_kept() {
    let mut site = Site::new();
    let own = "canary-of-the-pushers-shell";
    let in_url = "canary-in-the-url-of-the-remote";
    let key = "canarycanarycanarycanary";
    site.set("DEPLOY_API_KEY", own);
    let remote = site.remote().display().to_string();
    site.git(&["remote", "set-url", "origin", &format!("https://ada:{in_url}@git.example.com/web.git")]);
    site.git(&["config", &format!("url.{remote}.insteadOf"), &format!("https://ada:{in_url}@git.example.com/web.git")]);
    site.configure(&site.configuration("", "[status]\nmirror = true\n"));
    let shaped = "ghp_canary0of0the0commits0message";
    let sha = site.commit(&format!("Use {shaped}, and https://ada:{in_url}@git.example.com"));
    site.push(&[]).ends(0);
    let log = format!(
        "error: DEPLOY_API_KEY={own}\ntoken {shaped}\n-----BEGIN OPENSSH PRIVATE KEY-----\n{key}\n{key}\n\
         -----END OPENSSH PRIVATE KEY-----\nfetching https://ada:{in_url}@git.example.com\nthe end of the log"
    );
    let log: Vec<_> = log.lines().collect();
    site.deploy(&sha, Recipe::failing_build(&log));
    site.decided(&sha, "failed", "build_failed");
    let secrets = [own, in_url, key, shaped].map(str::to_owned);
    site.afterpush(&["wait", &sha]).ends(1);
    let told = all_words(&site, &sha);
    // The control: the log has come.
    assert!(told.contains("the end of the log") && told.contains("DEPLOY_API_KEY=[redacted]"), "{told}");
    for secret in &secrets {
        assert!(!told.contains(secret), "{secret}: {told}");
    }
    assert_eq!(leaks(site.root(), &secrets), Vec::<String>::new());
}

#[test]
fn the_password_of_a_database_is_nowhere() {
    let password = "canary-of-the-database-9876";
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let (url, port) = (format!("postgres://ada:{password}@{closed}/shop"), closed.port().to_string());
    let parts = [
        ("DB_HOST", "127.0.0.1"),
        ("DB_PORT", &port),
        ("DB_USER", "ada"),
        ("DB_PASS", password),
        ("DB_NAME", "shop"),
        ("DB_TYPE", "postgres"),
    ];
    for (variables, section) in [
        (&[("DATABASE_URL", url.as_str())][..], "url = { env = \"DATABASE_URL\" }"),
        (&parts[..], "table = \"deployments\""),
    ] {
        let mut site = Site::new();
        for (name, value) in variables {
            site.set(name, value);
        }
        site.configure(&site.configuration("", &format!("[database]\n{section}\n[status]\nmirror = true\n")));
        let lookout = Lookout::over(vec![password.to_owned()]);
        let sha = site.ship(Recipe::failing_build(&[&format!("cannot connect to {url}")]));
        let status = site.decided(&sha, "failed", "build_failed");
        assert!(status.to_string().contains("connection refused"), "the control: it was asked: {status:#}");
        let told = all_words(&site, &sha);
        assert_eq!(lookout.seen(), Vec::<String>::new());
        assert!(!told.contains(password), "{told}");
        assert_eq!(leaks(site.root(), &[password.to_owned()]), Vec::<String>::new());
    }
}
