#!/bin/sh
. "$(dirname "$0")/lib.sh"
apt_cache() { APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-cache "$@"; }

# LLVM is a quarter of all there is to download and serves Postgres' JIT alone: an empty package in its place
llvm="$(apt_cache depends postgresql-17 | sed -n 's/.*Depends: \(libllvm[0-9.]*\)$/\1/p' | head -n1)"
if [ -n "$llvm" ]; then
  d="$(mktemp -d)"
  mkdir "$d/DEBIAN"
  chmod 755 "$d" "$d/DEBIAN"
  printf '%s\n' "Package: $llvm" "Version: 1:${llvm#libllvm}.99" "Architecture: $(chroot "$root" dpkg --print-architecture)" \
    'Multi-Arch: same' 'Maintainer: nobody <nobody@localhost>' 'Description: empty stand-in' > "$d/DEBIAN/control"
  dpkg-deb -b "$d" "$root/tmp/llvm.deb" >/dev/null
  rm -r "$d"
  chroot "$root" dpkg -i /tmp/llvm.deb
  rm "$root/tmp/llvm.deb"
  # without its library the JIT module must not be there either: then Postgres does without, silently
  printf 'path-exclude=%s\n' '/usr/lib/postgresql/17/lib/bitcode/*' '/usr/lib/postgresql/17/lib/llvmjit*' >> "$root/etc/dpkg/dpkg.cfg.d/stand-in"
fi
mkdir -p "$root/etc/postgresql-common"
echo 'create_main_cluster = false' > "$root/etc/postgresql-common/createcluster.conf"
apt_install postgresql-17 nginx redis-server gettext-base curl

# postgres
cp "$here/files/postgres-entrypoint.sh" "$root/usr/local/bin/docker-entrypoint.sh"
chroot "$root" sh -ec '
  chmod 755 /usr/local/bin/docker-entrypoint.sh
  cp -a /usr/lib/locale/C.utf8 /usr/lib/locale/en_US.utf8
  sed -i "s/^#\?listen_addresses .*/listen_addresses = '"'*'"'/" /usr/share/postgresql/17/postgresql.conf.sample
  install -d /docker-entrypoint-initdb.d
  install -d -o postgres -g postgres -m 3775 /var/run/postgresql
  install -d -o postgres -g postgres -m 1777 /var/lib/postgresql/data
  ln -s ../../lib/postgresql/17/bin/* /usr/local/bin/
  # the cluster that a first start unpacks
  install -d /usr/local/share/breakfix
  export LANG=en_US.utf8 LC_ALL=
  d=$(mktemp -d)
  chown postgres "$d"
  setpriv --reuid=postgres --regid=postgres --init-groups env TZ=Etc/UTC initdb --no-sync -U postgres -D "$d" > /dev/null 2>&1
  # not compressed: unpacking would be the half of what a first start costs; the empty part of the log takes no room
  tar -C "$d" --numeric-owner --sparse -cf /usr/local/share/breakfix/cluster.tar .
  rm -r "$d"'

# nginx
cp "$here/files/nginx-entrypoint.sh" "$root/docker-entrypoint.sh"
cp "$here/files/nginx.conf" "$root/etc/nginx/nginx.conf"
cp "$here/files/nginx-default.conf" "$root/etc/nginx/conf.d/default.conf"
chroot "$root" sh -ec '
  chmod 755 /docker-entrypoint.sh
  install -d /docker-entrypoint.d /usr/share/nginx/html /var/cache/nginx
  printf "<!DOCTYPE html>\n<html>\n<head><title>Welcome to nginx!</title></head>\n<body><h1>Welcome to nginx!</h1></body>\n</html>\n" > /usr/share/nginx/html/index.html
  rm -rf /etc/nginx/sites-enabled/* /etc/nginx/modules-enabled/* /var/www/html
  ln -sf /dev/stdout /var/log/nginx/access.log
  ln -sf /dev/stderr /var/log/nginx/error.log'

# redis
cp "$here/files/redis-entrypoint.sh" "$root/usr/local/bin/redis-entrypoint.sh"
chroot "$root" sh -ec '
  chmod 755 /usr/local/bin/redis-entrypoint.sh
  install -d -o redis -g redis /data'
emit servers
