//! A service's image, from its Dockerfile: the builder's call, why it failed and whose fault that is, and what its cache
//! may keep. Read `image.rs` first.

mod build_cache;
mod buildkit;
pub(super) mod dockerfile;
pub(super) mod failure;
pub(super) mod image;
pub(super) mod layer_log;
pub(super) mod offline_cache;
mod older;
pub(super) mod pack;

/// See [`crate::fuzz`].
#[cfg(any(test, fuzzing))]
pub(super) fn fuzz(text: &str) {
    for version in [Some(text.to_owned()), dockerfile::without_frontend(text)].into_iter().flatten() {
        dockerfile::base_images(&version, &std::collections::BTreeMap::new());
        dockerfile::needs_buildkit(&version);
        dockerfile::is_too_new("unknown flag", &version);
        older::for_old_buildkit(&version);
        older::for_classic(&version);
        older::settings_last(&version);
    }
}
