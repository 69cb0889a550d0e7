#!/bin/sh
# after unpacking, before any package is configured: no manuals in these images (official slim images leave them out, too)
set -e
mkdir -p "$1/etc/dpkg/dpkg.cfg.d"
{
  printf 'path-exclude=%s\n' '/usr/share/man/*' '/usr/share/doc/*' '/usr/share/locale/*' '/usr/share/info/*' '/usr/share/lintian/*'
  printf 'path-include=%s\n' '/usr/share/doc/*/copyright'
  echo force-unsafe-io
} > "$1/etc/dpkg/dpkg.cfg.d/stand-in"
rm -rf "$1"/usr/share/locale/* "$1"/usr/share/man/* "$1"/usr/share/info/* "$1"/usr/share/lintian
