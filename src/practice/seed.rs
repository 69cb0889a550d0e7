//! A seed, and the numbers that it stands for: the same on every machine, for ever.

use sha2::{Digest, Sha256};

/// A number from which everything is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub u64);

impl Seed {
    /// A person's or a machine's own seed: the same for the same name.
    pub fn of_name(name: &str) -> Self {
        // Nine digits, so that it can be read out.
        Self(number(&[b"name", name.as_bytes()]) % 1_000_000_000)
    }

    /// A number below `among`, for this question. Zero where there is nothing to choose from.
    pub fn pick(self, question: &str, among: usize) -> usize {
        let number = number(&[&self.0.to_le_bytes(), question.as_bytes()]);
        let among = u64::try_from(among).unwrap_or(u64::MAX);
        // What is left over of a division by so few is no bias that anybody could notice.
        number.checked_rem(among).and_then(|rest| usize::try_from(rest).ok()).unwrap_or_default()
    }
}

/// A hash, not a generator: each answer depends on its own question only, so that a new question changes no other answer.
pub(super) fn number(parts: &[&[u8]]) -> u64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
        hash.update([0]);
    }
    let bytes = hash.finalize();
    bytes.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}
