#!/bin/sh
# A stand-in for the official nginx image's entry point: runs what /docker-entrypoint.d holds, then the command.
set -e
if [ "$1" = nginx ] || [ "$1" = nginx-debug ]; then
    for f in /docker-entrypoint.d/*; do
        case "$f" in
            *.envsh) if [ -x "$f" ]; then . "$f"; fi ;;
            *.sh) if [ -x "$f" ]; then "$f"; fi ;;
        esac
    done
fi
exec "$@"
