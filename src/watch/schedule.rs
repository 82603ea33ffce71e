//! When to look again: a pure function of how far a course is and what the provider asked for.
