//! A file that comes with the clone cannot name secrets, and cannot send the user's elsewhere.

use super::super::merge::load_for;
use super::super::registry::Listed;
use super::*;
use crate::provider::{Address, Keys};

const TWO: [Listed; 2] = [listed("digitalocean", "https://do.example.com"), listed("acme", "https://acme.example.com")];

const fn listed(name: &'static str, url: &'static str) -> Listed {
    let keys = Keys { required: &["app"], optional: &["token", "base_url"] };
    Listed { name, address: Address::Api(url), keys }
}

fn of_two(files: Vec<Layer>) -> Result<Config, String> {
    load_for(&layers(files), &TWO).map_err(|error| error.to_string())
}

#[test]
fn sensitive_keys_of_the_tracked_file_are_ignored_with_one_line() {
    let text = format!(
        "[watch]\ntimeout = \"5m\"\n{WEB}token = {{ command = \"steal\" }}\nbase_url = \"https://evil.example.com\"\n\
         [target.web.health]\nlive = \"https://evil.example.com/\"\nwithin = \"5m\"\n[database]\nurl = {{ env = \"X\" }}\n\
         [credentials]\nenv_from_login_shell = true\n"
    );
    let config = config(vec![tracked(&text)]);
    let web = &config.targets[0].target;
    assert_eq!((web.app.as_str(), &web.token), ("shop", &TokenSource::Chain));
    assert_eq!(web.base_url, "https://api.digitalocean.com");
    assert_eq!(config.watch.timeout, Span::from_mins(5));
    assert!(!config.credentials.env_from_login_shell);
    let told: Vec<_> = config.warnings.iter().map(|w| format!("{}: {}", w.code, w.message)).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    untrusted_config: ignored in .afterpush.toml, which comes with the clone: target.web.token, target.web.base_url, target.web.health.live, database, credentials; `afterpush trust` shows and allows them, or put your own into /r/.git/afterpush/u1/config.toml
    "#);
}

#[test]
fn a_tracked_file_cannot_hand_the_users_token_to_another_provider() {
    let mine = "[target.web]\nprovider = \"digitalocean\"\ntoken = { env = \"T\" }\n";
    let theirs = "[target.web]\nprovider = \"acme\"\napp = \"x\"\n";
    insta::assert_snapshot!(of_two(vec![user(mine), tracked(theirs)]).expect_err("refused"), @r#"/home/ann/.config/afterpush/config.toml:3: target.web.token is for provider "digitalocean", but .afterpush.toml:2 sets the provider to "acme"; make the two agree, or name the target differently"#);
}

#[test]
fn a_tracked_file_cannot_choose_the_provider_of_a_token_without_one() {
    let mine = "[target.web]\ntoken = { env = \"T\" }\n";
    insta::assert_snapshot!(of_two(vec![user(mine), tracked(WEB)]).expect_err("refused"), @r#"/home/ann/.config/afterpush/config.toml:2: target.web.token needs its provider beside it: add provider = "digitalocean" to [target.web] in this file"#);
}

#[test]
fn a_tracked_file_cannot_send_a_providers_credential_to_another_providers_url() {
    let mine = "[target.web]\nprovider = \"acme\"\nbase_url = \"https://acme.corp.example\"\n";
    let refused = of_two(vec![user(mine), tracked(WEB)]).expect_err("refused");
    assert!(refused.contains("target.web.base_url is for provider \"acme\""), "{refused}");
}

#[test]
fn the_users_own_files_keep_token_provider_and_origin_together_too() {
    let enterprise =
        "[target.web]\nprovider = \"acme\"\nbase_url = \"https://acme.corp.example\"\ntoken = { env = \"T\" }\n";
    let elsewhere = "[target.web]\napp = \"x\"\nbase_url = \"https://other.example\"\nprovider = \"acme\"\n";
    let refused = of_two(vec![user(enterprise), local(elsewhere)]).expect_err("refused");
    assert!(refused.contains("sets another; name the token there, too"), "{refused}");
    let other = "[target.web]\napp = \"x\"\nprovider = \"digitalocean\"\n";
    let refused = of_two(vec![user(enterprise), local(other)]).expect_err("refused");
    assert!(refused.contains("is for provider \"acme\""), "{refused}");
}

#[test]
fn a_token_may_stand_beside_a_provider_in_another_file_of_the_user() {
    let provider = "[target.web]\nprovider = \"digitalocean\"\napp = \"x\"\n";
    let config = of_two(vec![user(provider), local("[target.web]\ntoken = { env = \"T\" }\n")]).expect("accepted");
    assert_eq!(config.targets[0].target.token, TokenSource::Env("T".to_owned()));
}

#[test]
fn a_target_whose_url_or_command_comes_with_the_clone_is_left_out_and_the_others_are_not() {
    let theirs = format!(
        "{WEB}[target.status]\nprovider = \"http\"\nurl = \"https://evil.example.com/\"\n\
         [target.own]\nprovider = \"command\"\ncommand = [\"steal\"]\n"
    );
    let config = config(vec![tracked(&theirs)]);
    let names: Vec<_> = config.targets.iter().map(|t| t.target.name.as_str()).collect();
    assert_eq!(names, ["web"]);
    insta::assert_snapshot!(config.warnings[0].message, @"ignored in .afterpush.toml, which comes with the clone: target.status.url, target.own.command; `afterpush trust` shows and allows them, or put your own into /r/.git/afterpush/u1/config.toml; until then nothing is watched for status, own");
    let mine = "[target.own]\nprovider = \"command\"\ncommand = \"kamal app version\"\n";
    let config = super::config(vec![tracked(&theirs), local(mine)]);
    let own = config.target("own").expect("the target");
    assert_eq!(own.target.particulars.command, ["kamal", "app", "version"]);
    assert_eq!(
        config.origin_of("target.own.command").map(ToString::to_string).as_deref(),
        Some("/r/.git/afterpush/u1/config.toml:3")
    );
}

#[test]
fn a_token_for_a_url_goes_to_no_other() {
    let mine = "[target.web]\nprovider = \"http\"\nurl = \"https://status.corp.example/x\"\ntoken = { env = \"T\" }\n";
    let other = "[target.web]\nprovider = \"http\"\nurl = \"https://other.example/x\"\n";
    let refused = complaint(vec![user(mine), local(other)]);
    assert!(refused.contains("sets another; name the token there, too"), "{refused}");
    let config = config(vec![user(mine)]);
    assert_eq!(config.targets[0].target.base_url, "https://status.corp.example/x", "a URL makes a target");
}

#[test]
fn a_tracked_file_that_was_trusted_with_something_else_gets_nobodys_token() {
    let mine = "[target.web]\ntoken = { env = \"T\" }\n";
    for trusted_with in
        ["[database]\nurl = { env = \"D\" }\n", "[target.web.health]\nlive = \"https://shop.example.com/\"\n"]
    {
        let text = format!("{WEB}{trusted_with}");
        let digest = claims(&text).digest().to_owned();
        // Whoever writes the file may send it elsewhere, and nobody is asked again.
        assert_eq!(claims(&text.replace("digitalocean", "acme")).digest(), digest);
        let allowed = Layer { kind: LayerKind::Trusted, ..tracked(&text) };
        let refused = of_two(vec![allowed, user(mine)]).expect_err("refused");
        assert!(refused.contains("target.web.token needs its provider beside it"), "{refused}");
    }
}

#[test]
fn who_gets_a_credential_is_shown() {
    let goals = |text: &str| claims(text).iter().map(|claim| claim.goes_to.clone()).collect::<Vec<_>>();
    let enterprise = Some("digitalocean at https://do.example.com".to_owned());
    assert_eq!(goals(ASKING), [enterprise.clone(), enterprise, None, None]);
    let usual = format!("{WEB}token = {{ env = \"T\" }}\n");
    assert_eq!(goals(&usual), [Some("digitalocean at https://api.digitalocean.com".to_owned())]);
    let http = "[target.x]\nprovider = \"http\"\nurl = \"https://h.example:8443/a\"\ntoken = { file = \"/t\" }\n";
    assert_eq!(goals(http), [None, Some("http at https://h.example:8443".to_owned())]);
    assert_eq!(goals("[target.x]\napp = \"x\"\ntoken = { file = \"/t\" }\n"), [None]);
}

/// A file with every kind of sensitive key.
const ASKING: &str = "[target.web]\nprovider = \"digitalocean\"\napp = \"shop\"\ntoken = { env = \"T\" }\n\
     base_url = \"https://do.example.com\"\n[target.web.health]\nlive = \"https://shop.example.com/\"\nwithin = \"5m\"\n\
     [database]\nurl = { env = \"D\" }\ntable = \"deployments\"\n";

fn claims(text: &str) -> Claims {
    Claims::of(&tracked(text)).expect("the file can be read")
}

#[test]
fn what_is_asked_is_shown_as_it_is_read() {
    let told: Vec<_> = claims(ASKING).iter().map(|c| format!("{}: {} = {}", c.at, c.key, c.shown())).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    .afterpush.toml:4: target.web.token = { env = "T" }
    .afterpush.toml:5: target.web.base_url = "https://do.example.com"
    .afterpush.toml:7: target.web.health.live = "https://shop.example.com/"
    .afterpush.toml:9: database = { table = "deployments", url = { env = "D" } }
    "#);
    let hidden = "[target.x]\nprovider = \"http\"\nurl = \"https://ghp_0123456789abcdef.evil.example/\u{200b}\"\n";
    let shown = claims(hidden).iter().map(Claim::shown).collect::<String>();
    assert!(shown.contains("https://ghp_0123456789abcdef.evil.example/"), "nobody hides in a token's shape: {shown}");
    assert!(crate::base::text::is_plain(&shown), "{shown:?}");
    assert!(claims(WEB).is_empty());
    assert!(Claims::of(&tracked("[target")).is_err());
}

#[test]
fn a_change_of_what_is_sensitive_asks_anew_and_no_other_does() {
    let digest = claims(ASKING).digest().to_owned();
    let same = [
        ("app = \"shop\"", "app = \"other\""),
        ("within = \"5m\"", "within = \"9m\""),
        ("token = { env = \"T\" }", "# a comment\ntoken = {env='T'}"),
        (
            "[database]\nurl = { env = \"D\" }\ntable = \"deployments\"",
            "[database]\ntable = \"deployments\"\nurl.env = \"D\"",
        ),
        ("[database]", "[watch]\ntimeout = \"5m\"\n[database]"),
        ("[target.web.health]", "[target.docs]\nprovider = \"acme\"\napp = \"x\"\n[target.web.health]"),
    ];
    for (old, new) in same {
        assert_eq!(claims(&ASKING.replace(old, new)).digest(), digest, "{new}");
    }
    let other = [
        ("provider = \"digitalocean\"", "provider = \"acme\""),
        ("env = \"T\"", "env = \"TT\""),
        ("env = \"T\"", "command = \"T\""),
        ("do.example.com", "do.example.org"),
        ("live = ", "ready = "),
        ("table = \"deployments\"", "table = \"deployments2\""),
        ("target.web", "target.web2"),
        ("[database]", "version = \"https://shop.example.com/v\"\n[database]"),
        ("base_url = \"https://do.example.com\"\n", ""),
    ];
    let mut seen = vec![digest];
    for (old, new) in other {
        let digest = claims(&ASKING.replace(old, new)).digest().to_owned();
        assert!(!seen.contains(&digest), "{new}");
        seen.push(digest);
    }
}

#[test]
fn what_was_allowed_counts_like_the_users_own() {
    let allowed = Layer { kind: LayerKind::Trusted, ..tracked(ASKING) };
    let config = config(vec![allowed.clone()]);
    let web = &config.targets[0].target;
    assert_eq!((&web.token, web.base_url.as_str()), (&TokenSource::Env("T".to_owned()), "https://do.example.com"));
    assert!(web.database.is_some() && config.warnings.is_empty());
    let mine = "[target.web]\nprovider = \"digitalocean\"\nbase_url = \"https://mine.example.com\"\n";
    let refused = complaint(vec![allowed, local(mine)]);
    assert!(refused.contains("sets another; name the token there, too"), "a token stays with its URL: {refused}");
}
