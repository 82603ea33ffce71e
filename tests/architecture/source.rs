//! One source file as the architecture sees it: its room, and every path it names.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};

/// What is compiled for tests only, beside the modules that are named so.
const IN_TESTS: [&str; 2] = ["monitor/simulation/", "standin/indoors"];

/// A Rust file without its tests.
pub struct Source {
    /// Where it lies below the folder that was read.
    pub path: String,
    /// The room it belongs to.
    pub room: String,
    /// All of it, tests included.
    pub text: String,
    /// The paths it names, those within this package starting with `crate::`.
    pub mentions: Vec<String>,
    /// It says `async` or `.await`.
    pub waits: bool,
}

/// Every Rust file below a folder.
pub fn sources(folder: &Path) -> Vec<Source> {
    let mut found = Vec::new();
    collect(folder, "", &mut found);
    assert!(!found.is_empty(), "there is no Rust file below {}", folder.display());
    found
}

fn collect(folder: &Path, module: &str, found: &mut Vec<Source>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|err| panic!("{}: {err}", folder.display()));
    for path in entries.map(|entry| entry.expect("a readable folder").path()) {
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a file name in UTF-8");
        let below = [module, name].join("/");
        if path.is_dir() {
            collect(&path, &below, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap_or_else(|err| panic!("{}: {err}", path.display()));
            found.push(Source::new(below.trim_start_matches('/'), text));
        }
    }
}

impl Source {
    /// A file at this place in the tree of modules, such as `watch/step` or `watch/mod`.
    pub fn new(module: &str, text: String) -> Self {
        let file = syn::parse_file(&text).unwrap_or_else(|err| panic!("{module}: {err}"));
        let place: Vec<_> =
            module.split('/').filter(|part| !["mod", "lib"].contains(part)).map(str::to_owned).collect();
        let is_program = module.starts_with("bin/");
        let room = if is_program { place[..2].join("/") } else { place.first().cloned().unwrap_or_default() };
        let mut reader = Reader { place, is_program, mentions: Vec::new(), waits: false };
        if !module.ends_with("tests") && !IN_TESTS.iter().any(|folder| module.starts_with(folder)) {
            reader.visit_file(&file);
        }
        let Reader { mut mentions, waits, .. } = reader;
        mentions.sort();
        mentions.dedup();
        Self { path: format!("{module}.rs"), room, text, mentions, waits }
    }

    /// The rooms it names, its own among them.
    pub fn rooms(&self) -> BTreeSet<&str> {
        let within = self.mentions.iter().filter_map(|path| path.strip_prefix("crate::"));
        within.filter_map(|path| path.split("::").next()).collect()
    }
}

/// Walks a file and notes what it names.
struct Reader {
    place: Vec<String>,
    is_program: bool,
    mentions: Vec<String>,
    waits: bool,
}

impl Reader {
    /// Notes a path, with `self`, `super` and the library's own name resolved to `crate`. A program's own modules
    /// are no rooms.
    fn note(&mut self, path: &[String]) {
        let is_inner = path.first().is_some_and(|first| ["crate", "self", "super"].contains(&first.as_str()));
        if self.is_program && is_inner {
            return;
        }
        let up = path.iter().take_while(|step| ["self", "super"].contains(&step.as_str())).count();
        let supers = path[..up].iter().filter(|step| *step == "super").count();
        let rest = path[up..].join("::");
        let is_own = self.is_program && path.first().is_some_and(|first| first == "afterpush");
        self.mentions.push(match up {
            0 if is_own => rest.replacen("afterpush", "crate", 1),
            0 => rest,
            _ => ["crate", &self.place[..self.place.len().saturating_sub(supers)].join("::"), &rest]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join("::"),
        });
    }

    fn note_tree(&mut self, before: &[String], tree: &syn::UseTree) {
        let with = |ident: &syn::Ident| before.iter().cloned().chain([ident.to_string()]).collect::<Vec<_>>();
        match tree {
            syn::UseTree::Path(path) => self.note_tree(&with(&path.ident), &path.tree),
            syn::UseTree::Name(name) => self.note(&with(&name.ident)),
            syn::UseTree::Rename(rename) => self.note(&with(&rename.ident)),
            syn::UseTree::Glob(_) => self.note(before),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.note_tree(before, tree)),
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_test(item) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.place.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.place.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.note_tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let steps: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.note(&steps);
        visit::visit_path(self, path);
    }

    /// What a macro is given is not parsed; the paths in it are found by their shape.
    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        let tokens = called.tokens.to_string();
        self.waits |= tokens.contains(". await");
        for (before, after) in tokens.match_indices(" :: ").filter_map(|(at, _)| tokens.split_at_checked(at)) {
            let start = before.rsplit(|c: char| !is_word(c)).next().unwrap_or_default();
            let rest = after.split(" :: ").skip(1).map(|step| step.split(|c: char| !is_word(c)).next());
            let steps = [start].into_iter().chain(rest.map(Option::unwrap_or_default));
            self.note(&steps.take_while(|step| !step.is_empty()).map(str::to_owned).collect::<Vec<_>>());
        }
        visit::visit_macro(self, called);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.waits |= signature.asyncness.is_some();
        visit::visit_signature(self, signature);
    }

    fn visit_expr_async(&mut self, block: &'ast syn::ExprAsync) {
        self.waits = true;
        visit::visit_expr_async(self, block);
    }

    fn visit_expr_await(&mut self, expr: &'ast syn::ExprAwait) {
        self.waits = true;
        visit::visit_expr_await(self, expr);
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether an item exists only while testing.
fn is_test(item: &syn::Item) -> bool {
    let attributes = match item {
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        _ => return false,
    };
    let is_cfg_test = |attribute: &syn::Attribute| match &attribute.meta {
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        _ => false,
    };
    attributes.iter().any(is_cfg_test)
}
