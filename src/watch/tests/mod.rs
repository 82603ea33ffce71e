//! Tables for every verdict, and properties over any sequence of facts.

mod bed;
mod landing;
mod limits;
mod planning;
mod properties;
mod telling;
mod verdicts;
mod worst;
