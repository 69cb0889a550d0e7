//! Single containers: from a service to the request that makes one, and what is done with one that is there. Read
//! `spec.rs` first, then `create.rs`.

pub(super) mod bounds;
pub(super) mod copy;
pub(super) mod create;
pub(super) mod disk;
pub(super) mod drift;
pub(super) mod edited;
pub(super) mod exec;
pub(super) mod host_settings;
pub(super) mod inventory;
pub(super) mod logs;
pub(super) mod run_once;
pub(super) mod shell;
pub(super) mod spec;
