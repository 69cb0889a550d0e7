//! What a visitor enters: an ordinary item with an ordinary name that nobody has entered before.

/// What a visitor enters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The unique name, letters only.
    pub marker: String,
    /// A positive whole number.
    pub quantity: u32,
    /// Plain words that no template has to escape.
    pub description: String,
}

/// Letters of a shortened name at least: as many as *teapot* has.
const LEAST_LETTERS: usize = 6;

impl Item {
    /// An item that nobody has entered before.
    #[allow(clippy::new_without_default, reason = "no two are alike")]
    pub fn new() -> Self {
        let quantity = u32::try_from(random() % 89).unwrap_or(0) + 11;
        Self { marker: word(5), quantity, description: format!("{} {}", word(2), word(3)) }
    }

    /// With a name that is no longer than this, where that leaves a word.
    pub(crate) fn shorten(&mut self, most: usize) {
        if most >= LEAST_LETTERS {
            self.marker.truncate(most);
        }
    }

    /// With a name that begins with a capital letter.
    pub(crate) fn capitalised(&self) -> Self {
        let mut chars = self.marker.chars();
        let first = chars.next().map(|first| first.to_ascii_uppercase());
        Self { marker: first.into_iter().chain(chars).collect(), ..self.clone() }
    }
}

/// A word that can be said, of so many syllables.
fn word(syllables: usize) -> String {
    const CONSONANTS: [char; 14] = ['b', 'd', 'f', 'g', 'k', 'l', 'm', 'n', 'p', 'r', 's', 't', 'v', 'z'];
    const VOWELS: [char; 5] = ['a', 'e', 'i', 'o', 'u'];
    let mut random = random();
    let mut pick = |of: &[char]| {
        let length = of.len() as u64;
        let at = usize::try_from(random % length).unwrap_or(0);
        random /= length;
        of[at]
    };
    (0..syllables).flat_map(|_| [pick(&CONSONANTS), pick(&VOWELS)]).collect()
}

fn random() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    // Each RandomState has keys of its own.
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_ordinary_words() {
        let (one, two) = (Item::new(), Item::new());
        assert_ne!(one.marker, two.marker);
        for item in [&one, &two] {
            assert!(item.marker.chars().all(|char| char.is_ascii_lowercase()) && item.marker.len() == 10);
            assert!((11..=99).contains(&item.quantity));
            assert!(!format!("{} {}", item.marker, item.description).contains("breakfix"));
        }
    }

    #[test]
    fn a_short_field_gets_a_short_word_and_a_tiny_one_cuts_it() {
        let mut item = Item::new();
        item.shorten(7);
        assert_eq!(item.marker.len(), 7);
        item.shorten(3);
        assert_eq!(item.marker.len(), 7);
    }
}
