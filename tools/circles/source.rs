//! Reading `src`: its modules, what each one names, and in which file that stands.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::{Context, Result, anyhow};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::Edges;

/// All modules of a crate, by their paths: `crate`, `crate::a`, `crate::a::b`.
pub struct Sources(BTreeMap<Vec<String>, Module>);

/// A module: a file, or a part of one.
#[derive(Default)]
struct Module {
    file: PathBuf,
    children: BTreeSet<String>,
    defined: BTreeSet<String>,
    /// What `use` binds: the name, and the path behind it.
    bound: BTreeMap<String, Vec<String>>,
    /// The modules of which everything is used.
    globs: Vec<Vec<String>>,
    /// Each path of two or more names that stands in the code.
    paths: BTreeSet<Vec<String>>,
}

impl Sources {
    /// Reads the crate whose `src/lib.rs` stands in `dir`, without its tests.
    pub fn read(dir: &Path) -> Result<Self> {
        let mut sources = Self(BTreeMap::new());
        sources.read_file(dir, Path::new("src/lib.rs"), vec!["crate".to_owned()])?;
        Ok(sources)
    }

    fn read_file(&mut self, dir: &Path, file: &Path, path: Vec<String>) -> Result<()> {
        let text = fs::read_to_string(dir.join(file)).with_context(|| format!("{} cannot be read", file.display()))?;
        let tokens = TokenStream::from_str(&text).map_err(|error| anyhow!("{}: {error}", file.display()))?;
        let mut files = Vec::new();
        self.read_module(file, path, tokens, &mut files);
        let folder = match file.file_name() {
            Some(name) if name == "lib.rs" || name == "mod.rs" => file.with_file_name(""),
            _ => file.with_extension(""),
        };
        for path in files {
            let name = path.last().cloned().unwrap_or_default();
            let flat = folder.join(format!("{name}.rs"));
            let file = if dir.join(&flat).is_file() { flat } else { folder.join(name).join("mod.rs") };
            self.read_file(dir, &file, path)?;
        }
        Ok(())
    }

    /// Reads a module and those that stand in it; `files` gets those that have a file of their own.
    fn read_module(&mut self, file: &Path, path: Vec<String>, tokens: TokenStream, files: &mut Vec<Vec<String>>) {
        let mut module = Module { file: file.to_path_buf(), ..Module::default() };
        let mut inner = Vec::new();
        module.read(tokens, true, &mut inner);
        for (name, body) in inner {
            let below = [path.as_slice(), std::slice::from_ref(&name)].concat();
            module.children.insert(name);
            match body {
                Some(body) => self.read_module(file, below, body, files),
                None => files.push(below),
            }
        }
        self.0.insert(path, module);
    }

    /// Which file uses what stands in which other.
    pub fn edges(&self) -> Edges {
        let mut edges = Edges::new();
        for (at, module) in &self.0 {
            let to = edges.entry(module.file.clone()).or_default();
            let named = module.bound.values().chain(&module.paths).filter_map(|path| self.file_of(at, path, 0));
            let whole = module.globs.iter().filter_map(|path| Some(&self.0[&self.module_of(at, path)?].file));
            to.extend(named.chain(whole).filter(|file| **file != module.file).cloned());
        }
        edges
    }

    /// The file in which that stands which `path` names in the module `at`; a module as such stands in none.
    fn file_of(&self, at: &[String], path: &[String], depth: usize) -> Option<&PathBuf> {
        if depth > 16 {
            return None;
        }
        let (first, mut rest) = path.split_first()?;
        let mut here = match first.as_str() {
            "crate" => vec!["crate".to_owned()],
            "self" => at.to_vec(),
            "super" => at.split_last()?.1.to_vec(),
            name => {
                let module = &self.0[at];
                if module.children.contains(name) {
                    [at, std::slice::from_ref(first)].concat()
                } else if let Some(bound) = module.bound.get(name).filter(|bound| bound.as_slice() != path) {
                    return self.file_of(at, &[bound.as_slice(), rest].concat(), depth + 1);
                } else {
                    return self.in_globs(at, path, depth);
                }
            }
        };
        while let Some((name, after)) = rest.split_first() {
            let module = &self.0[&here];
            if name == "super" {
                here.pop();
            } else if module.children.contains(name) {
                here.push(name.clone());
            } else if let Some(bound) = module.bound.get(name) {
                return self.file_of(&here, &[bound.as_slice(), after].concat(), depth + 1);
            } else if module.defined.contains(name) {
                return Some(&module.file);
            } else {
                return self.in_globs(&here, rest, depth).or(Some(&module.file));
            }
            rest = after;
        }
        None
    }

    /// Where a name stands that a module has by `use …::*`.
    fn in_globs(&self, at: &[String], path: &[String], depth: usize) -> Option<&PathBuf> {
        self.0[at].globs.iter().find_map(|glob| {
            let module = self.module_of(at, glob)?;
            let first = path.first()?;
            let (inside, here) = (&self.0[&module], module.as_slice() == at);
            let known =
                inside.children.contains(first) || inside.bound.contains_key(first) || inside.defined.contains(first);
            let path = [&["self".to_owned()], path].concat();
            if known && !here { self.file_of(&module, &path, depth + 1) } else { None }
        })
    }

    /// The module that `path` names, if it is one.
    fn module_of(&self, at: &[String], path: &[String]) -> Option<Vec<String>> {
        let mut here = at.to_vec();
        for (index, name) in path.iter().enumerate() {
            match name.as_str() {
                "crate" => here.truncate(1),
                "self" => {}
                "super" => drop(here.pop()),
                _ if self.0[&here].children.contains(name) => here.push(name.clone()),
                _ => {
                    let bound = self.0[&here].bound.get(name).filter(|bound| index == 0 && bound.as_slice() != path)?;
                    return self.module_of(at, &[bound.as_slice(), &path[1..]].concat());
                }
            }
        }
        Some(here)
    }
}

impl Module {
    /// Takes in a stretch of code; `top` says that its items are the module's own. `inner` gets the modules that stand in it.
    fn read(&mut self, tokens: TokenStream, top: bool, inner: &mut Vec<(String, Option<TokenStream>)>) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    at += if is(tokens.get(at + 1), "!") { 2 } else { 1 };
                    if tokens.get(at).is_some_and(is_for_tests) {
                        at = after_item(&tokens, at + 1);
                    } else {
                        at += 1;
                    }
                }
                TokenTree::Ident(word) if word == "use" => {
                    let end = (at..tokens.len()).find(|at| is(tokens.get(*at), ";")).unwrap_or(tokens.len());
                    self.read_use(&tokens[at + 1..end], &[]);
                    at = end;
                }
                TokenTree::Ident(word) if word == "mod" && top => match (tokens.get(at + 1), tokens.get(at + 2)) {
                    (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) => {
                        inner.push((name.to_string(), Some(body.stream())));
                        at += 3;
                    }
                    (Some(TokenTree::Ident(name)), _) => {
                        inner.push((name.to_string(), None));
                        at += 2;
                    }
                    _ => at += 1,
                },
                TokenTree::Ident(word) => {
                    if let (true, Some(TokenTree::Ident(name))) =
                        (top && is_item(&word.to_string()), tokens.get(at + 1))
                    {
                        self.defined.insert(name.to_string());
                    }
                    at = self.read_path(&tokens, at);
                }
                TokenTree::Group(group) => {
                    self.read(group.stream(), false, inner);
                    at += 1;
                }
                _ => at += 1,
            }
        }
    }

    /// Takes the path that begins at a word; where it ends.
    fn read_path(&mut self, tokens: &[TokenTree], mut at: usize) -> usize {
        let inside = at >= 2 && is(tokens.get(at - 1), ":") && is(tokens.get(at - 2), ":");
        let mut path = Vec::new();
        while let Some(TokenTree::Ident(word)) = tokens.get(at) {
            path.push(word.to_string());
            at += 1;
            if !(is(tokens.get(at), ":") && is(tokens.get(at + 1), ":")) {
                break;
            }
            at += 2;
        }
        if path.len() > 1 && !inside {
            self.paths.insert(path);
        }
        at
    }

    /// Takes what stands behind `use` and before its end.
    fn read_use(&mut self, tokens: &[TokenTree], before: &[String]) {
        let mut path = before.to_vec();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            match token {
                TokenTree::Ident(word) if word == "as" => {
                    if let Some(name) = tokens.get(at + 1) {
                        self.bound.insert(name.to_string(), path);
                    }
                    return;
                }
                TokenTree::Ident(word) if word == "self" && !path.is_empty() => {}
                TokenTree::Ident(word) => path.push(word.to_string()),
                TokenTree::Punct(punct) if punct.as_char() == '*' => return self.globs.push(path),
                TokenTree::Group(group) => {
                    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
                    for part in tokens.split(|token| is(Some(token), ",")).filter(|part| !part.is_empty()) {
                        self.read_use(part, &path);
                    }
                    return;
                }
                _ => {}
            }
            at += 1;
        }
        if let Some(name) = path.last().cloned() {
            self.bound.insert(name, path);
        }
    }
}

fn is(token: Option<&TokenTree>, text: &str) -> bool {
    token.is_some_and(|token| token.to_string() == text)
}

/// Whether a word opens an item that has a name.
fn is_item(word: &str) -> bool {
    ["struct", "enum", "union", "trait", "type", "const", "static", "fn"].contains(&word)
}

/// Whether these are the brackets of `#[cfg(test)]`, `#[cfg(any(test, …))]` or `#[test]`.
fn is_for_tests(brackets: &TokenTree) -> bool {
    let TokenTree::Group(group) = brackets else { return false };
    let text = group.stream().to_string().replace(' ', "");
    group.delimiter() == Delimiter::Bracket
        && (text == "test" || ["cfg(test", "cfg(all(test", "cfg(any(test"].iter().any(|start| text.starts_with(start)))
}

/// Behind the item that begins at `at`, perhaps with more attributes.
fn after_item(tokens: &[TokenTree], at: usize) -> usize {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        token => is(Some(token), ";"),
    };
    (at..tokens.len()).find(|at| ends(&tokens[*at])).map_or(tokens.len(), |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crate_of(files: &[(&str, &str)]) -> Edges {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let file = dir.path().join("src").join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        Sources::read(dir.path()).unwrap().edges()
    }

    fn used(edges: &Edges, file: &str) -> Vec<String> {
        edges[Path::new(file)].iter().map(|file| file.display().to_string()).collect()
    }

    #[test]
    fn a_name_is_traced_to_the_file_that_defines_it() {
        let edges = crate_of(&[
            ("lib.rs", "pub mod a; mod b; pub use a::Thing;"),
            (
                "a/mod.rs",
                "mod thing; mod other; pub use thing::*; pub use other::{self, Other as Renamed}; pub fn own() {}",
            ),
            ("a/thing.rs", "pub struct Thing;"),
            ("a/other.rs", "pub struct Other; pub enum Kind { A }"),
            (
                "b.rs",
                "use crate::{Thing, a::{self, Renamed}}; fn f(_: Thing, _: Renamed) { a::own(); vec![a::other::Kind::A]; }",
            ),
        ]);
        assert_eq!(used(&edges, "src/b.rs"), ["src/a/mod.rs", "src/a/other.rs", "src/a/thing.rs"]);
    }

    #[test]
    fn tests_comments_and_text_use_nothing() {
        let edges = crate_of(&[
            ("lib.rs", "mod a; mod b;"),
            (
                "a.rs",
                "/// [`crate::b::B`]\n// crate::b::B\nconst X: &str = \"crate::b::B\";\n#[cfg(test)]\nmod tests { use crate::b::B; }",
            ),
            ("b.rs", "pub struct B; mod inner { fn f() { super::super::a::X; super::B; } }"),
        ]);
        assert_eq!(used(&edges, "src/a.rs"), Vec::<String>::new());
        assert_eq!(used(&edges, "src/b.rs"), ["src/a.rs"]);
    }
}
