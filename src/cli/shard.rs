//! A part of the directories for each machine of a job array: disjoint, and whole together.

use std::path::PathBuf;

use crate::error::{Error, Result};

/// What `--shard` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shard {
    /// Part K of N, from 1 on.
    Part {
        /// Which part.
        number: usize,
        /// Of how many.
        of: usize,
    },
    /// The part that the job array's variables name; with N where they do not say how many there are.
    Auto {
        /// Of how many.
        of: Option<usize>,
    },
}

impl Shard {
    /// Reads `2/7`, `auto` or `auto/7`.
    ///
    /// # Errors
    /// In words: it is none of these.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let wrong = || format!("`{text}` is no part: 2/7, auto, or auto/7");
        let (part, of) = text.split_once('/').map_or((text, None), |(part, of)| (part, Some(of)));
        let of = of.map(|of| of.parse::<usize>().ok().filter(|of| *of > 0).ok_or_else(wrong)).transpose()?;
        if part == "auto" {
            return Ok(Self::Auto { of });
        }
        match (part.parse(), of) {
            (Ok(number), Some(of)) if (1..=of).contains(&number) => Ok(Self::Part { number, of }),
            _ => Err(wrong()),
        }
    }

    /// Part and number of parts, asking the variables of Slurm (`SLURM_ARRAY_TASK_*`), of a Kubernetes Indexed Job
    /// (`JOB_COMPLETION_INDEX`) and of GitLab (`CI_NODE_*`) where nothing else was said.
    ///
    /// # Errors
    /// Usage: no variable names a part, or it is outside of the number of parts.
    pub fn resolve(self, variable: &dyn Fn(&str) -> Option<String>) -> Result<(usize, usize)> {
        let of = match self {
            Self::Part { number, of } => return Ok((number, of)),
            Self::Auto { of } => of,
        };
        let number = |name: &str| variable(name).and_then(|value| value.parse::<usize>().ok());
        let slurm = number("SLURM_ARRAY_TASK_ID").map(|id| {
            let first = number("SLURM_ARRAY_TASK_MIN").unwrap_or(0);
            let step = number("SLURM_ARRAY_TASK_STEP").filter(|step| *step > 0).unwrap_or(1);
            (id.saturating_sub(first) / step + 1, number("SLURM_ARRAY_TASK_COUNT"))
        });
        let kubernetes = || number("JOB_COMPLETION_INDEX").map(|index| (index + 1, None));
        let gitlab = || number("CI_NODE_INDEX").map(|index| (index, number("CI_NODE_TOTAL")));
        let (part, told) = slurm.or_else(kubernetes).or_else(gitlab).ok_or_else(|| {
            Error::usage("--shard auto finds no job array here")
                .why("none of SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX and CI_NODE_INDEX is set")
                .suggest("--shard 1/7")
        })?;
        let of = of.or(told).ok_or_else(|| {
            Error::usage("the job array does not say how many parts there are").suggest("--shard auto/7")
        })?;
        if !(1..=of).contains(&part) {
            return Err(Error::usage(format!("the job array is at part {part} of {of}"))
                .suggest("as many jobs in the array as there are parts"));
        }
        Ok((part, of))
    }
}

/// The directories of one part: every N-th of them by name, so that it does not matter in which order they were named.
pub fn part(dirs: &[PathBuf], (number, of): (usize, usize)) -> Vec<PathBuf> {
    let mut sorted: Vec<&PathBuf> = dirs.iter().collect();
    sorted.sort();
    sorted.dedup();
    sorted.into_iter().skip(number - 1).step_by(of).cloned().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn parts_are_disjoint_and_whole() {
        let dirs: Vec<PathBuf> = (0..40).rev().map(|n| format!("class/s{n}").into()).collect();
        for of in 1..=50 {
            let parts: Vec<Vec<PathBuf>> = (1..=of).map(|number| part(&dirs, (number, of))).collect();
            let sizes: BTreeSet<usize> = parts.iter().map(Vec::len).collect();
            assert!(sizes.last().unwrap() - sizes.first().unwrap() <= 1, "{of}: {sizes:?}");
            let mut all = parts.concat();
            assert_eq!(all.len(), dirs.len());
            all.sort();
            all.dedup();
            assert_eq!(all.len(), dirs.len());
        }
    }

    #[test]
    fn read_or_refused() {
        assert_eq!(Shard::parse("2/7"), Ok(Shard::Part { number: 2, of: 7 }));
        assert_eq!(Shard::parse("auto/7"), Ok(Shard::Auto { of: Some(7) }));
        for wrong in ["", "0/7", "8/7", "7", "a/7", "2/0", "auto/0", "-1/7", "2/7/1"] {
            assert!(Shard::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn job_arrays_name_their_part() {
        let within = |pairs: &'static [(&str, &str)], text: &str| {
            let variable =
                |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
            Shard::parse(text).unwrap().resolve(&variable)
        };
        let slurm: &[_] =
            &[("SLURM_ARRAY_TASK_ID", "12"), ("SLURM_ARRAY_TASK_MIN", "10"), ("SLURM_ARRAY_TASK_COUNT", "4")];
        assert_eq!(within(slurm, "auto").unwrap(), (3, 4));
        assert_eq!(within(&[("JOB_COMPLETION_INDEX", "0")], "auto/7").unwrap(), (1, 7));
        assert_eq!(within(&[("CI_NODE_INDEX", "2"), ("CI_NODE_TOTAL", "3")], "auto").unwrap(), (2, 3));
        assert!(within(&[("JOB_COMPLETION_INDEX", "0")], "auto").is_err());
        assert!(within(&[("JOB_COMPLETION_INDEX", "7")], "auto/7").is_err());
        assert!(within(&[], "auto/7").is_err());
    }
}
