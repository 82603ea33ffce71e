//! Stories: the real programs, real git, and a stand-in for the provider.

mod canary;
mod credentials;
mod demo;
mod installer;
mod kinds;
mod landing;
mod monitor;
mod providers;
mod resume;
mod settings;
mod sources;
mod succession;
mod text;
mod trouble;
mod verdicts;
