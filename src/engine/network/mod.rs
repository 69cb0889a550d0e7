//! What a stack's network is made of, which ports of the host it takes, and the toolbox through which questions are asked
//! from inside. Read `networks.rs` first, then `toolbox.rs`.

pub(super) mod host_wall;
mod make_toolbox;
pub(super) mod networks;
pub(super) mod port_owner;
pub(super) mod ports;
pub(super) mod proc_net;
pub(super) mod relay;
mod routes;
pub(super) mod toolbox;
