//! `build:`.

use super::{
    decode::is_nothing,
    diagnostics::Diagnostics,
    door::Found,
    hosts::extra_hosts,
    interpolate::Variables,
    model::{Asked, Build},
    mounts::host_path,
    schema,
    source_map::{Spot, absolute},
    untrusted_build::is_address,
    yaml::{Entry, Value},
};

/// Reads `build:`, short or long, and looks whether the context and its Dockerfile are there.
pub(super) fn build(line: &Entry, variables: &Variables, desk: &mut Diagnostics) -> Option<Build> {
    let node = &line.node;
    let mut context = (".".to_string(), line.spot);
    let mut dockerfile = ("Dockerfile".to_string(), line.spot);
    let mut build = Build { place: desk.files.place(line.spot), door: desk.door.clone(), ..Build::default() };
    match &node.value {
        Value::Text(_) => context = (desk.string(node, "build")?, node.spot),
        Value::Map(_) => {
            for entry in desk.entries(node, "build", schema::BUILD) {
                let (key, value) = (entry.key.as_str(), &entry.node);
                match key {
                    "context" => context = (desk.string(value, key).unwrap_or_else(|| ".".into()), value.spot),
                    "dockerfile" => {
                        if let Some(name) = desk.string(value, key).filter(|name| !name.is_empty()) {
                            dockerfile = (name, value.spot);
                        }
                    }
                    "dockerfile_inline" => {
                        build.dockerfile_inline = desk.string(value, key).filter(|text| !text.is_empty());
                    }
                    "args" => {
                        let pairs = desk.pairs(value, "args");
                        let known = |(name, value, _): (String, Option<String>, Spot)| {
                            let value = value.or_else(|| variables.get(&name));
                            (name, value)
                        };
                        build.args = pairs.into_iter().map(known).collect();
                    }
                    "target" => build.target = desk.string(value, key).filter(|target| !target.is_empty()),
                    "labels" => build.labels = desk.labels(value, key),
                    "extra_hosts" => {
                        build.extra_hosts = extra_hosts(value, desk);
                        // The older builder, which builds what strangers wrote, takes one.
                        if desk.door.is_narrow() && build.extra_hosts.len() > 1 {
                            let message = "of the `extra_hosts` of a build only the first counts here";
                            desk.pass_over(entry.spot, message, "one name");
                        }
                    }
                    "shm_size" => build.shm_size = desk.bytes(value, key).filter(|bytes| *bytes != 0),
                    _ => {
                        build.network = desk.string(value, key).filter(|network| !network.is_empty());
                        if let Some(network) = &build.network
                            && network != "none"
                            && network != "default"
                        {
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
    if let Some(Value::List(contexts)) = node.get("additional_contexts").map(|node| &node.value) {
        for item in contexts {
            if matches!(&item.value, Value::Text(text) if !text.text.contains('=')) {
                desk.general_error(item.spot, "an additional context has no `=`", "`name=path`");
            }
        }
    }
    if is_address(&context.0) {
        let expected = "a directory beside the compose file";
        let message = format!("`{}` is a build context elsewhere", context.0);
        match desk.door.is_narrow() {
            true => desk.refuse(context.1, message, expected),
            false => desk.lacking(context.1, message, expected),
        }
        return None;
    }
    build.context = host_path(&context.0, context.1, variables, desk);
    if build.dockerfile_inline.is_some() && node.get("dockerfile").is_some_and(|node| !is_nothing(node)) {
        desk.lacking(dockerfile.1, "`build` has both `dockerfile` and `dockerfile_inline`", "one of the two");
    }
    build.dockerfile = dockerfile.0;
    // The builder takes a file called `dockerfile` for the usual one.
    if build.dockerfile == "Dockerfile"
        && desk.door.look(&build.context.join("Dockerfile")) == Found::Nothing
        && desk.door.look(&build.context.join("dockerfile")) == Found::File
    {
        build.dockerfile = "dockerfile".to_string();
    }
    desk.ask(Asked::Context, &build.context, context.1);
    look(&build, &context.0, (context.1, dockerfile.1), desk);
    if desk.door.is_narrow() {
        desk.builds.push(build.clone());
    }
    Some(build)
}

fn look(build: &Build, written: &str, (context, dockerfile): (Spot, Spot), desk: &mut Diagnostics) {
    let found = desk.door.look(&build.context);
    // What lies outside is refused by its path.
    if found == Found::Outside {
        return;
    }
    if found != Found::Directory {
        let what = if found == Found::Nothing { "is not there" } else { "is not a directory" };
        desk.lacking(
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
    let found = desk.door.look(&path);
    if found == Found::Special && desk.door.is_narrow() {
        desk.refuse(dockerfile, format!("`{}` is not an ordinary file", build.dockerfile), "a file");
    } else if !matches!(found, Found::File | Found::Outside) {
        let expected = "a file of that name in the build context (upper and lower case matter)";
        desk.lacking(dockerfile, format!("there is no `{}` in `{written}`", build.dockerfile), expected);
    }
}
