//! A program as JSON, for people and tools.
