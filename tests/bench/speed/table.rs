//! What is printed: a table for each chapter, and in the end every aim with what was measured.

/// Collects the aims while the chapters print.
#[derive(Default)]
pub struct Table {
    aims: Vec<[String; 4]>,
}

impl Table {
    /// Begins a chapter.
    pub fn begin(&mut self, title: &str, columns: &[&str]) {
        println!("\n## {title}\n");
        self.row(&columns.iter().map(|&column| column.to_owned()).collect::<Vec<_>>());
        println!("|{}", " --- |".repeat(columns.len()));
    }

    /// One line of it.
    #[expect(clippy::unused_self, reason = "rows belong to a table")]
    pub fn row(&self, cells: &[String]) {
        println!("| {} |", cells.join(" | "));
    }

    /// What was to be reached, and what was.
    pub fn aim(&mut self, what: &str, measured: impl Into<String>, aim: &str, is_met: bool) {
        let met = if is_met { "met" } else { "MISSED" };
        self.aims.push([what.to_owned(), measured.into(), aim.to_owned(), met.to_owned()]);
    }

    /// All aims.
    pub fn end(&mut self) {
        self.begin("Aims", &["what", "measured", "aim", ""]);
        for aim in &self.aims {
            self.row(aim);
        }
    }
}

/// A ratio.
pub fn times(ratio: f64) -> String {
    format!("{ratio:.2} x")
}
