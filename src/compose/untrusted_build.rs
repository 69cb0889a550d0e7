//! What a stranger's build asks for and does not get: nothing is fetched from an address that its files name, since addresses that
//! are nobody's business from outside (the loopback, the neighbours) answer from here.
//!
//! Builders read a Dockerfile in different ways: to one of them the text of a here-document is instructions, to another it is not. So
//! each line is taken for an instruction that any of them may take for one.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    path::Path,
};

use super::{
    model::{Build, Finding, Place, Service, Severity, Stack},
    source_map::absolute,
};

/// Why nothing is fetched.
const NO_FETCH: &str =
    "it is fetched from here, where it may be the grader's own: `COPY` takes a file of the directory";
/// Why the own machine is no registry.
const OWN_MACHINE: &str = "a registry on the grader's own machine is nobody else's";

/// What the builds and images of a stack ask for and do not get, each with its line.
pub(super) fn refusals(stack: &Stack) -> Vec<Finding> {
    stack.services.iter().flat_map(|service| of_service(service, &stack.dir)).collect()
}

fn of_service(service: &Service, dir: &Path) -> Vec<Finding> {
    let Some(build) = &service.build else {
        let image = service.image.as_deref().filter(|image| is_of_this_machine(image));
        return image.map(|image| at_place(&service.place, own_registry(image), OWN_MACHINE)).into_iter().collect();
    };
    of_builds(std::slice::from_ref(build), dir)
}

/// What these builds ask for and do not get.
pub(super) fn of_builds(builds: &[Build], dir: &Path) -> Vec<Finding> {
    // One that cannot be read is told by the build.
    let of_one =
        |build: &Build| build.dockerfile_text().map(|text| of_dockerfile(build, &text, dir)).unwrap_or_default();
    builds.iter().flat_map(of_one).collect()
}

fn own_registry(image: &str) -> String {
    format!("the image `{image}` comes from this very machine")
}

fn at_place(place: &Place, message: String, expected: &str) -> Finding {
    Finding {
        severity: Severity::Refused,
        place: place.clone(),
        line_text: String::new(),
        message,
        expected: expected.to_owned(),
    }
}

/// The same for the text of a Dockerfile.
fn of_dockerfile(build: &Build, text: &str, dir: &Path) -> Vec<Finding> {
    let mut lines = logical_lines(text, '\\');
    if text.to_ascii_lowercase().contains("escape") {
        lines.extend(logical_lines(text, '`'));
    }
    let values = Values::of(&lines, build);
    let told = lines.iter().filter_map(|(line, words)| Some((*line, instruction(words, &values)?)));
    let told = frontend(text).into_iter().chain(told);
    let path = absolute(&build.context, &build.dockerfile);
    told.map(|(line, (message, expected))| {
        if build.dockerfile_inline.is_some() {
            return at_place(&build.place, message, expected);
        }
        let place = Place { file: path.strip_prefix(dir).unwrap_or(&path).to_owned(), line, column: 1 };
        let line_text = text.lines().nth(line.saturating_sub(1)).unwrap_or_default().chars().take(200).collect();
        Finding { line_text, ..at_place(&place, message, expected) }
    })
    .collect()
}

type Told = (String, &'static str);

/// The lines of a Dockerfile with their continuations, without comments, and where each begins.
fn logical_lines(text: &str, escape: char) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = vec![];
    let mut continued = false;
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim_end();
        if line.trim_start().starts_with('#') || line.is_empty() {
            continue;
        }
        let body = line.strip_suffix(escape);
        match lines.last_mut() {
            Some((_, last)) if continued => last.push_str(body.unwrap_or(line)),
            _ => lines.push((index + 1, body.unwrap_or(line).trim_start().to_owned())),
        }
        continued = body.is_some();
    }
    lines
}

/// What a line asks for and does not get.
fn instruction(line: &str, values: &Values) -> Option<Told> {
    let (mut keyword, mut rest) = line.trim_start().split_once(char::is_whitespace)?;
    while keyword.eq_ignore_ascii_case("ONBUILD") {
        (keyword, rest) = rest.trim_start().split_once(char::is_whitespace)?;
    }
    let flags = || rest.split_whitespace().take_while(|word| word.starts_with("--"));
    match keyword.to_ascii_uppercase().as_str() {
        "ADD" => words(rest).find_map(|word| fetches(word, values)),
        "FROM" => words(rest)
            .take(1)
            .map(|image| values.put_into(image))
            .find(|image| is_of_this_machine(image))
            .map(|image| (own_registry(&image), OWN_MACHINE)),
        "COPY" | "RUN" => flags().find_map(|flag| {
            let (name, value) = flag.split_once('=')?;
            let of_host = match name {
                "--network" => value.eq_ignore_ascii_case("host"),
                "--security" => value.eq_ignore_ascii_case("insecure"),
                _ => false,
            };
            if of_host {
                return Some((format!("a step of the build asks for `{flag}`"), "it shares the host's own"));
            }
            let image = match name {
                "--from" => Some(value),
                "--mount" => value.split(',').find_map(|field| field.strip_prefix("from=")),
                _ => None,
            };
            let image = values.put_into(image?);
            is_of_this_machine(&image).then(|| (own_registry(&image), OWN_MACHINE))
        }),
        _ => None,
    }
}

/// The words of an instruction that are no flags, also of one that is written as a list in brackets.
fn words(rest: &str) -> impl Iterator<Item = &str> {
    let marks = |c: char| matches!(c, '[' | ']' | '"' | '\'' | ',');
    let words = rest.split(|c: char| c.is_whitespace() || c == ',');
    words.map(move |word| word.trim_matches(marks)).filter(|word| !word.is_empty() && !word.starts_with("--"))
}

/// Whether a source of `ADD` is an address, or may become one.
fn fetches(source: &str, values: &Values) -> Option<Told> {
    let plain: String = source.chars().filter(|c| !matches!(c, '"' | '\'' | '\\')).collect();
    if is_address(&plain) {
        return Some((format!("`ADD` fetches `{plain}`"), NO_FETCH));
    }
    let (before, _) = plain.split_once('$')?;
    // What begins as a path stays one.
    let is_path = before.contains('/') || before.starts_with('.');
    let may_be = !is_path && values.may_hold_an_address(&plain);
    may_be.then(|| (format!("`ADD` takes `{plain}`, which may become an address"), NO_FETCH))
}

/// Whether this names something on another machine, or on this one by way of the network.
pub(super) fn is_address(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let by_ssh = || lower.split_once(':').is_some_and(|(user, _)| user.contains('@') && !user.contains('/'));
    lower.contains("://") || lower.starts_with("github.com/") || by_ssh()
}

/// Whether the registry of an image is on the machine that pulls it.
fn is_of_this_machine(image: &str) -> bool {
    let Some((host, _)) = image.split_once('/') else { return false };
    let host = host.to_ascii_lowercase();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let by_name = host.contains(':') && name == "localhost"
        || name.ends_with(".localhost")
        || name.ends_with(".docker.internal")
        || name.ends_with(".containers.internal");
    let by_number = match name.parse() {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_unspecified() || address.is_link_local(),
        Ok(IpAddr::V6(address)) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback())
        }
        Err(_) => false,
    };
    by_name || by_number
}

/// The program that reads the Dockerfile in the builder's place, where that is none of Docker's own.
fn frontend(text: &str) -> Option<(usize, Told)> {
    let text = text.trim_start_matches('\u{feff}');
    let told = |line: usize, name: &str| {
        (
            line,
            (
                format!("the Dockerfile asks to be read by `{name}`"),
                "it may fetch what it likes: `docker/dockerfile` only",
            ),
        )
    };
    if text.trim_start().starts_with('{') {
        return Some(told(1, "a program that it names"));
    }
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_start();
        let comment = line.strip_prefix('#').or_else(|| line.strip_prefix("//"))?;
        let Some((name, value)) = comment.split_once('=') else { continue };
        let image = value.trim();
        let name_of = image.strip_prefix("docker.io/").unwrap_or(image);
        let name_of = name_of.split([':', '@']).next().unwrap_or_default();
        if name.trim().eq_ignore_ascii_case("syntax")
            && !matches!(name_of, "docker/dockerfile" | "docker/dockerfile-upstream")
        {
            return Some(told(index + 1, image));
        }
    }
    None
}

/// What the variables of a Dockerfile may hold.
struct Values {
    by_name: BTreeMap<String, Vec<String>>,
    /// Its images are Docker's own, which set no variable to an address that one could reach from here alone.
    on_official_images: bool,
}

impl Values {
    fn of(lines: &[(usize, String)], build: &Build) -> Self {
        let mut values = Self { by_name: BTreeMap::new(), on_official_images: true };
        for (_, line) in lines {
            let Some((keyword, rest)) = line.split_once(char::is_whitespace) else { continue };
            match keyword.to_ascii_uppercase().as_str() {
                "FROM" => {
                    let image = words(rest).next().unwrap_or_default();
                    values.on_official_images &= !image.contains(['/', '$']);
                }
                "ARG" | "ENV" if rest.contains('=') => {
                    for word in rest.split_whitespace() {
                        let (name, value) = word.split_once('=').unwrap_or((word, ""));
                        values.put(name, value);
                    }
                }
                "ARG" | "ENV" => {
                    let (name, value) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
                    values.put(name, value);
                }
                _ => {}
            }
        }
        for (name, value) in &build.args {
            values.put(name, value.as_deref().unwrap_or_default());
        }
        values
    }

    fn put(&mut self, name: &str, value: &str) {
        let value: String = value.chars().filter(|c| !matches!(c, '"' | '\'' | '\\')).collect();
        self.by_name.entry(name.to_owned()).or_default().push(value);
    }

    /// A text with the values that its variables were given last.
    fn put_into(&self, text: &str) -> String {
        let mut out = text.trim_matches(['"', '\'']).to_owned();
        for name in names(text) {
            let value = self.by_name.get(name).and_then(|values| values.last()).map_or("", String::as_str);
            out = out.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value);
        }
        out
    }

    /// Whether a text may be an address, whatever its variables are set to. Each address has a colon.
    fn may_hold_an_address(&self, text: &str) -> bool {
        let mut open = vec![text];
        let mut seen = BTreeSet::new();
        while let Some(text) = open.pop() {
            if text.contains(':') || !self.on_official_images {
                return true;
            }
            for name in names(text).filter(|name| seen.insert(*name)) {
                match self.by_name.get(name) {
                    Some(values) => open.extend(values.iter().map(String::as_str)),
                    None => return true,
                }
            }
        }
        false
    }
}

/// The names of the variables in a text.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split('$').skip(1).map(|rest| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        &rest[..rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(usize, String)> {
        let build = Build { context: "/stack/app".into(), dockerfile: "Dockerfile".into(), ..Build::default() };
        let told = of_dockerfile(&build, text, Path::new("/stack"));
        assert!(told.iter().all(|one| one.place.file == Path::new("app/Dockerfile") && !one.expected.is_empty()));
        told.into_iter().map(|one| (one.place.line, one.message)).collect()
    }

    #[test]
    fn nothing_is_added_from_an_address() {
        for line in [
            "ADD http://127.0.0.1:8000/ /x",
            "add --chown=1:1 HTTPS://example.invalid/a /x",
            "ADD [\"http://127.0.0.1/a b\", \"/x\"]",
            "ADD [\"a\",\"http://127.0.0.1/\",\"/x\"]",
            "ADD a \"http://127.0.0.1/\" /x",
            "ADD \\\n  # a comment\n\n  http://127.0.0.1/ /x",
            "A\\\nDD http://127.0.0.1/ /x",
            "ADD ht\\\ntp://127.0.0.1/ /x",
            "ONBUILD ADD http://127.0.0.1/ /x",
            "ADD git@127.0.0.1:a/b.git /x",
            "ADD git://127.0.0.1/a /x",
            "ADD ssh://git@127.0.0.1/a /x",
            "ADD github.com/a/b /x",
            "ARG U=http://127.0.0.1/\nADD $U /x",
            "ENV U http://127.0.0.1/\nADD ${U} /x",
            "ARG A=ht\nARG B=tp://127.0.0.1/\nADD ${A}${B} /x",
            "ARG B=http://127.0.0.1/\nARG A=$B\nADD $A /x",
            "ADD ${A:-http://127.0.0.1/} /x",
            "ADD $OF_THE_IMAGE /x",
            "RUN <<END\nADD http://127.0.0.1/ /x\nEND",
            "RUN cat <<END\nADD http://127.0.0.1/ /x\nEND",
            "RUN --network=host id",
            "RUN --security=insecure id",
            "FROM localhost:5000/a",
            "FROM --platform=linux/amd64 127.0.0.1/a AS b",
            "ARG R=127.0.0.1:5000\nFROM ${R}/a",
            "COPY --from=[::1]:5000/a / /x",
            "RUN --mount=type=bind,from=host.docker.internal:5000/a,target=/a id",
        ] {
            assert_eq!(told(&format!("FROM python\n{line}\n")).len(), 1, "{line}: {:?}", told(line));
        }
        assert_eq!(told("FROM x\n# escape=`\nADD `\nhttp://127.0.0.1/ /x\n").len(), 1);
        assert_eq!(told("FROM stranger/x\nARG A=src\nADD $A /x\n").len(), 1, "its image may have set the variable");
        assert_eq!(told("FROM x\n\nADD a /b\nADD http://a/ /b\n")[0].0, 4);
    }

    #[test]
    fn what_builds_from_the_directory_is_let_be() {
        for line in [
            "ADD src /x",
            "ADD app.tar.gz /x",
            "ADD [\"a b\", \"/x\"]",
            "ARG SRC=src\nADD $SRC /x",
            "ADD ./${WHATEVER} /x",
            "COPY http: /x",
            "RUN pip install -i https://pypi.example.invalid/simple flask",
            "RUN apk \\\n    add --no-cache --repository http://example.invalid/edge curl",
            "ENV DATABASE_URL=postgres://a:b@db:5432/shop",
            "LABEL a=\"ADD http://x\"",
            "# ADD http://127.0.0.1/ /x",
            "FROM registry.example.invalid:5000/python",
            "FROM 10.1.2.3:5000/python",
            "COPY --from=builder /a /b",
            "RUN --mount=type=cache,target=/root/.cache pip install flask",
        ] {
            assert_eq!(told(&format!("FROM python\n{line}\n")), [], "{line}");
        }
    }

    #[test]
    fn the_dockerfile_is_read_by_the_builders_own() {
        for text in [
            "# syntax=docker/dockerfile:1\nFROM x\n",
            "#syntax = docker.io/docker/dockerfile:1.7@sha256:0\nFROM x\n",
            "# a\nFROM x\n# syntax=a/b\n",
        ] {
            assert_eq!(told(text), [], "{text}");
        }
        for text in [
            "# syntax=stranger/frontend\nFROM x\n",
            "# check=skip=all\n# SYNTAX = 127.0.0.1/a\nFROM x\n",
            "// syntax=a/b\n",
            "{\"syntax\": \"a/b\"}\n",
            "#!/x\n#syntax=docker/dockerfile.evil\n",
        ] {
            assert_eq!(told(text).len(), 1, "{text}");
        }
    }
}
