//! How far a pull is, from what the engine says of each layer.

use std::collections::BTreeMap;

/// The layers of an image that is being pulled.
#[derive(Debug, Default)]
pub(super) struct Layers {
    layers: BTreeMap<String, Layer>,
    /// A download broke off; the engine tries it again after a wait, and says so.
    retry: Option<String>,
}

#[derive(Debug, Default)]
struct Layer {
    /// The most that was ever told: a download that begins anew does not run backwards on the screen.
    got: u64,
    /// Known as soon as its download has begun.
    size: Option<u64>,
    here: bool,
    unpacked: bool,
}

/// How far the whole is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Far {
    /// Nothing is known yet of any layer.
    Asked,
    /// In words, while the whole's size is not known.
    Words(String),
    /// In bytes: done, and all there is.
    Bytes(String, u64, u64),
}

impl Layers {
    /// Takes one message: whose layer, what of it, and the numbers that came along.
    pub(super) fn take(&mut self, id: &str, status: &str, current: Option<i64>, total: Option<i64>) {
        let known = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
        if status.starts_with("Retrying") {
            self.retry = Some(status.trim_start_matches("Retrying in ").trim().replace(" seconds", " s"));
            return;
        }
        if !matches!(
            status,
            "Pulling fs layer"
                | "Waiting"
                | "Downloading"
                | "Verifying Checksum"
                | "Download complete"
                | "Extracting"
                | "Pull complete"
                | "Already exists"
        ) {
            return;
        }
        if status != "Waiting" {
            self.retry = None;
        }
        let layer = self.layers.entry(id.to_owned()).or_default();
        match status {
            "Downloading" => {
                // What begins anew in the middle may be told by what is left of it.
                layer.size = layer.size.max(known(total).filter(|size| *size > 0));
                layer.got = layer.got.max(known(current).unwrap_or(0)).min(layer.size.unwrap_or(u64::MAX));
            }
            "Download complete" | "Verifying Checksum" | "Extracting" => layer.arrived(),
            "Pull complete" | "Already exists" => {
                layer.arrived();
                layer.unpacked = true;
            }
            _ => {}
        }
    }

    /// Whether all that the registry has to send is here, so that what is left is the engine's own work.
    pub(super) fn all_here(&self) -> bool {
        !self.layers.is_empty() && self.layers.values().all(|layer| layer.here)
    }

    /// How far it is.
    pub(super) fn far(&self) -> Far {
        let all = self.layers.len();
        let count = |is: fn(&Layer) -> bool| self.layers.values().filter(|layer| is(layer)).count();
        let of = |done: usize| if all > 1 { format!("{done} of {all} layers") } else { String::new() };
        if let Some(wait) = &self.retry {
            return Far::Words(format!("a layer was cut off; asked for again in {wait}"));
        }
        if all == 0 {
            return Far::Asked;
        }
        if self.all_here() {
            let done = of(count(|layer| layer.unpacked));
            return Far::Words(if done.is_empty() { "unpacking".to_owned() } else { format!("unpacking: {done}") });
        }
        let got = self.layers.values().map(|layer| layer.got).sum();
        let sizes: Option<u64> = self.layers.values().map(|layer| layer.size).sum();
        let here = of(count(|layer| layer.here));
        match sizes {
            Some(size) => Far::Bytes(here, got, size),
            None if got == 0 => Far::Words(format!("{all} layers to come")),
            None => Far::Words(format!("{here}, {} MB", got / 1_000_000)),
        }
    }
}

impl Layer {
    fn arrived(&mut self) {
        self.here = true;
        // A layer of a few bytes comes without a word on its size.
        self.got = *self.size.get_or_insert(self.got);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_once_every_layer_has_its_size() {
        let mut layers = Layers::default();
        assert_eq!(layers.far(), Far::Asked);
        layers.take("17", "Pulling from library/postgres", None, None);
        for id in ["a", "b", "c"] {
            layers.take(id, "Pulling fs layer", None, None);
        }
        layers.take("c", "Already exists", None, None);
        assert_eq!(layers.far(), Far::Words("3 layers to come".into()));
        layers.take("a", "Downloading", Some(1_000_000), Some(2_000_000));
        assert_eq!(layers.far(), Far::Words("1 of 3 layers, 1 MB".into()));
        layers.take("b", "Downloading", Some(5), Some(50));
        assert_eq!(layers.far(), Far::Bytes("1 of 3 layers".into(), 1_000_005, 2_000_050));
        layers.take("b", "Download complete", None, None);
        assert_eq!(layers.far(), Far::Bytes("2 of 3 layers".into(), 1_000_050, 2_000_050));
        layers.take("a", "Verifying Checksum", None, None);
        assert!(layers.all_here());
        layers.take("a", "Extracting", Some(1), Some(2_000_000));
        layers.take("b", "Pull complete", None, None);
        assert_eq!(layers.far(), Far::Words("unpacking: 2 of 3 layers".into()));
    }

    #[test]
    fn a_layer_that_begins_anew_does_not_run_backwards() {
        let mut layers = Layers::default();
        layers.take("a", "Downloading", Some(70), Some(100));
        layers.take("a", "Retrying in 5 seconds", None, None);
        assert_eq!(layers.far(), Far::Words("a layer was cut off; asked for again in 5 s".into()));
        layers.take("a", "Downloading", Some(10), Some(30));
        assert_eq!(layers.far(), Far::Bytes(String::new(), 70, 100));
    }
}
