//! The lab's files as the screen needs them. All of it blocks: the runtime calls it off the main task.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use similar::TextDiff;

use super::msg::LabTexts;
use crate::error::{Error, Result};

/// Larger files are not shown.
const LARGEST: u64 = 256 * 1024;
