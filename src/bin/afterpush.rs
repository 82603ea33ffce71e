//! afterpush.
fn main() {}
