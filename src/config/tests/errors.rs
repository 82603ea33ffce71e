//! One sentence for everything that can be wrong, and no input that ends in a panic.

use proptest::prelude::*;

use super::*;

/// All sentences about these texts as the tracked (or, with a sensitive key, the local) file.
fn complaints(texts: &[&str]) -> String {
    let shown = |text: &&str| {
        let layer = if text.contains("token") || text.contains("base_url") { local(text) } else { tracked(text) };
        complaint(vec![layer]).replace("/r/.git/afterpush/u1/config.toml", "LOCAL")
    };
    texts.iter().map(shown).collect::<Vec<_>>().join("\n")
}

#[test]
fn unknown_keys_are_told_with_the_nearest_one() {
    insta::assert_snapshot!(complaints(&[
        "[watch]\n\ntiemout = \"5m\"\n",
        "[wacth]\ntimeout = \"5m\"\n",
        "timeout = \"5m\"\n",
        "[watch]\ncolour = 1\n",
        "[target.web]\nbranch = [\"main\"]\n",
        "[target.web]\ntimeout = \"5m\"\n",
        "[target.web.health]\nlife = \"x\"\n",
        "[status]\nkept = \"7d\"\n",
        "[database]\ntables = \"x\"\n",
        "\"\u{1b}[31m\\n\" = 1\n",
        "[target.web]\ntoken = { environment = \"X\" }\n",
    ]), @r#"
    .afterpush.toml:3: unknown key watch.tiemout; did you mean "timeout"?
    .afterpush.toml:1: unknown key wacth; did you mean "watch"?
    .afterpush.toml:1: unknown key timeout; it belongs in [watch]
    .afterpush.toml:2: unknown key watch.colour; known here: timeout, register_timeout, branches, remotes
    .afterpush.toml:2: unknown key target.web.branch; did you mean "branches"?
    .afterpush.toml:2: unknown key target.web.timeout; it belongs in [watch]
    .afterpush.toml:2: unknown key target.web.health.life; did you mean "live"?
    .afterpush.toml:2: unknown key status.kept; known here: mirror, keep
    .afterpush.toml:2: unknown key database.tables; did you mean "table"?
    .afterpush.toml:1: the file is not valid TOML: invalid basic string, expected non-double-quote visible characters, `\`
    LOCAL:2: target.web.token holds the unknown key "environment"; known here: env, command, file
    "#);
}

#[test]
fn wrong_types_and_values_are_told() {
    insta::assert_snapshot!(complaints(&[
        "watch = 3\n",
        "[watch]\ntimeout = 90\n",
        "[watch]\ntimeout = \"90\"\n",
        "[watch]\ntimeout = \"25h\"\n",
        "[watch]\ntimeout = \"0s\"\n",
        "[watch]\nbranches = \"main\"\n",
        "[watch]\nbranches = []\n",
        "[watch]\nbranches = [\"main\", 3]\n",
        "[watch]\nbranches = [\"a[\"]\n",
        "[watch]\nremotes = [\"\"]\n",
        "[status]\nmirror = \"yes\"\n",
        "[status]\nkeep = \"4000d\"\n",
        "target = 1\n",
        "[target]\nprovider = \"digitalocean\"\n",
        "[target.\"a/b\"]\napp = \"x\"\n",
        "[[target.web]]\napp = \"x\"\n",
    ]), @r#"
    .afterpush.toml:1: watch must be a table such as [watch]
    .afterpush.toml:2: watch.timeout must be a duration in quotes such as "5m", not an integer
    .afterpush.toml:2: watch.timeout is wrong: `90` is not a duration; write for example 90s, 5m, 1h30m or 7d
    .afterpush.toml:2: watch.timeout may be 24h at most, not 1d01h
    .afterpush.toml:2: watch.timeout must be longer than nothing
    .afterpush.toml:2: watch.branches must be a list of strings such as ["main"], not a string
    .afterpush.toml:2: watch.branches is empty; leave it out for the default
    .afterpush.toml:2: watch.branches must be a list of strings such as ["main"], not an integer
    .afterpush.toml:2: watch.branches holds a wrong pattern: unclosed character class; missing ']'
    .afterpush.toml:2: watch.remotes must not be empty
    .afterpush.toml:2: status.mirror must be true or false, not a string
    .afterpush.toml:2: status.keep may be 3650d at most
    .afterpush.toml:1: target must be a table such as [target]
    .afterpush.toml:2: target.provider must be a table; name the target, for example [target.web]
    .afterpush.toml:1: target.a/b is no name for a target; use up to 64 letters, digits, "-" and "_"
    .afterpush.toml:1: target.web must be a table; name the target, for example [target.web]
    "#);
}

#[test]
fn incomplete_and_impossible_targets_are_told() {
    insta::assert_snapshot!(complaints(&[
        "\n[target.web]\napp = \"x\"\n",
        "[target.web]\nprovider = \"digitalocean\"\n",
        "[target.web]\nprovider = \"digitalocaen\"\napp = \"x\"\n",
        "[target.web]\nprovider = \"none\"\napp = \"x\"\n",
        "[target.web]\nprovider = \"digitalocean\"\napp = \" \"\n",
        "[target.web]\nprovider = \"digitalocean\"\napp = 7\n",
        "[target.web]\nprovider = \"digitalocean\"\napp = \"x\"\npaths = [\"!docs\"]\n",
    ]), @r#"
    .afterpush.toml:2: target.web has no provider: add provider = "…" (known: digitalocean, github, http, command, none)
    .afterpush.toml:1: target.web has no app: add app = "…", its id or name
    .afterpush.toml:2: unknown provider "digitalocaen" (known: digitalocean, github, http, command, none)
    .afterpush.toml:3: target.web.app is not read by provider "none", which reads nothing of the kind
    .afterpush.toml:3: target.web.app must not be empty
    .afterpush.toml:3: target.web.app must be an id or a name in quotes, not an integer
    .afterpush.toml:4: target.web.paths holds a pattern that begins with "!"; only what counts can be named
    "#);
}

#[test]
fn wrong_credential_sources_and_urls_are_told_without_their_values() {
    let told = complaints(&[
        "[target.web]\ntoken = \"dop_v1_hunter2\"\n",
        "[target.web]\ntoken = { env = \"hunter2 x\" }\n",
        "[target.web]\ntoken = { env = \"LC_ALL\" }\n",
        "[target.web]\ntoken = { env = \"A\", file = \"/b\" }\n",
        "[target.web]\ntoken = { file = \"hunter2\" }\n",
        "[target.web]\ntoken = { command = \"say 'hunter2\" }\n",
        "[target.web]\ntoken = { command = 3 }\n",
        "[target.web]\nbase_url = \"https://ann:hunter2@api.example.com\"\n",
        "[target.web]\nbase_url = \"http://api.example.com\"\n",
        "[target.web]\nbase_url = \"ftp://api.example.com\"\n",
        "[target.web]\nbase_url = \"https://api.example.com?token=hunter2\"\n",
    ]);
    assert!(!told.contains("hunter2"), "{told}");
    insta::assert_snapshot!(told, @r#"
    LOCAL:2: target.web.token must say where the token is, never hold it: { env = "NAME" }, { command = "WORDS" } or { file = "/PATH" }
    LOCAL:2: target.web.token env must be the name of a variable
    LOCAL:2: target.web.token env must not be LC_ALL, which every program is given; no secret belongs there
    LOCAL:2: target.web.token must say where the token is, never hold it: { env = "NAME" }, { command = "WORDS" } or { file = "/PATH" }
    LOCAL:2: target.web.token file must be an absolute path
    LOCAL:2: target.web.token command has a quote that does not end
    LOCAL:2: target.web.token must say where the token is, never hold it: { env = "NAME" }, { command = "WORDS" } or { file = "/PATH" }
    LOCAL:2: target.web.base_url must be an https URL, or http on this machine, without user name or password
    LOCAL:2: target.web.base_url must be https; plain http is for this machine alone
    LOCAL:2: target.web.base_url must be an https URL, or http on this machine, without user name or password
    LOCAL:2: target.web.base_url must be a plain URL without query and fragment
    "#);
}

#[test]
fn files_that_are_no_toml_are_told_by_their_line() {
    let files: [&[u8]; 6] = [
        b"[watch\n",
        b"[watch]\ntimeout = \n",
        b"[watch]\ntimeout = \"1m\"\ntimeout = \"2m\"\n",
        b"# fine\n\xff\n",
        b"a = \"\x1b[31m\"\n",
        b"[target.web]\ntoken = { env = \"hunter2\n",
    ];
    let told = files.map(|bytes| complaint(vec![Layer::new(LayerKind::Tracked, ".afterpush.toml", bytes)])).join("\n");
    assert!(!told.contains("hunter2"), "{told}");
    insta::assert_snapshot!(told, @r#"
    .afterpush.toml:1: the file is not valid TOML: unclosed table, expected `]`
    .afterpush.toml:2: the file is not valid TOML: string values must be quoted, expected literal string
    .afterpush.toml:3: the file is not valid TOML: duplicate key
    .afterpush.toml:2: the file is not UTF-8 text
    .afterpush.toml:1: the file is not valid TOML: invalid basic string, expected non-double-quote visible characters, `\`
    .afterpush.toml:2: the file is not valid TOML: unclosed inline table, expected `}`
    "#);
}

#[test]
fn a_wrong_variable_is_told_by_its_name() {
    let set = [("AFTERPUSH_TIMEOUT", "soon"), ("AFTERPUSH_BRANCHES", "main,,x"), ("AFTERPUSH_MIRROR", "yes")];
    let told = set.map(|(name, value)| {
        let variables = vec![(name.to_owned(), value.to_owned())];
        load(&Layers { variables, ..Layers::default() }).expect_err("the variable is wrong").to_string()
    });
    insta::assert_snapshot!(told.join("\n"), @r#"
    AFTERPUSH_TIMEOUT: the value is wrong: `soon` is not a duration; write for example 90s, 5m, 1h30m or 7d
    AFTERPUSH_BRANCHES: the value must not be empty
    AFTERPUSH_MIRROR: the value must be true or false
    "#);
}

/// Texts made of what configuration is made of, so that more than the first line is reached.
fn nearly_toml() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "[watch]\n",
            "[target.web]\n",
            "[target.web.health]\n",
            "[status]\n",
            "[database]\n",
            "timeout = ",
            "app = ",
            "provider = ",
            "\"digitalocean\"\n",
            "token = ",
            "{ env = \"A\" }\n",
            "{ file = 3 }\n",
            "base_url = ",
            "\"https://x\"\n",
            "branches = ",
            "[\"main\"]\n",
            "[]\n",
            "\"5m\"\n",
            "-1\n",
            "[[",
            "]]",
            "{",
            "\"",
            "\\u",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,3}",
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_and_every_error_is_one_line(text in nearly_toml(), bytes in any::<Vec<u8>>(), own: bool) {
        let kind = if own { LayerKind::Local } else { LayerKind::Tracked };
        for content in [text.into_bytes(), bytes] {
            match load(&layers(vec![Layer::new(kind, "f.toml", content)])) {
                Ok(config) => prop_assert!(own || config.targets.iter().all(|t| t.target.token == TokenSource::Chain)),
                Err(error) => prop_assert_eq!(crate::base::text::visible(&error.to_string()), error.to_string()),
            }
        }
    }
}

#[test]
fn keys_a_provider_does_not_read_and_wrong_particulars_are_told() {
    let particular = |line: &str| {
        let text = format!("{WEB}{line}\n");
        complaint(vec![local(&text)]).replace("/r/.git/afterpush/u1/config.toml", "LOCAL")
    };
    let told = [
        "workflow = \"deploy.yml\"",
        "url = \"https://example.com/version\"",
        "url = \"https://ann:hunter2@example.com/\"",
        "url = \"http://example.com/\"",
        "url = \"https://example.com/#x\"",
        "command = 3",
        "command = []",
        "command = [\"\", \"x\"]",
        "command = \"say 'hunter2\"",
        "limit = \"30\"",
        "limit = \"11m\"",
        "pointers = {}",
        "pointers = { comit = \"/a\" }",
        "pointers = { commit = \"a\" }",
        "states = { shipped = \"gone\" }",
        "states = \"live\"",
    ]
    .map(particular)
    .join("\n");
    assert!(!told.contains("hunter2"), "{told}");
    insta::assert_snapshot!(told, @r#"
    LOCAL:4: target.web.workflow is not read by provider "digitalocean", which reads app, token, base_url
    LOCAL:4: target.web.url is not read by provider "digitalocean", which reads app, token, base_url
    LOCAL:4: target.web.url must be an https URL, or http on this machine, without user name or password
    LOCAL:4: target.web.url must be https; plain http is for this machine alone
    LOCAL:4: target.web.url must be a plain URL without fragment
    LOCAL:4: target.web.command must be a list of words such as ["kamal", "app", "version"], or one string of words, not an integer
    LOCAL:4: target.web.command must name a program
    LOCAL:4: target.web.command must name a program
    LOCAL:4: target.web.command has a quote that does not end
    LOCAL:4: target.web.limit is wrong: `30` is not a duration; write for example 90s, 5m, 1h30m or 7d
    LOCAL:4: target.web.limit may be 10m at most, not 11m
    LOCAL:4: target.web.pointers is empty; leave it out for the default
    LOCAL:4: target.web.pointers holds the unknown key "comit"; did you mean "commit"?
    LOCAL:4: target.web.pointers holds what is no JSON pointer (such as "/git/sha") for commit
    LOCAL:4: target.web.states gives shipped an unknown meaning; known: queued, building, deploying, live, failed, canceled, skipped
    LOCAL:4: target.web.states must be a table of words such as { shipped = "live" }, not a string
    "#);
}

#[test]
fn what_a_provider_cannot_do_without_or_with_is_told() {
    let told = [
        "provider = \"github\"",
        "provider = \"github\"\napp = \"shop\"",
        "provider = \"github\"\napp = \"acme/shop\"\nworkflow = \".github/workflows/deploy.yml\"",
        "provider = \"github\"\napp = \"acme/shop\"\nworkflow = \"deploy.yml\"\nenvironment = \"production\"",
        "provider = \"github\"\napp = \"acme/shop\"\nlimit = \"5s\"",
        "provider = \"http\"",
        "provider = \"http\"\nurl = \"https://example.com/v\"\npointers = { list = \"/a\" }",
        "provider = \"command\"",
        "provider = \"command\"\ncommand = \"x\"\ntoken = { env = \"T\" }",
        "provider = \"command\"\ncommand = \"x\"\napp = \"shop\"",
    ]
    .map(|text| {
        let told = complaint(vec![local(&format!("[target.web]\n{text}\n"))]);
        told.replace("/r/.git/afterpush/u1/config.toml", "LOCAL")
    });
    insta::assert_snapshot!(told.join("\n"), @r#"
    LOCAL:1: target.web has no app: add app = "…", its id or name
    LOCAL:3: target.web.app must be the repository, as owner/name
    LOCAL:4: target.web.workflow must be the name of a file in .github/workflows, such as deploy.yml
    LOCAL:5: target.web.environment says nothing beside a workflow; leave one of the two out
    LOCAL:4: target.web.limit is not read by provider "github", which reads app, workflow, environment, token, base_url
    LOCAL:1: target.web has no url: add url = "https://…" in a file of your own
    LOCAL:4: target.web.pointers must also say where the state of a deployment is
    LOCAL:1: target.web has no command: add command = ["…"] in a file of your own
    LOCAL:4: target.web.token is not read by provider "command", which reads command, limit, states
    LOCAL:4: target.web.app is not read by provider "command", which reads command, limit, states
    "#);
}
