//! What afterpush costs, beside its peers and the floor: `tests/bench/run.sh` builds it all and runs this.
//!
//! Arguments: the folder of the built programs, that of the peers, that for the raw figures, then the chapters that
//! are wanted (all if none is named) and perhaps `--rounds PERCENT`.

#![expect(clippy::print_stdout, reason = "the tables are what it is for")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

mod clean;
mod ground;
mod monitor;
mod push;
mod read;
mod rounds;
mod table;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use table::Table;

/// Where things are, and how often they are measured.
struct Bench {
    programs: PathBuf,
    peers: PathBuf,
    out: PathBuf,
    path: OsString,
    percent: usize,
}

type Chapter = fn(&Bench, &mut Table);

const CHAPTERS: [(&str, Chapter); 10] = [
    ("size", size),
    ("start", read::start),
    ("push", push::small),
    ("push-large", push::large),
    ("status", read::status),
    ("wait", monitor::wait),
    ("idle", monitor::idle),
    ("crowd", monitor::crowd),
    ("apps", monitor::apps),
    ("clean", clean::clean),
];

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let percent = arguments.iter().position(|argument| argument == "--rounds").map_or(100, |at| {
        let option = at..arguments.len().min(at + 2);
        let percent = arguments.drain(option).nth(1).and_then(|text| text.parse().ok());
        percent.expect("--rounds takes a percentage")
    });
    let [programs, peers, out, wanted @ ..] = arguments.as_slice() else {
        panic!("call tests/bench/run.sh");
    };
    let peers = PathBuf::from(peers);
    let machine = std::env::var_os("PATH").expect("PATH is set");
    let path = std::iter::once(peers.join("bin")).chain(std::env::split_paths(&machine));
    let path = std::env::join_paths(path).expect("a PATH of folders");
    let bench = Bench { programs: programs.into(), peers, out: out.into(), path, percent };
    let mut table = Table::default();
    for (name, chapter) in CHAPTERS {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            chapter(&bench, &mut table);
        }
    }
    table.end();
}

impl Bench {
    /// One of ours.
    fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// Where the raw figures of a chapter go.
    fn raw(&self, name: &str) -> PathBuf {
        self.out.join(format!("{name}.csv"))
    }

    /// So many rounds, or what of them is wanted.
    fn rounds(&self, usual: usize) -> usize {
        (usual * self.percent / 100).max(3)
    }
}

/// What the programs take on the disk.
fn size(bench: &Bench, table: &mut Table) {
    for (name, most) in [("afterpush-hook", 400_000), ("afterpush", 14_000_000)] {
        let bytes = size_of_file(&bench.program(name));
        table.aim(
            &format!("size of {name}"),
            format!("{} kB", bytes / 1_000),
            &format!("under {} kB", most / 1_000),
            bytes < most,
        );
    }
}

fn size_of_file(path: &Path) -> u64 {
    path.metadata().unwrap_or_else(|why| panic!("{}: {why}", path.display())).len()
}
