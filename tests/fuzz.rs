//! Whatever bytes come in, every reader of foreign bytes gives an answer, of bounded size, and does not panic.
//!
//! Seeds are changed by a dice that always falls the same way. `AFTERPUSH_FUZZ=1000000` throws it so many times for each
//! reader; without it a few thousand times are enough to see that a reader is not broken.

use afterpush::base::text;
use afterpush::config::{Layer, LayerKind, Layers, load};
use afterpush::provider::{ALL, Provider, Want};
use afterpush::push::{self, Request};
use afterpush::status::Document;
use afterpush::wire::Answer;

use crate::providers::fixture::{self, Fixture};

/// Bytes that mean something to one reader or another.
const TELLING: &[&[u8]] = &[
    b"\0",
    b"\n",
    b"\r\n",
    b"\t",
    b" ",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"=",
    b"#",
    b"-",
    b"0",
    b"9",
    b"-1",
    b"1e999",
    b"18446744073709551616",
    b"null",
    b"\x1b[2J",
    b"\x1b]0;x\x07",
    b"\xc2\x9b",
    b"\xe2\x80\xae",
    b"\xf3\xa0\x81\x81",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\\u0000",
    b"\\ud800",
    b"://a:b@",
    b"eyJ",
    b"-----BEGIN PRIVATE KEY-----",
    b"refs/heads/",
    b"0000000000000000000000000000000000000000",
];

/// Always the same numbers (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one, or 0.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.throw() % u64::try_from(end.max(1)).expect("a small number")).expect("smaller still")
    }

    /// One of the seeds with some changes.
    fn changed(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = seeds[self.below(seeds.len())].clone();
        for _ in 0..=self.below(8) {
            self.change(&mut bytes, seeds);
        }
        bytes.truncate(64 << 10);
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let start = self.below(bytes.len() + 1);
        let end = (start + self.below(40)).min(bytes.len());
        match self.below(7) {
            0 => bytes.iter_mut().skip(start).take(1).for_each(|byte| *byte ^= 1 << (self.throw() % 8)),
            1 => bytes.iter_mut().skip(start).take(1).for_each(|byte| *byte = self.throw().to_le_bytes()[0]),
            2 => drop(bytes.drain(start..end)),
            3 => bytes.truncate(start),
            4 => {
                let part = bytes[start..end].to_vec();
                bytes.splice(start..start, part);
            }
            5 => drop(bytes.splice(start..end, TELLING[self.below(TELLING.len())].iter().copied())),
            _ => {
                let other = &seeds[self.below(seeds.len())];
                let from = self.below(other.len() + 1);
                let to = (from + self.below(200)).min(other.len());
                bytes.splice(start..end, other[from..to].iter().copied());
            }
        }
    }
}

/// Feeds changed seeds to a reader, which says how large what it made of them is.
fn feed(seeds: &[Vec<u8>], read: impl Fn(&[u8]) -> usize) {
    let times = std::env::var("AFTERPUSH_FUZZ").ok().and_then(|times| times.parse().ok()).unwrap_or(3_000);
    let mut dice = Dice(4);
    for number in 0..times {
        let bytes = dice.changed(seeds);
        let size = read(&bytes);
        assert!(size <= 64 * bytes.len() + (64 << 10), "input {number} of {} bytes becomes {size}", bytes.len());
    }
}

fn size_of(made: &impl std::fmt::Debug) -> usize {
    format!("{made:?}").len()
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

#[test]
fn the_lines_on_a_hooks_standard_input() {
    let line = format!("refs/heads/main {SHA} refs/heads/main {}\n", "0".repeat(40));
    let long = format!(
        "HEAD {} refs/heads/żółw {}\n(delete) {} refs/tags/v1 {SHA}\n",
        "a".repeat(64),
        "b".repeat(64),
        "0".repeat(40)
    );
    feed(&texts(&[&line, &long, &line.repeat(50), ""]), |bytes| size_of(&push::read_lines(bytes)));
}

#[test]
fn the_lines_of_a_reflog() {
    let push = format!("{SHA} {SHA} Ada <ada@example.com> 1785578400 +0200\tupdate by push\n");
    let odd = format!("{} {SHA} <> -1 -0000\tcommit (initial): \u{1b}[0m", "0".repeat(40));
    feed(&texts(&[&push, &odd, ""]), |bytes| size_of(&push::reflog::read_entry(bytes)));
}

#[test]
fn request_files() {
    let sandbox = crate::support::hooked::Hooked::new();
    sandbox.sandbox.commit("a change");
    sandbox.push(&[]);
    let request = serde_json::to_vec(&sandbox.requests()[0]).expect("a request can be written");
    feed(&[request, b"{}".to_vec()], |bytes| {
        let size = |request: &Request| serde_json::to_vec(request).map_or(0, |again| again.len());
        serde_json::from_slice::<Request>(bytes).as_ref().map_or(0, size)
    });
}

#[test]
fn configuration_files() {
    let readme = include_str!("../README.md");
    let shown: Vec<_> = readme.split("```toml\n").skip(1).filter_map(|part| part.split("```").next()).collect();
    let seeds = texts(&[&shown[..], &["[target.web]\nprovider = \"digitalocean\"\napp = \"shop\"\n", ""]].concat());
    feed(&seeds, |bytes| {
        let kinds = [LayerKind::Local, LayerKind::Tracked, LayerKind::User];
        let layers = kinds.map(|kind| Layer::new(kind, "a file", bytes));
        layers.map(|layer| match load(&Layers { files: vec![layer], ..Layers::default() }) {
            Ok(config) => size_of(&config),
            Err(error) => {
                assert!(text::is_plain(&error.to_string()), "{error:?}");
                error.to_string().len()
            }
        })[0]
    });
}

#[test]
fn status_files() {
    let site = crate::support::Site::new();
    let sha = site.ship(afterpush::standin::Recipe::failing_build(&["it broke"]));
    site.decided(&sha, "failed", "build_failed");
    let document = std::fs::read(site.layout().status(&sha)).expect("a status");
    feed(&[document, b"{}".to_vec()], |bytes| match Document::parse(bytes) {
        Ok(document) => document.to_bytes().len(),
        Err(error) => error.to_string().len(),
    });
}

#[test]
fn the_answers_of_every_provider() {
    for provider in ALL {
        let names = fixture::names(provider.name());
        let fixtures: Vec<_> = names.iter().map(|name| Fixture::read(*provider, name)).collect();
        let seeds: Vec<_> =
            fixtures.iter().flat_map(|fixture| &fixture.answers).map(|answer| answer.body.clone()).collect();
        let failed = Fixture::read(*provider, "failed");
        feed(&seeds, |bytes| {
            let fixture = &fixtures[bytes.len() % fixtures.len()];
            hear(*provider, fixture, bytes).max(hear(*provider, &failed, bytes))
        });
    }
}

/// The bytes in the place of each answer of a conversation, about deployments and about a log.
fn hear(provider: &dyn Provider, fixture: &Fixture, bytes: &[u8]) -> usize {
    let (want, mut size) = (Want::default(), 0);
    let failed = fixture.play(provider).ok().and_then(|snapshot| snapshot.deployments.into_iter().next());
    for place in 0..fixture.answers.len() {
        let mut answers: Vec<Answer> = fixture.answers[..=place].to_vec();
        answers[place].body = bytes.to_vec();
        size = size.max(size_of(&provider.hear(&fixture.target, &want, &answers)));
        if let Some(failed) = &failed {
            size = size.max(size_of(&provider.hear_log(&fixture.target, &want, failed, &answers)));
        }
    }
    size
}

#[test]
fn text_on_its_way_to_a_person() {
    let seeds: Vec<_> = TELLING
        .iter()
        .map(|bytes| bytes.to_vec())
        .chain(texts(&[
            "Authorization: Bearer abc.def",
            "postgres://ada:p@ss@db/x",
            "ghp_0123456789abcdef",
            "żółw 🐢 漢字",
        ]))
        .collect();
    feed(&seeds, |bytes| {
        let shown = text::visible_bytes(bytes);
        assert!(text::is_plain(&shown) && text::visible(&shown) == shown, "{shown}");
        shown.len().max(text::cut(&shown, 40, true).len())
    });
}
