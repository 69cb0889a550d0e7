//! The floor of a measurement: what nobody can do without, asked of the engine's API directly.
#![allow(dead_code, reason = "each measurement uses its part")]
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on ends")]

use std::{collections::HashMap, path::Path, process::Command, time::Duration};

use bollard::{
    Docker, body_full,
    models::{ContainerCreateBody, EndpointSettings, HostConfig, NetworkingConfig},
    query_parameters::{
        BuildImageOptionsBuilder, BuilderVersion, CreateContainerOptionsBuilder, InspectContainerOptions,
    },
};
use futures_util::StreamExt;

/// A container of a floor.
pub struct Container<'a> {
    pub name: &'a str,
    pub image: &'a str,
    /// Each with the name that it has there.
    pub networks: &'a [(&'a String, &'a str)],
}

impl Container<'_> {
    pub async fn start(&self, docker: &Docker, host: HostConfig) {
        let endpoint = |(network, alias): &(&String, &str)| {
            let settings = EndpointSettings { aliases: Some(vec![(*alias).into()]), ..EndpointSettings::default() };
            ((*network).clone(), settings)
        };
        let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        let makes_tables = self.name.ends_with("-tables");
        let body = ContainerCreateBody {
            image: Some(self.image.into()),
            cmd: if makes_tables { words(&["python", "-c", "import database; database.init_db()"]) } else { None },
            env: words(&["POSTGRES_USER=docker", "POSTGRES_PASSWORD=docker", "POSTGRES_DB=docker", "SECRET_KEY=x"]),
            host_config: Some(HostConfig { network_mode: Some(self.networks[0].0.clone()), ..host }),
            networking_config: Some(NetworkingConfig {
                endpoints_config: Some(self.networks[..1].iter().map(endpoint).collect::<HashMap<_, _>>()),
            }),
            ..ContainerCreateBody::default()
        };
        let options = CreateContainerOptionsBuilder::default().name(self.name).build();
        docker.create_container(Some(options), body).await.unwrap();
        for network in &self.networks[1..] {
            let (name, settings) = endpoint(network);
            let request =
                bollard::models::NetworkConnectRequest { container: self.name.into(), endpoint_config: Some(settings) };
            docker.connect_network(&name, request).await.unwrap();
        }
        docker.start_container(self.name, None::<bollard::query_parameters::StartContainerOptions>).await.unwrap();
    }

    pub async fn address(&self, docker: &Docker, network: &str) -> String {
        let there = docker.inspect_container(self.name, None::<InspectContainerOptions>).await.unwrap();
        there.network_settings.unwrap().networks.unwrap()[network].ip_address.clone().unwrap()
    }
}

/// Builds a directory.
pub async fn build(docker: &Docker, dir: &Path, image: &str) {
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_dir_all(".", dir).unwrap();
    let options = BuildImageOptionsBuilder::default().t(image).rm(true).version(BuilderVersion::BuilderV1).build();
    let mut messages = docker.build_image(options, None, Some(body_full(tar.into_inner().unwrap().into())));
    while let Some(message) = messages.next().await {
        message.unwrap();
    }
}

/// The page, a sale, and the list that shows it.
pub async fn sell(port: u16) {
    let url = format!("http://127.0.0.1:{port}/");
    let jar = tempfile::NamedTempFile::new().unwrap();
    let curl = |more: &[&str]| {
        let mut command = Command::new("curl");
        command.args(["-fsL", "-b"]).arg(jar.path()).arg("-c").arg(jar.path()).args(more).arg(&url);
        let output = command.output().unwrap();
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let page = loop {
        match curl(&[]) {
            Some(page) => break page,
            None => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    let token = page.split("csrf_token").last().unwrap().split("value=\"").nth(1).unwrap().split('"').next().unwrap();
    let form = ["name=hammer", "quantity=2", "description=good"];
    let token = format!("csrf_token={token}");
    let list = curl(&["--data-urlencode", &token, "-d", form[0], "-d", form[1], "-d", form[2]]).unwrap();
    assert!(list.contains("hammer"), "{list}");
}
