//! The archive that `docker load` takes: image configs, one layer each, and a manifest. (Docker Image Specification v1.2.)

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// An image of one layer.
pub(super) struct OneLayer {
    /// Name and tag.
    pub name: &'static str,
    /// The layer, an uncompressed tar file.
    pub layer: PathBuf,
    /// Its `config`: `Env`, `Cmd`, `Labels`, …
    pub config: Value,
}

/// Writes the archive. `architecture` is Docker's word for it, e.g. `amd64`; `created` a time in RFC 3339.
pub(super) fn write(images: &[OneLayer], architecture: &str, created: &str, to: impl Write) -> io::Result<()> {
    let mut layers = BTreeMap::new();
    for image in images {
        if !layers.contains_key(&image.layer) {
            layers.insert(image.layer.clone(), format!("sha256:{}", digest(&image.layer)?));
        }
    }
    let mut tar = tar::Builder::new(BufWriter::with_capacity(1 << 18, to));
    let mut manifest = Vec::new();
    for image in images {
        let created_by = format!("breakfix: stand-in for {}, from Debian's packages", image.name);
        let history = json!([{ "created": created, "created_by": created_by }]);
        let config =
            json!({ "architecture": architecture, "config": image.config, "created": created, "history": history });
        manifest.push(describe(&mut tar, image.name, config, &[&layers[&image.layer]])?);
    }
    for (path, layer) in &layers {
        let mut file = File::open(path)?;
        tar.append_file(file_of(layer), &mut file)?;
    }
    append(&mut tar, "manifest.json", Value::from(manifest).to_string().as_bytes())?;
    tar.into_inner()?.flush()
}

/// Completes an image's config, and writes it; gives the image's line of the manifest.
fn describe(tar: &mut tar::Builder<impl Write>, image: &str, mut config: Value, layers: &[&str]) -> io::Result<Value> {
    config["os"] = "linux".into();
    config["rootfs"] = json!({ "type": "layers", "diff_ids": layers });
    let config = config.to_string();
    let name = format!("{}.json", hex(&Sha256::digest(config.as_bytes())));
    append(tar, &name, config.as_bytes())?;
    let files: Vec<String> = layers.iter().map(|layer| file_of(layer)).collect();
    Ok(json!({ "Config": name, "RepoTags": [image], "Layers": files }))
}

/// Where the archive holds a layer, which engines name `sha256:…`.
fn file_of(layer: &str) -> String {
    format!("{}/layer.tar", layer.trim_start_matches("sha256:"))
}

fn append(tar: &mut tar::Builder<impl Write>, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, name, bytes)
}

fn digest(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hash.finalize())),
            count => hash.update(&buffer[..count]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_images_share_their_layer() {
        let dir = tempfile::tempdir().unwrap();
        let layer = dir.path().join("layer.tar");
        std::fs::write(&layer, [0; 1024]).unwrap();
        let image = |name| OneLayer { name, layer: layer.clone(), config: json!({ "Cmd": [name] }) };
        let mut bytes = Vec::new();
        write(&[image("a:1"), image("b:2")], "amd64", "2026-01-01T00:00:00Z", &mut bytes).unwrap();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let mut names = Vec::new();
        let mut manifest = String::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().display().to_string();
            if name == "manifest.json" {
                entry.read_to_string(&mut manifest).unwrap();
            }
            names.push(name);
        }
        assert_eq!(names.iter().filter(|name| name.ends_with("/layer.tar")).count(), 1);
        let manifest: Value = serde_json::from_str(&manifest).unwrap();
        assert_eq!(manifest[0]["RepoTags"][0], "a:1");
        assert_eq!(manifest[0]["Layers"], manifest[1]["Layers"]);
        // sha256 of 1,024 zero bytes
        assert_eq!(
            manifest[0]["Layers"][0],
            "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef/layer.tar"
        );
        assert!(names.contains(&manifest[1]["Config"].as_str().unwrap().to_owned()));
    }
}
