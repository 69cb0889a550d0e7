#!/bin/sh
# the users of the official images, with their numbers, before a package makes its own
set -e
printf '%s\n' 'postgres:x:999:999::/var/lib/postgresql:/bin/bash' 'nginx:x:101:101:nginx user:/nonexistent:/bin/false' >> "$1/etc/passwd"
printf '%s\n' 'postgres:x:999:' 'nginx:x:101:' >> "$1/etc/group"
