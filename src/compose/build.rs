//! `build:`.

use super::{
    desk::{Desk, Spot, absolute},
    expand::Variables,
    keys,
    model::{Asked, Build},
    mounts::host_path,
    yaml::{Entry, Value},
};

/// Reads `build:`, short or long, and looks whether the context and its Dockerfile are there.
pub(super) fn build(line: &Entry, variables: &Variables, desk: &mut Desk) -> Option<Build> {
    let node = &line.node;
    let mut context = (".".to_string(), line.spot);
    let mut dockerfile = ("Dockerfile".to_string(), line.spot);
    let mut build = Build { place: desk.place(line.spot), ..Build::default() };
    match &node.value {
        Value::Text(_) => context = (desk.string(node, "build")?, node.spot),
        Value::Map(_) => {
            for entry in desk.entries(node, "build", keys::BUILD) {
                let (key, value) = (entry.key.as_str(), &entry.node);
                match key {
                    "context" => context = (desk.string(value, key).unwrap_or_else(|| ".".into()), value.spot),
                    "dockerfile" => {
                        if let Some(name) = desk.string(value, key) {
                            dockerfile = (name, value.spot);
                        }
                    }
                    "dockerfile_inline" => build.dockerfile_inline = desk.string(value, key),
                    "args" => {
                        let pairs = desk.pairs(value, "args");
                        build.args = pairs
                            .into_iter()
                            .map(|(name, value, _)| (name.clone(), value.or_else(|| variables.get(&name))))
                            .collect();
                    }
                    "target" => build.target = desk.string(value, key),
                    _ => {
                        if let Some(network) = desk.string(value, key)
                            && (network == "host" || network.starts_with("container:"))
                        {
                            desk.warn(entry.spot, "`network` of build is passed over", "Breakfix builds without it");
                            desk.refuse(
                                entry.spot,
                                format!("`build` asks for `network: {network}`"),
                                "it shares the host's own",
                            );
                        }
                    }
                }
            }
        }
        _ => {
            desk.wrong_kind(node, "build", "a path or a map", "`build: ./directory`");
            return None;
        }
    }
    let is_url = context.0.contains("://") || context.0.starts_with("git@") || context.0.starts_with("github.com/");
    if is_url {
        let expected = "a directory beside the compose file";
        desk.error(context.1, format!("`{}` is a build context elsewhere", context.0), expected);
        return None;
    }
    build.context = host_path(&context.0, context.1, variables, desk);
    build.dockerfile = dockerfile.0;
    desk.ask(Asked::Context, &build.context, context.1);
    look(&build, &context.0, (context.1, dockerfile.1), desk);
    Some(build)
}

fn look(build: &Build, written: &str, (context, dockerfile): (Spot, Spot), desk: &mut Desk) {
    if !build.context.is_dir() {
        let what = if build.context.exists() { "is not a directory" } else { "is not there" };
        desk.error(
            context,
            format!("the build context `{written}` {what}"),
            "the path of a directory that holds a Dockerfile",
        );
        return;
    }
    if build.dockerfile_inline.is_some() {
        return;
    }
    let path = absolute(&build.context, &build.dockerfile);
    desk.ask(Asked::Dockerfile, &path, dockerfile);
    if !path.is_file() {
        let expected = "a file of that name in the build context (upper and lower case matter)";
        desk.error(dockerfile, format!("there is no `{}` in `{written}`", build.dockerfile), expected);
    }
}
