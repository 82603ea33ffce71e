//! Is this value what its key wants? Each function gives the value, or the rest of a sentence that begins with the
//! key. No sentence repeats a value that may be a secret.

use std::collections::BTreeMap;

use globset::{Glob, GlobBuilder};
use toml::de::{DeTable, DeValue};

use super::key;
use crate::base::variables::is_passed_on;
use crate::base::{Span, text};
use crate::watch::{State, TokenSource};
use crate::wire;

/// A value, or what is wrong with it.
pub(super) type Checked<T> = Result<T, String>;

/// A longer watch is never wanted, and a typing error.
const LONGEST_WATCH: Span = Span::from_hours(24);
/// Ten years stand for "for ever".
const LONGEST_KEEP: Span = Span::from_hours(10 * 365 * 24);

/// A duration for watching.
pub(super) fn limit(text: &str) -> Checked<Span> {
    let span = some_time(text)?;
    if span > LONGEST_WATCH { Err(format!("may be 24h at most, not {span}")) } else { Ok(span) }
}

/// A duration for watching, or `0s`.
pub(super) fn limit_or_none(text: &str) -> Checked<Span> {
    if text::visible(text).parse() == Ok(Span::ZERO) { Ok(Span::ZERO) } else { limit(text) }
}

/// A duration for keeping.
pub(super) fn keep(text: &str) -> Checked<Span> {
    let span = some_time(text)?;
    if span > LONGEST_KEEP { Err("may be 3650d at most".to_owned()) } else { Ok(span) }
}

fn some_time(text: &str) -> Checked<Span> {
    let span: Span = text::visible(text).parse().map_err(|why| format!("is wrong: {why}"))?;
    if span == Span::ZERO { Err("must be longer than nothing".to_owned()) } else { Ok(span) }
}

/// A string.
pub(super) fn string<'v>(value: &'v DeValue<'_>, wanted: &str) -> Checked<&'v str> {
    value.as_str().ok_or_else(|| wrong_type(value, wanted))
}

/// A duration in quotes.
pub(super) fn duration(value: &DeValue<'_>, check: fn(&str) -> Checked<Span>) -> Checked<Span> {
    check(string(value, "a duration in quotes such as \"5m\"")?)
}

/// `true` or `false`.
pub(super) fn boolean(value: &DeValue<'_>) -> Checked<bool> {
    value.as_bool().ok_or_else(|| wrong_type(value, "true or false"))
}

/// A list of strings; an empty one says nothing and is most likely a mistake.
pub(super) fn list(value: &DeValue<'_>, check: fn(&str) -> Checked<String>) -> Checked<Vec<String>> {
    const WANTED: &str = "a list of strings such as [\"main\"]";
    let array = value.as_array().ok_or_else(|| wrong_type(value, WANTED))?;
    if array.is_empty() {
        return Err("is empty; leave it out for the default".to_owned());
    }
    array.iter().map(|item| check(string(item.get_ref(), WANTED)?)).collect()
}

/// A branch by its short name, or a pattern of such names.
pub(super) fn branch(text: &str) -> Checked<String> {
    glob(text.strip_prefix("refs/heads/").unwrap_or(text))
}

/// A provider's name; whether there is such a provider is asked when all layers are known.
pub(super) fn provider(value: &DeValue<'_>) -> Checked<String> {
    plain(string(value, "a name in quotes such as \"digitalocean\"")?)
}

/// A provider's app.
pub(super) fn app(value: &DeValue<'_>) -> Checked<String> {
    plain(string(value, "an id or a name in quotes")?)
}

/// A pattern of paths or of branches.
pub(super) fn glob(pattern: &str) -> Checked<String> {
    let pattern = plain(pattern)?;
    if pattern.starts_with('!') {
        return Err("holds a pattern that begins with \"!\"; only what counts can be named".to_owned());
    }
    compile(&pattern).map_err(|why| format!("holds a wrong pattern: {}", why.kind()))?;
    Ok(pattern)
}

/// A pattern where `*` stays within one folder and `**` goes below.
pub(super) fn compile(pattern: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(pattern).literal_separator(true).build()
}

/// Text of one line that is not empty.
pub(super) fn plain(text: &str) -> Checked<String> {
    if text.trim().is_empty() {
        Err("must not be empty".to_owned())
    } else if !text::is_plain(text) || text.trim() != text {
        Err("must not hold control characters or begin or end with blanks".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

/// A target's name becomes part of file names.
pub(super) fn is_target_name(name: &str) -> bool {
    let letters = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    letters && (1..=64).contains(&name.len()) && !name.starts_with(['-', '_'])
}

/// The URL of an API, without a slash at its end.
pub(super) fn base_url(value: &DeValue<'_>) -> Checked<String> {
    let text = plain_url(string(value, "a URL in quotes")?, &['?', '#'], "query and fragment")?;
    Ok(text.trim_end_matches('/').to_owned())
}

/// Where a token comes from: a table with exactly one source.
pub(super) fn token(value: &DeValue<'_>) -> Checked<TokenSource> {
    source(
        value,
        "must say where the token is, never hold it: { env = \"NAME\" }, { command = \"WORDS\" } or { file = \"/PATH\" }",
    )
}

/// Where a secret comes from: a table with exactly one source. `wanted` is the sentence for anything else.
pub(super) fn source(value: &DeValue<'_>, wanted: &str) -> Checked<TokenSource> {
    let table = value.as_table().ok_or(wanted)?;
    let mut entries = table.iter();
    let (Some((name, source)), None) = (entries.next(), entries.next()) else {
        return Err(wanted.to_owned());
    };
    let name = name.get_ref().as_ref();
    if !key::TOKEN.contains(&name) {
        return Err(unknown_inside(name, key::TOKEN));
    }
    let text = source.get_ref().as_str().filter(|text| !text.trim().is_empty()).ok_or(wanted)?;
    match name {
        "env" => variable(text),
        "command" => command(text),
        _ => file(text),
    }
}

fn variable(name: &str) -> Checked<TokenSource> {
    let fits =
        name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && !name.starts_with(|c: char| c.is_ascii_digit());
    if !fits || name.len() > 128 {
        return Err("env must be the name of a variable".to_owned());
    }
    if is_passed_on(name) {
        return Err(format!("env must not be {name}, which every program is given; no secret belongs there"));
    }
    Ok(TokenSource::Env(name.to_owned()))
}

fn command(text: &str) -> Checked<TokenSource> {
    let words = shell_words::split(text).map_err(|_| "command has a quote that does not end")?;
    Ok(TokenSource::Command(words))
}

fn file(text: &str) -> Checked<TokenSource> {
    if text.starts_with('/') && !text.contains('\0') {
        Ok(TokenSource::File(text.into()))
    } else {
        Err("file must be an absolute path".to_owned())
    }
}

/// A URL that is asked as it stands.
pub(super) fn url(text: &str) -> Checked<String> {
    plain_url(text, &['#'], "fragment").map(str::to_owned)
}

/// A URL that may be asked, without the parts that begin with these; `named` is what people call them.
fn plain_url<'t>(text: &'t str, without: &[char], named: &str) -> Checked<&'t str> {
    // The value is not repeated: what is wrong with it may be the password in it.
    let origin =
        wire::origin(text).ok_or("must be an https URL, or http on this machine, without user name or password")?;
    if origin.scheme == "http" && !origin.is_loopback() {
        return Err("must be https; plain http is for this machine alone".to_owned());
    }
    if text.contains(without) || !text::is_plain(text) || text.trim() != text {
        return Err(format!("must be a plain URL without {named}"));
    }
    Ok(text)
}

/// A JSON pointer (RFC 6901); the empty one is the whole document.
pub(super) fn pointer(text: &str) -> Checked<String> {
    if (text.is_empty() || text.starts_with('/')) && text::is_plain(text) {
        Ok(text.to_owned())
    } else {
        Err("holds what is no JSON pointer (such as \"/git/sha\")".to_owned())
    }
}

/// The sentence for a key within a value that does not exist.
pub(super) fn unknown_inside(name: &str, known: &[&str]) -> String {
    format!("holds the unknown key \"{}\"; {}", text::visible(name), key::inner_advice(name, known))
}

/// A table; an empty one says nothing and is most likely a mistake.
pub(super) fn filled<'v>(value: &'v DeValue<'v>, wanted: &str) -> Checked<&'v DeTable<'v>> {
    let table = value.as_table().ok_or_else(|| wrong_type(value, wanted))?;
    if table.is_empty() { Err("is empty; leave it out for the default".to_owned()) } else { Ok(table) }
}

/// What words for a state mean.
pub(super) fn states(value: &DeValue<'_>) -> Checked<BTreeMap<String, State>> {
    const WANTED: &str = "a table of words such as { shipped = \"live\" }";
    let table = filled(value, WANTED)?;
    let mut states = BTreeMap::new();
    for (word, meaning) in table {
        let word = plain(word.get_ref().as_ref())?;
        let meaning = string(meaning.get_ref(), WANTED)?;
        let known = STATES.iter().find(|(name, _)| *name == meaning);
        let (_, state) = known.ok_or_else(|| {
            let names: Vec<_> = STATES.iter().map(|(name, _)| *name).collect();
            format!("gives {word} an unknown meaning; known: {}", names.join(", "))
        })?;
        states.insert(word, *state);
    }
    Ok(states)
}

/// What a word can be told to mean.
const STATES: &[(&str, State)] = &[
    ("queued", State::Queued),
    ("building", State::Building),
    ("deploying", State::Deploying),
    ("live", State::Succeeded),
    ("failed", State::Failed),
    ("canceled", State::Canceled),
    ("skipped", State::Skipped),
];

/// The wrong type of value.
pub(super) fn wrong_type(value: &DeValue<'_>, wanted: &str) -> String {
    let got = value.type_str();
    let article = if got.starts_with(['a', 'i']) { "an" } else { "a" };
    format!("must be {wanted}, not {article} {got}")
}
