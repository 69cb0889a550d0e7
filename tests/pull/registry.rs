//! A real registry (Debian's `docker-registry`) on a port of its own, and small images in it.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The program's name.
pub const PROGRAM: &str = "docker-registry";

/// The registry; it ends with this value.
pub struct Registry {
    pub port: u16,
    process: Child,
    _dir: tempfile::TempDir,
}

impl Registry {
    /// Starts it, empty.
    pub async fn start() -> Self {
        let dir = tempfile::Builder::new().prefix("bfp-registry-").tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = dir.path().join("config.yml");
        let text = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: \"127.0.0.1:{port}\"}}\n",
            dir.path().join("data").display()
        );
        std::fs::write(&config, text).unwrap();
        let process = Command::new(PROGRAM)
            .arg("serve")
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let registry = Self { port, process, _dir: dir };
        for _ in 0..400 {
            if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return registry;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{PROGRAM} does not listen on port {port}");
    }

    /// Puts an image in; gives its id. Each layer holds one file of so many bytes.
    pub async fn put(&self, repository: &str, tag: &str, layers: &[usize], labels: Value) -> String {
        let blobs: Vec<Vec<u8>> = layers.iter().enumerate().map(|(index, size)| layer(index, *size)).collect();
        let config = json!({
            "architecture": "amd64", "os": "linux", "config": { "Labels": labels },
            "rootfs": { "type": "layers", "diff_ids": blobs.iter().map(|blob| digest(blob)).collect::<Vec<_>>() },
            "history": blobs.iter().map(|_| json!({ "created_by": "a test" })).collect::<Vec<_>>(),
        })
        .to_string()
        .into_bytes();
        let described = |media: &str, blob: &[u8]| json!({ "mediaType": format!("application/vnd.docker.{media}"), "size": blob.len(), "digest": digest(blob) });
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": described("container.image.v1+json", &config),
            "layers": blobs.iter().map(|blob| described("image.rootfs.diff.tar.gzip", blob)).collect::<Vec<_>>(),
        });
        for blob in blobs.iter().chain([&config]) {
            let begun = self.ask("POST", &format!("/v2/{repository}/blobs/uploads/"), "", &[]).await;
            let to =
                begun.lines().find_map(|line| line.strip_prefix("Location: ")).unwrap_or_else(|| panic!("{begun}"));
            let to = to.trim().split_once("/v2/").unwrap().1;
            let path = format!("/v2/{to}&digest={}", digest(blob));
            let put = self.ask("PUT", &path, "application/octet-stream", blob).await;
            assert!(put.starts_with("HTTP/1.1 201"), "{put}");
        }
        let path = format!("/v2/{repository}/manifests/{tag}");
        let media = "application/vnd.docker.distribution.manifest.v2+json";
        let put = self.ask("PUT", &path, media, manifest.to_string().as_bytes()).await;
        assert!(put.starts_with("HTTP/1.1 201"), "{put}");
        digest(&config)
    }

    async fn ask(&self, method: &str, path: &str, media: &str, body: &[u8]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: {media}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An uncompressed layer, which engines take as well.
fn layer(index: usize, size: usize) -> Vec<u8> {
    let bytes: Vec<u8> = (0..size).map(|at| (at * 31 % 251) as u8).collect();
    let mut header = tar::Header::new_gnu();
    header.set_size(size as u64);
    header.set_mode(0o644);
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_data(&mut header, format!("file-{index}-{size}"), bytes.as_slice()).unwrap();
    tar.into_inner().unwrap()
}

fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}
