//! A stand-in for `python` as it is without `slim` in its name: with a compiler, and the headers that packages without wheels
//! (psycopg2 among them) are built with. Debian's packages on top of the small one, installed by the engine.

use super::STAND_IN;
use crate::engine::{Engine, Progress, build::image::Recipe};
use crate::{
    compose::{Build, Service, Stack},
    error::{Error, Result},
};

/// Its name.
pub(super) const FULL_PYTHON: &str = "python:3.13";
/// What it is built on.
pub(super) const BASE: &str = "python:3.13-slim";

/// Of what the official image has, what Python packages written in C and start scripts use. Each file costs: builders compare whole
/// trees at each step.
const PACKAGES: &str = "gcc libc6-dev make python3-dev libpq-dev libffi-dev libssl-dev curl wget procps";
/// What of it only those need who link Python into a program of their own.
const UNUSED: &str = "/var/lib/apt/lists/* /usr/lib/python3*/config-*/*.a";

/// Builds it; its base is here.
///
/// # Errors
/// Environment: builds do not reach Debian's packages.
pub(super) async fn build(engine: &Engine, progress: &Progress) -> Result<()> {
    let nothing = tempfile::tempdir()
        .map_err(|cause| Error::environment("there is no room for a temporary directory").because(cause))?;
    let text = format!(
        "FROM {BASE}\nRUN apt-get update && apt-get install -y --no-install-recommends {PACKAGES} && rm -rf {UNUSED}\n\
         LABEL {STAND_IN}=true\n"
    );
    let build = Build { context: nothing.path().to_owned(), dockerfile_inline: Some(text.clone()), ..Build::default() };
    let service = Service { name: FULL_PYTHON.into(), image: Some(FULL_PYTHON.into()), ..Service::default() };
    let recipe = Recipe { text, bases: vec![BASE.to_owned()] };
    let built = engine.build(&Stack::default(), &service, &build, &recipe, None, progress).await;
    built.map(|_| ()).map_err(|error| {
        let why = error.told("\n");
        Error::environment(format!("{FULL_PYTHON} can't be built here")).why(why).suggest_all(error.try_next)
    })
}
