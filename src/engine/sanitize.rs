//! Small work on text that comes from the engine or from containers.

pub(crate) use crate::sanitize::stripped as clean;

/// Cut at this many bytes, on a character's border.
pub(crate) fn cut(text: &mut String, bytes: usize) {
    if text.len() > bytes {
        let mut end = bytes;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_keeps_characters_whole() {
        let mut text = "aäöü".to_owned();
        cut(&mut text, 4);
        assert_eq!(text, "aä");
    }
}
