//! Keys in, actions out.
