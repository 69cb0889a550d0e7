//! Docker contexts: which engine the `docker` command would talk to.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The parts of `config.json` that matter here.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Config {
    current_context: Option<String>,
    proxies: std::collections::BTreeMap<String, Proxies>,
}

/// Proxies that the `docker` command gives to builds and containers.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Proxies {
    http_proxy: Option<String>,
    https_proxy: Option<String>,
    no_proxy: Option<String>,
    ftp_proxy: Option<String>,
    all_proxy: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Meta {
    name: String,
    endpoints: std::collections::BTreeMap<String, Endpoint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Endpoint {
    #[serde(default)]
    host: String,
}

/// Where the `docker` command keeps its settings: `DOCKER_CONFIG`, or `~/.docker`.
pub(crate) fn config_dir() -> Option<PathBuf> {
    match std::env::var_os("DOCKER_CONFIG").filter(|dir| !dir.is_empty()) {
        Some(dir) => Some(dir.into()),
        None => std::env::home_dir().map(|home| home.join(".docker")),
    }
}

impl Config {
    /// Reads `config.json`; a missing or broken one says nothing.
    pub(crate) fn read(dir: &Path) -> Self {
        std::fs::read(dir.join("config.json"))
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default()
    }

    /// The context in use, unless it is the default one.
    pub(crate) fn current_context(&self) -> Option<&str> {
        self.current_context.as_deref().filter(|name| !name.is_empty() && *name != "default")
    }

    /// Build arguments for the proxies, in both spellings, as the `docker` command passes them.
    pub(crate) fn proxy_arguments(&self) -> Vec<(String, String)> {
        let Some(proxies) = self.proxies.get("default") else { return Vec::new() };
        let named = [
            ("HTTP_PROXY", &proxies.http_proxy),
            ("HTTPS_PROXY", &proxies.https_proxy),
            ("NO_PROXY", &proxies.no_proxy),
            ("FTP_PROXY", &proxies.ftp_proxy),
            ("ALL_PROXY", &proxies.all_proxy),
        ];
        named
            .into_iter()
            .filter_map(|(name, value)| value.as_ref().map(|value| (name, value)))
            .flat_map(|(name, value)| [(name.to_owned(), value.clone()), (name.to_lowercase(), value.clone())])
            .collect()
    }
}

/// The engine's address in a context, by the context's name.
pub(crate) fn context_host(dir: &Path, name: &str) -> Option<String> {
    let entries = std::fs::read_dir(dir.join("contexts/meta")).ok()?;
    entries.flatten().find_map(|entry| {
        let text = std::fs::read(entry.path().join("meta.json")).ok()?;
        let meta: Meta = serde_json::from_slice(&text).ok()?;
        (meta.name == name).then(|| meta.endpoints.get("docker").map(|endpoint| endpoint.host.clone()))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_names_its_engine() {
        let dir = tempfile::tempdir().unwrap();
        let meta = dir.path().join("contexts/meta/abc");
        std::fs::create_dir_all(&meta).unwrap();
        std::fs::write(
            meta.join("meta.json"),
            r#"{"Name":"colima","Metadata":{},"Endpoints":{"docker":{"Host":"unix:///x/docker.sock","SkipTLSVerify":false}}}"#,
        )
        .unwrap();
        std::fs::write(
            dir.path().join("config.json"),
            r#"{"currentContext":"colima","auths":{},"proxies":{"default":{"httpProxy":"http://p:3128"}}}"#,
        )
        .unwrap();
        let config = Config::read(dir.path());
        assert_eq!(config.current_context(), Some("colima"));
        assert_eq!(context_host(dir.path(), "colima").as_deref(), Some("unix:///x/docker.sock"));
        assert_eq!(context_host(dir.path(), "other"), None);
        assert_eq!(
            config.proxy_arguments(),
            [("HTTP_PROXY".into(), "http://p:3128".into()), ("http_proxy".into(), "http://p:3128".into())]
        );
    }

    #[test]
    fn a_broken_config_says_nothing() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("config.json"), "{").unwrap();
        assert_eq!(Config::read(dir.path()).current_context(), None);
    }
}
