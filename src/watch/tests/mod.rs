//! Tables for every verdict, and properties over any sequence of facts.

mod bed;
mod verdicts;
