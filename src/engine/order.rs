//! Which services are meant, and in which order they can be started.

use std::collections::BTreeSet;

use crate::{
    compose::{Dependency, DependencyCondition, Service, Stack},
    error::{Error, Result},
};

/// What a service needs: `depends_on`, and the owner of a network that it shares.
pub(crate) fn needs(service: &Service) -> Vec<Dependency> {
    let mut needs = service.depends_on.clone();
    if let Some(other) = service.network_mode.as_deref().and_then(|mode| mode.strip_prefix("service:"))
        && needs.iter().all(|dependency| dependency.service != other)
    {
        needs.push(Dependency { service: other.to_owned(), condition: DependencyCondition::Started, required: true });
    }
    needs
}

/// The services that are meant (`None`: all that start by default) and what they need, each after what it needs.
pub(crate) fn select<'a>(stack: &'a Stack, named: Option<&[String]>) -> Result<Vec<&'a Service>> {
    let roots: Vec<&str> = match named {
        Some(named) => named.iter().map(String::as_str).collect(),
        None => stack.services.iter().filter(|s| s.profiles.is_empty()).map(|s| s.name.as_str()).collect(),
    };
    let mut order = Vec::new();
    for root in roots {
        visit(stack, root, &mut Vec::new(), &mut order)?;
    }
    let mut seen = BTreeSet::new();
    order.retain(|service| service.scale > 0 && seen.insert(service.name.as_str()));
    Ok(order)
}

fn visit<'a>(stack: &'a Stack, name: &str, path: &mut Vec<String>, order: &mut Vec<&'a Service>) -> Result<()> {
    if order.iter().any(|service| service.name == name) {
        return Ok(());
    }
    if path.iter().any(|step| step == name) {
        path.push(name.to_owned());
        return Err(Error::stack(format!("services depend on each other in a circle: {}", path.join(" → "))));
    }
    let service = stack.service(name).ok_or_else(|| {
        let known: Vec<&str> = stack.services.iter().map(|service| service.name.as_str()).collect();
        let error = Error::stack(format!("there is no service {name}"));
        let error = match path.last() {
            Some(by) => error.why(format!("{by} depends on it")),
            None => error,
        };
        error.suggest(format!("services of this stack: {}", known.join(", ")))
    })?;
    path.push(name.to_owned());
    for dependency in needs(service) {
        if dependency.required || stack.service(&dependency.service).is_some() {
            visit(stack, &dependency.service, path, order)?;
        }
    }
    path.pop();
    order.push(service);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(services: &[(&str, &[&str])]) -> Stack {
        let services = services.iter().map(|(name, needs)| Service {
            name: (*name).into(),
            scale: 1,
            depends_on: needs
                .iter()
                .map(|need| Dependency {
                    service: (*need).into(),
                    condition: DependencyCondition::Started,
                    required: true,
                })
                .collect(),
            ..Default::default()
        });
        Stack { services: services.collect(), ..Default::default() }
    }

    fn names(services: Result<Vec<&Service>>) -> Vec<String> {
        services.unwrap().iter().map(|service| service.name.clone()).collect()
    }

    #[test]
    fn each_after_what_it_needs() {
        let stack = stack(&[("nginx", &["flaskapp"]), ("flaskapp", &["db"]), ("db", &[]), ("other", &[])]);
        assert_eq!(names(select(&stack, None)), ["db", "flaskapp", "nginx", "other"]);
        assert_eq!(names(select(&stack, Some(&["flaskapp".into()]))), ["db", "flaskapp"]);
    }

    #[test]
    fn circles_and_unknown_names_are_told() {
        let circle = stack(&[("a", &["b"]), ("b", &["a"])]);
        assert!(select(&circle, None).unwrap_err().what.ends_with("a → b → a"));
        let unknown = stack(&[("a", &["x"])]);
        let error = select(&unknown, None).unwrap_err();
        assert_eq!(error.what, "there is no service x");
        assert_eq!(error.why, ["a depends on it"]);
    }

    #[test]
    fn services_with_a_profile_or_scaled_to_none_stay_away() {
        let mut stack = stack(&[("a", &[]), ("b", &[]), ("c", &[])]);
        stack.services[0].profiles.push("tools".into());
        stack.services[1].scale = 0;
        assert_eq!(names(select(&stack, None)), ["c"]);
        assert_eq!(names(select(&stack, Some(&["a".into()]))), ["a"]);
    }
}
