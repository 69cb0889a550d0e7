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
