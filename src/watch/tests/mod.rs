//! Tables for every verdict, and properties over any sequence of facts.

mod bed;
mod health;
mod landing;
mod limits;
mod planning;
mod properties;
mod rules;
mod sources;
mod telling;
mod verdicts;
mod worst;
