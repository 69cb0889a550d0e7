# Shared by the customize hooks: $root is the root file system, $here the directory that the product made.
set -e
root="$1"
here="$(cd "$(dirname "$0")/.." && pwd)"

apt_install() {
  # apt runs outside and dpkg inside, as mmdebstrap does it itself: the root may have no network of its own
  APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get -o Dir::Bin::dpkg=env -o DPkg::Options::=--unset=TMPDIR \
    -o DPkg::Options::=dpkg -o DPkg::Chroot-Directory="$root" -o quiet=1 --yes install "$@"
}

# nothing of the build in the image; under its last name only when it is whole
emit() {
  tar -C "$root" --numeric-owner --anchored --no-wildcards-match-slash -cf "$here/out/$1.part" \
    --exclude='./proc/*' --exclude='./sys/*' --exclude='./dev/*' --exclude='./run/lock/*' --exclude='./tmp/*' \
    --exclude='./var/lib/apt/lists/*' --exclude='./var/cache/apt/*.bin' --exclude='./var/cache/apt/archives/*' \
    --exclude="./etc/apt/apt.conf.d/*mmdebstrap" --exclude="./etc/dpkg/dpkg.cfg.d/*mmdebstrap" \
    --exclude='./var/log/*.log' --exclude='./var/log/apt/*' --exclude='./var/cache/debconf/*-old' \
    --exclude='./var/lib/dpkg/*-old' --exclude='./etc/*-' --exclude=./etc/resolv.conf --exclude=./etc/hostname \
    .
  mv "$here/out/$1.part" "$here/out/$1.tar"
}
