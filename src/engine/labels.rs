//! The labels by which things are found again: compose's, so that its commands work on them, and a few of our own.

/// Project name.
pub(crate) const PROJECT: &str = "com.docker.compose.project";
/// Service name.
pub(crate) const SERVICE: &str = "com.docker.compose.service";
/// `True` on containers of `run`.
pub(crate) const ONEOFF: &str = "com.docker.compose.oneoff";
/// By which compose knows whether a container is what the files ask for; it lists only containers that have it.
pub(crate) const CONFIG_HASH: &str = "com.docker.compose.config-hash";
/// `1`: one container per service.
pub(crate) const NUMBER: &str = "com.docker.compose.container-number";
/// Directory of the compose file.
pub(crate) const WORKING_DIR: &str = "com.docker.compose.project.working_dir";
/// The compose files, comma-joined.
pub(crate) const CONFIG_FILES: &str = "com.docker.compose.project.config_files";
/// Version of compose; some of its commands read it.
pub(crate) const VERSION: &str = "com.docker.compose.version";
/// The version of compose whose labels these are.
pub(crate) const VERSION_VALUE: &str = "2.26.1";
/// `db:service_started:false,…`, for the order of `stop` and `down` without a file.
pub(crate) const DEPENDS_ON: &str = "com.docker.compose.depends_on";
/// Id of the image.
pub(crate) const IMAGE: &str = "com.docker.compose.image";
/// Key of a network.
pub(crate) const NETWORK: &str = "com.docker.compose.network";
/// Key of a volume.
pub(crate) const VOLUME: &str = "com.docker.compose.volume";

/// On all that a check makes: the process that it belongs to.
pub(crate) const CHECK: &str = "dev.breakfix.check";
/// The lab's directory.
pub(crate) const LAB: &str = "dev.breakfix.lab";
/// Hash of the build context from which the container's image was built.
pub(crate) const CONTEXT: &str = "dev.breakfix.context";
/// Ids of the images on which the container's image was built.
pub(crate) const BASE: &str = "dev.breakfix.base";
/// Our own hash of what the file asked for when the container was made.
pub(crate) const CONFIG: &str = "dev.breakfix.config";
/// Hash of what the bind mounts held when the container was made.
pub(crate) const MOUNTS: &str = "dev.breakfix.mounts";
/// Numbers of the file and those that were used instead, as `8080:8081`, comma-joined.
pub(crate) const MOVED: &str = "dev.breakfix.moved";
/// Hash of all that was asked for when the container was made.
pub(crate) const SPEC: &str = "dev.breakfix.spec";
/// On a toolbox: the project that it serves.
pub(crate) const TOOLBOX: &str = "dev.breakfix.toolbox";
