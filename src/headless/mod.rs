//! The commands without a screen: they run works and print.

pub mod cli;
pub mod terminal;
