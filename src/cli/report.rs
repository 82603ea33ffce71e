//! A document on its way out: what only the reader can add to it, and the form the reader asked for.

use super::World;
use super::excerpt::excerpt;
use super::place::Place;
use super::view;
use crate::status::Document;
use crate::watch::exit;

/// Adds what only the reader knows: staleness, HEAD, the lines of the private log.
pub fn complete(place: &Place, world: &World, document: Document) -> Document {
    let mut document = document.seen(world.now(), place.repo.head().as_ref());
    if let Some(failure) = &mut document.failure {
        // The log of a commit that was pushed below another one is that one's.
        let commits = [Some(&document.commit.sha), document.via.as_ref()].into_iter().flatten();
        let mut logs = commits.flat_map(|sha| document.targets.iter().map(move |target| (sha, target)));
        let found = logs.find_map(|(sha, target)| place.log(sha, &target.name));
        failure.log_excerpt = found.map(|log| excerpt(&log)).filter(|lines| !lines.is_empty());
    }
    document
}

/// Prints the whole answer. Off a terminal the stable rows are the result and the explanation is narration.
pub fn report(world: &World, document: &Document) {
    let now = world.now();
    if world.json {
        world.printer.document(document);
    } else if world.quiet {
        world.printer.line(&document.word());
    } else if world.is_terminal {
        world.printer.lines(&view::screen(document, &world.style, now));
    } else {
        world.printer.lines(&view::rows(document, now));
        narrate(world, document);
    }
}

/// Prints one line, for `wait`.
pub fn report_line(world: &World, document: &Document) {
    let now = world.now();
    if world.json {
        world.printer.document(document);
        return;
    }
    if world.quiet {
        world.printer.line(&document.word());
        return;
    }
    let line = if world.is_terminal { view::one_line(document, &world.style, now) } else { view::row(document, now) };
    world.printer.line(&line);
    narrate(world, document);
}

/// On standard error: why, and what to do. A good or a still open answer needs no explanation.
fn narrate(world: &World, document: &Document) {
    let is_plain = matches!(document.exit_code, exit::OK | exit::RUNNING) && !document.stale;
    if is_plain && document.warnings.is_empty() {
        return;
    }
    // What went wrong is told by the explanation, in the provider's words.
    if !is_plain && !world.is_terminal && document.failure.is_none() {
        world.printer.note(&format!("afterpush: {}", document.message));
    }
    for line in view::explanation(document, &world.style, world.now()) {
        world.printer.note(&line);
    }
}
