//! Many commits: a table for people, tab-separated lines for scripts.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};

use super::{Mark, branch, elapsed, row};
use crate::base::{Timestamp, text};
use crate::cli::Style;
use crate::status::Document;

/// Columns of a subject.
const SUBJECT: usize = 36;

/// A heading, and a line a commit with its mark before it. `repositories` names theirs where they differ.
pub fn table(documents: &[Document], repositories: Option<&[String]>, style: &Style, now: Timestamp) -> Vec<String> {
    if documents.is_empty() {
        return Vec::new();
    }
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let heading = ["COMMIT", "SUBJECT", "BRANCH", "TARGET", "STATE", "TOOK", "PUSHED"].map(Cell::new);
    table.set_header(heading.into_iter().chain(repositories.map(|_| Cell::new("REPOSITORY"))));
    for (i, document) in documents.iter().enumerate() {
        let repository = repositories.and_then(|names| names.get(i)).map(Cell::new);
        table.add_row(cells(document, style, now).into_iter().chain(repository));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let gap = if style.ascii { "   " } else { "  " };
    let marks = documents.iter().map(|document| format!("{} ", Mark::of(document.exit_code).paint(style)));
    let before = std::iter::once(gap.to_owned()).chain(marks);
    before.zip(table.lines()).map(|(mark, line)| format!("{mark}{}", line.trim_end())).collect()
}

fn cells(document: &Document, style: &Style, now: Timestamp) -> [Cell; 7] {
    let targets: Vec<_> = document.targets.iter().map(|target| target.name.as_str()).collect();
    let via = document.via.as_ref().map_or_else(String::new, |via| format!(" via {}", via.short()));
    let pushed = document.push.as_ref().and_then(|push| push.at).map(|at| format!("{} ago", now.since(at)));
    let subject = text::cut(document.commit.subject.as_deref().unwrap_or_default(), SUBJECT, style.ascii);
    [
        Cell::new(&document.commit.short),
        Cell::new(subject),
        Cell::new(branch(document).unwrap_or("-")),
        Cell::new(if targets.is_empty() { "-".to_owned() } else { targets.join(",") }),
        Cell::new(format!("{}{via}", document.word())),
        Cell::new(elapsed(document, now).map_or_else(|| "-".to_owned(), |took| took.to_string()))
            .set_alignment(CellAlignment::Right),
        Cell::new(pushed.unwrap_or_else(|| "-".to_owned())),
    ]
}

/// The stable row of a commit, then when it was pushed and the git common dir of its repository.
pub fn listed_row(document: &Document, repository: &str, now: Timestamp) -> String {
    let at = document.push.as_ref().and_then(|push| push.at).map_or_else(|| "-".to_owned(), |at| at.to_string());
    format!("{}\t{at}\t{}", row(document, now), text::visible(repository))
}
