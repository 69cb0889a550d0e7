#!/bin/sh
. "$(dirname "$0")/lib.sh"
# pip as a package of its own in /usr/local: Debian's refuses to be upgraded, and to install outside a venv
chroot "$root" sh -ec '
  rm -f /usr/lib/python3*/EXTERNALLY-MANAGED
  env -u PIP_FIND_LINKS PYTHONPATH="$(echo /usr/share/python-wheels/pip-*.whl)" PIP_CONFIG_FILE=/dev/null \
    python3 -m pip install -q --no-index --find-links /usr/share/python-wheels \
    --break-system-packages --root-user-action=ignore --disable-pip-version-check pip
  cd /usr/local/bin
  ln -sf /usr/bin/python3 python3
  ln -sf python3 python
  ln -sf python3 "$(basename "$(readlink /usr/bin/python3)")"
  printf "#!/bin/sh\nexit 101\n" > /usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d'
# the certificates that this machine trusts (a proxy that signs TLS anew is among them): pip, ssl and apt of the image use them
if [ -s "$here/ca.pem" ]; then
  install -D -m 644 "$here/ca.pem" "$root/usr/local/share/breakfix/ca.pem"
  install -m 644 "$here/ca.pem" "$root/etc/ssl/certs/ca-certificates.crt"
fi
emit python
