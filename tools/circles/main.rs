//! Which files of `src` use each other in a circle, and which rooms use one below them in the map of `src/lib.rs`.
//!
//! `cargo run --example circles [DIR]` reads the sources of DIR (this project, if none is named) and compares them with
//! `tools/circles/allowed.txt`: what is not listed there fails, and so does what is listed and gone, so that the list only shrinks.
//! A parent and its own children may use each other. Tests are not read.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, anyhow};

mod source;

use source::Sources;

type Edges = BTreeMap<PathBuf, BTreeSet<PathBuf>>;

fn main() -> Result<ExitCode> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dir = std::env::args_os().nth(1).map_or_else(|| here.to_path_buf(), PathBuf::from);
    let edges = Sources::read(&dir)?.edges();
    let circles = circles(&edges);
    let map = fs::read_to_string(dir.join("src/lib.rs")).context("src/lib.rs cannot be read")?;
    let rooms = rooms(&map);
    let mut found: BTreeSet<String> =
        circles.iter().flatten().map(|file| file.to_string_lossy().replace('\\', "/")).collect();
    found.extend(against_the_order(&edges, &rooms)?);

    let files: usize = circles.iter().map(BTreeSet::len).sum();
    println!("{files} of {} files stand in {} circles", edges.len(), circles.len());
    for circle in &circles {
        println!("a circle of {}:", circle.len());
        for file in circle {
            let used: Vec<_> = edges[file].intersection(circle).map(|file| file.display().to_string()).collect();
            println!("  {} uses {}", file.display(), used.join(", "));
        }
    }
    let list = here.join("tools/circles/allowed.txt");
    let list = fs::read_to_string(&list).with_context(|| format!("{} cannot be read", list.display()))?;
    let allowed: BTreeSet<String> = list
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect();
    for new in found.difference(&allowed) {
        println!("new: {new}: not listed in tools/circles/allowed.txt: cut the circle that is shown above");
    }
    for gone in allowed.difference(&found) {
        println!("gone: {gone}: take its line out of tools/circles/allowed.txt");
    }
    Ok(if found == allowed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The circles: sets of files each of which is reached from each other one, without the ways that a parent and its children have.
fn circles(edges: &Edges) -> Vec<BTreeSet<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![edges.keys().cloned().collect::<BTreeSet<_>>()];
    while let Some(files) = open.pop() {
        for knot in knots(edges, &files) {
            match knot.iter().find(|file| knot.iter().all(|other| other == *file || is_below(other, file))) {
                // A parent and its own: what remains of the circle without it?
                Some(parent) => open.push(knot.iter().filter(|file| *file != parent).cloned().collect()),
                None => found.push(without_mere_children(edges, knot)),
            }
        }
    }
    found.sort();
    found
}

/// The strongly connected sets of more than one file within `files`.
fn knots(edges: &Edges, files: &BTreeSet<PathBuf>) -> Vec<BTreeSet<PathBuf>> {
    let reached: BTreeMap<&PathBuf, BTreeSet<&PathBuf>> = files
        .iter()
        .map(|from| {
            let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
            while let Some(file) = open.pop() {
                open.extend(edges[file].iter().filter(|to| files.contains(*to) && seen.insert(*to)));
            }
            (from, seen)
        })
        .collect();
    let mut knots = BTreeSet::new();
    for file in files {
        let knot: BTreeSet<PathBuf> = files
            .iter()
            .filter(|other| reached[file].contains(other) && reached[other].contains(file))
            .cloned()
            .collect();
        if knot.len() > 1 {
            knots.insert(knot);
        }
    }
    knots.into_iter().collect()
}

/// A circle without those files that only their own parent ties to it.
fn without_mere_children(edges: &Edges, mut circle: BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
    loop {
        let mere = circle.iter().find(|file| {
            let tied: BTreeSet<_> =
                circle.iter().filter(|other| edges[*file].contains(*other) || edges[*other].contains(*file)).collect();
            tied.len() == 1 && tied.iter().all(|other| is_below(file, other))
        });
        let Some(mere) = mere.cloned() else { return circle };
        circle.remove(&mere);
    }
}

/// Whether `file` stands in the folder of the module that is `parent`.
fn is_below(file: &Path, parent: &Path) -> bool {
    let folder = match parent.file_name() {
        Some(name) if name == "mod.rs" || name == "lib.rs" => parent.parent().map(Path::to_path_buf),
        _ => Some(parent.with_extension("")),
    };
    folder.is_some_and(|folder| file.starts_with(folder))
}

/// The rooms in the order of the table that opens `lib.rs`.
fn rooms(lib: &str) -> Vec<String> {
    let row = |line: &str| line.strip_prefix("//! | [`")?.split_once('`').map(|(room, _)| room.to_owned());
    lib.lines().filter_map(row).collect()
}

/// The uses of a room by one that stands above it, as `upper -> lower`. What is no room (`error`) uses none.
fn against_the_order(edges: &Edges, rooms: &[String]) -> Result<BTreeSet<String>> {
    let mut against = BTreeSet::new();
    for (from, tos) in edges {
        let from = room(from)?;
        let is_folder = |room: &str| edges.keys().any(|file| file.starts_with(Path::new("src").join(room)));
        if is_folder(&from) && !rooms.contains(&from) {
            return Err(anyhow!("src/{from}/ is missing in the map of src/lib.rs"));
        }
        let place = |room: &str| rooms.iter().position(|other| other == room);
        for to in tos {
            let to = room(to)?;
            if from != to
                && from != "lib"
                && place(&to).is_some_and(|lower| place(&from).is_none_or(|upper| upper < lower))
            {
                against.insert(format!("{from} -> {to}"));
            }
        }
    }
    Ok(against)
}

/// The room of a file: its folder in `src`, or its own name where it stands in none.
fn room(file: &Path) -> Result<String> {
    let inside = file.strip_prefix("src")?.with_extension("");
    let first = inside.components().next().ok_or_else(|| anyhow!("{} is no file of src", file.display()))?;
    Ok(first.as_os_str().to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(lines: &[(&str, &str)]) -> Edges {
        let mut edges = Edges::new();
        for (from, to) in lines {
            edges.entry(to.into()).or_default();
            edges.entry(from.into()).or_default().insert(to.into());
        }
        edges
    }

    #[test]
    fn a_parent_and_its_children_are_no_circle() {
        let family = edges(&[
            ("src/a/mod.rs", "src/a/b.rs"),
            ("src/a/b.rs", "src/a/mod.rs"),
            ("src/a/mod.rs", "src/a/c.rs"),
            ("src/a/c.rs", "src/a/mod.rs"),
        ]);
        assert_eq!(circles(&family), Vec::<BTreeSet<PathBuf>>::new());
    }

    #[test]
    fn siblings_are_and_so_is_a_parent_by_way_of_a_stranger() {
        let siblings =
            edges(&[("src/a/b.rs", "src/a/c.rs"), ("src/a/c.rs", "src/a/b.rs"), ("src/a/mod.rs", "src/a/b.rs")]);
        assert_eq!(circles(&siblings), [BTreeSet::from(["src/a/b.rs".into(), "src/a/c.rs".into()])]);
        let stranger = edges(&[
            ("src/a/mod.rs", "src/a/b.rs"),
            ("src/a/b.rs", "src/a/mod.rs"),
            ("src/a/mod.rs", "src/z.rs"),
            ("src/z.rs", "src/a/c.rs"),
            ("src/a/c.rs", "src/a/mod.rs"),
        ]);
        // `b` belongs to its parent alone.
        assert_eq!(
            circles(&stranger),
            [BTreeSet::from(["src/a/c.rs".into(), "src/a/mod.rs".into(), "src/z.rs".into()])]
        );
    }

    #[test]
    fn a_room_uses_those_above_it() {
        let rooms = rooms("//! Words.\n//! | room | holds |\n//! | [`low`] | x |\n//! | [`high`] | y |\n");
        let fine = edges(&[("src/high/mod.rs", "src/low/mod.rs"), ("src/low/mod.rs", "src/error.rs")]);
        assert_eq!(against_the_order(&fine, &rooms).unwrap(), BTreeSet::new());
        let wrong = edges(&[("src/low/x.rs", "src/high/mod.rs"), ("src/error.rs", "src/low/x.rs")]);
        let wrong = against_the_order(&wrong, &rooms).unwrap();
        assert_eq!(wrong, BTreeSet::from(["error -> low".to_owned(), "low -> high".to_owned()]));
        assert!(against_the_order(&edges(&[("src/new/x.rs", "src/new/y.rs")]), &rooms).is_err());
    }
}
