//! nginx resolves the app's name once, when it starts. Where the app's container came back with another address, nginx goes on
//! to ask the old one: that has to be noticed.

use std::collections::BTreeMap;

use bollard::query_parameters::InspectContainerOptions;

use super::{Desired, Works};
use crate::{
    engine::ServiceState,
    engine::{Container, Engine, Progress},
    error::{Error, Result},
};

/// Where the app is, and what the proxy knows of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Whereabouts {
    /// Addresses of the app's running container, by network.
    app: BTreeMap<String, String>,
    /// When the app was last started; `None` when it does not run.
    app_since: Option<u64>,
    /// Since when the proxy runs; `None` when it does not.
    proxy_since: Option<u64>,
}

impl Whereabouts {
    /// Whether the proxy, which ran on, may ask an address that the app no longer has; in words.
    fn outdated_in(&self, now: &Self) -> Option<&'static str> {
        let proxy_ran_on = self.proxy_since.is_some() && self.proxy_since == now.proxy_since;
        if !proxy_ran_on || now.app_since.is_none() || self.app_since == now.app_since {
            return None;
        }
        if self.app_since.is_none() {
            return Some("was started anew");
        }
        let elsewhere = |(network, address): (&String, &String)| now.app.get(network).is_some_and(|at| at != address);
        self.app.iter().any(elsewhere).then_some("has a new address")
    }
}

impl Works {
    /// Where the app and the proxy are now.
    pub(super) async fn whereabouts(&self, desired: &Desired) -> Result<Whereabouts> {
        let containers = self.engine.containers(&desired.stack.project).await?;
        let running = |role: &Option<String>| {
            containers.iter().find(|c| Some(&c.service) == role.as_ref() && c.state == ServiceState::Running)
        };
        let (app, proxy) = (running(&desired.roles.app), running(&desired.roles.proxy));
        Ok(Whereabouts {
            app: match app {
                Some(app) => addresses(&self.engine, app).await?,
                None => BTreeMap::new(),
            },
            app_since: app.map(|container| container.started_at),
            proxy_since: proxy.map(|container| container.started_at),
        })
    }

    /// Makes the proxy ask for the app's address again, where the app is no longer where it was `before`.
    pub(super) async fn refresh_proxy(
        &self,
        desired: &Desired,
        before: Whereabouts,
        progress: &Progress,
    ) -> Result<()> {
        let (Some(proxy), Some(app)) = (&desired.roles.proxy, &desired.roles.app) else { return Ok(()) };
        let Some(why) = before.outdated_in(&self.whereabouts(desired).await?) else { return Ok(()) };
        self.say(format!("{app} {why}, and {proxy} only asks for it when it starts or reloads: {proxy} is reloaded."));
        self.reload(proxy, progress).await
    }
}

/// A container's addresses, by network.
///
/// # Errors
/// Environment: the engine does not answer.
pub async fn addresses(engine: &Engine, container: &Container) -> Result<BTreeMap<String, String>> {
    let inspected = engine.docker.inspect_container(&container.id, None::<InspectContainerOptions>).await;
    let inspected = inspected
        .map_err(|cause| Error::environment(format!("{} cannot be looked at", container.name)).because(cause))?;
    let networks = inspected.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
    Ok(networks.into_iter().filter_map(|(name, at)| Some((name, at.ip_address?))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str, app_since: u64, proxy_since: Option<u64>) -> Whereabouts {
        Whereabouts { app: [("net".to_owned(), address.to_owned())].into(), app_since: Some(app_since), proxy_since }
    }

    #[test]
    fn a_proxy_that_ran_on_is_outdated_when_the_app_moved() {
        let before = at("10.0.0.3", 1, Some(1));
        assert_eq!(before.outdated_in(&at("10.0.0.4", 2, Some(1))), Some("has a new address"));
        assert_eq!(before.outdated_in(&at("10.0.0.3", 2, Some(1))), None);
        assert_eq!(before.outdated_in(&at("10.0.0.4", 2, Some(2))), None, "the proxy was started again, too");
        assert_eq!(before.outdated_in(&at("10.0.0.4", 2, None)), None, "the proxy does not run");
    }

    #[test]
    fn an_app_that_was_gone_may_be_anywhere() {
        let before = Whereabouts { proxy_since: Some(1), ..Whereabouts::default() };
        assert_eq!(before.outdated_in(&at("10.0.0.3", 2, Some(1))), Some("was started anew"));
        assert_eq!(Whereabouts::default().outdated_in(&at("10.0.0.3", 2, Some(2))), None);
    }
}
