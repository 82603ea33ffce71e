//! Recorded conversations with providers, from `tests/fixtures/provider/<provider>/<name>.json`.
//!
//! A fixture names the app and the watched commit, and lists the answers with the path each question must ask.
//! Answers that many conversations begin with lie below `answers/` and are named by `from`.

use std::path::{Path, PathBuf};

use afterpush::base::{Span, Timestamp};
use afterpush::provider::{Heard, Provider, Want};
use afterpush::watch::{Misheard, Particulars, Snapshot, Target, TargetName, TokenSource};
use afterpush::wire::{Answer, Ask};
use serde_json::Value;

/// A conversation.
pub struct Fixture {
    pub target: Target,
    pub commit: String,
    pub answers: Vec<Answer>,
    asked: Vec<String>,
}

/// The folder of a provider's fixtures.
pub fn folder(provider: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/provider").join(provider)
}

/// The names of a provider's conversations.
pub fn names(provider: &str) -> Vec<String> {
    let folder = folder(provider);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

impl Fixture {
    /// Reads one.
    pub fn read(provider: &dyn Provider, name: &str) -> Self {
        let folder = folder(provider.name());
        let fixture = json(&folder.join(format!("{name}.json")));
        let answers = fixture["answers"].as_array().expect("a list of answers");
        Self {
            target: described(provider, &fixture),
            commit: fixture["commit"].as_str().expect("a commit").to_owned(),
            asked: answers.iter().map(|answer| answer["asked"].as_str().expect("a path").to_owned()).collect(),
            answers: answers.iter().map(|answer| self::answer(&folder, answer)).collect(),
        }
    }

    /// A look for the watched commit.
    pub fn want(&self) -> Want {
        Want { commits: self.commit.parse().into_iter().collect(), ..Want::default() }
    }

    /// Plays the conversation from its beginning, and checks each question on the way.
    pub fn play(&self, provider: &dyn Provider) -> Result<Snapshot, Misheard> {
        self.play_with(provider, &self.want())
    }

    /// The same for a look that wants something.
    pub fn play_with(&self, provider: &dyn Provider, want: &Want) -> Result<Snapshot, Misheard> {
        let mut ask = provider.ask(&self.target, want);
        for number in 0..self.answers.len() {
            let wanted = format!("{}{}", self.target.base_url, self.asked[number]);
            assert_eq!(shown(&ask), wanted, "question {number}");
            match provider.hear(&self.target, want, &self.answers[..=number])? {
                Heard::Ask(next) => ask = next,
                Heard::Seen(snapshot) => {
                    assert_eq!(number + 1, self.answers.len(), "answers are left over");
                    return Ok(snapshot);
                }
            }
        }
        panic!("one more answer is wanted: {}", shown(&ask));
    }
}

/// A target of this provider.
pub fn target(provider: &dyn Provider, app: &str) -> Target {
    Target {
        name: TargetName::new("web"),
        provider: provider.name().to_owned(),
        app: app.to_owned(),
        base_url: provider.address().usual().unwrap_or_default().to_owned(),
        token: TokenSource::Chain,
        paths: Vec::new(),
        environment: None,
        health: None,
        database: None,
        particulars: Particulars::default(),
    }
}

/// The target a fixture describes, by the keys of the configuration.
fn described(provider: &dyn Provider, fixture: &Value) -> Target {
    let text = |name: &str| fixture[name].as_str().map(str::to_owned);
    let mut target = target(provider, fixture["app"].as_str().unwrap_or_default());
    target.base_url = text("url").unwrap_or(target.base_url);
    target.environment = text("environment");
    let mut told = serde_json::Map::new();
    for key in ["workflow", "command", "pointers"] {
        told.extend(fixture.get(key).map(|value| (key.to_owned(), value.clone())));
    }
    target.particulars = serde_json::from_value(told.into()).expect("particulars");
    let states = fixture["states"].as_object().into_iter().flatten();
    target.particulars.states = states.map(|(word, state)| (word.clone(), self::state(state))).collect();
    target
}

fn state(word: &Value) -> afterpush::watch::State {
    serde_json::from_value(word.clone()).expect("a state")
}

/// What an ask asks, in words.
fn shown(ask: &Ask) -> String {
    match ask {
        Ask::Http(ask) => ask.url.clone(),
        Ask::Command(ask) => ask.words.join(" "),
    }
}

/// The URL of an ask.
pub fn url(ask: &Ask) -> &str {
    match ask {
        Ask::Http(ask) => &ask.url,
        Ask::Command(ask) => panic!("not a URL but a command: {:?}", ask.words),
    }
}

/// A good answer with this body, given at ten o'clock by both clocks.
pub fn good(body: &str) -> Answer {
    Answer {
        status: 200,
        headers: vec![("date".to_owned(), "Sat, 01 Aug 2026 10:00:00 GMT".to_owned())],
        body: body.as_bytes().to_vec(),
        complaint: String::new(),
        at: "2026-08-01T10:00:00Z".parse().unwrap(),
        latency: Span::from_millis(100),
    }
}

fn answer(folder: &Path, answer: &Value) -> Answer {
    if let Some(name) = answer["from"].as_str() {
        return self::answer(folder, &json(&folder.join("answers").join(format!("{name}.json"))));
    }
    let headers = answer["headers"].as_object().into_iter().flatten();
    let text = |value: &Value| value.as_str().expect("header values are texts").to_owned();
    Answer {
        status: u16::try_from(answer["status"].as_u64().expect("a status")).unwrap(),
        headers: headers.map(|(name, value)| (name.clone(), text(value))).collect(),
        body: answer["text"].as_str().map_or_else(|| answer["body"].to_string(), str::to_owned).into_bytes(),
        complaint: answer["complaint"].as_str().unwrap_or_default().to_owned(),
        at: "2026-08-01T10:01:02Z".parse::<Timestamp>().unwrap(),
        latency: Span::from_millis(142),
    }
}

fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
