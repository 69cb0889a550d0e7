#!/bin/sh
# Takes the pictures of this directory anew: the real program on a pseudo-terminal, on real containers.
set -eu
cd "$(dirname "$0")/../.."
cargo build
exec cargo run --example screens -- target/debug/breakfix docs/screens
