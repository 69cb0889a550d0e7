#!/usr/bin/env bash
# Throughput of `breakfix check` on a class, against a shell loop over `docker compose up --build; curl …; down`.
#
#   benches/check-class.sh [DIRECTORIES] [JOBS]
#
# Makes DIRECTORIES (20) copies of fixed-stack, each with an app.py of its own, so that each needs a build. Both sides find the
# layers below in the cache (one run of each before the clock), and both have to see the submitted name on the page.
# BREAKFIX names the program (target/release/breakfix), PORT the port of the loop's shops (8080), which has to be free. With DEAF=1 the app
# does not hear SIGTERM, as in most submissions: their Dockerfile starts Python as the first process, and no init is asked for.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
count=${1:-20}
jobs=${2:-$(nproc)}
port=${PORT:-8080}
breakfix=${BREAKFIX:-$root/target/release/breakfix}
[ -x "$breakfix" ] || { echo "build it first: cargo build --release" >&2; exit 2; }
docker compose version >/dev/null || { echo "docker compose is not here (.ci/run installs it)" >&2; exit 2; }

work=$(mktemp -d)
tidy() {
  for dir in "$work"/*/; do docker compose -p "bench-$(basename "$dir")" down -v --rmi local -t 1 >/dev/null 2>&1 || true; done
  rm -rf "$work"
}
trap tidy EXIT
make() { # NAME: a shop that no build cache knows
  cp -r fixed-stack "$work/$1"
  if [ -n "${DEAF:-}" ]; then sed -i '/init: true/d' "$work/$1/docker-compose.yml"; fi
  printf '\n# %s %s\n' "$1" "$RANDOM$RANDOM" >>"$work/$1/src/app.py"
}

# What somebody would write: bring it up, make the tables, send the form, look at the page, take it away.
by_hand() ( # DIR
  cd "$1"
  sed -i "s/8080:80/$port:80/" docker-compose.yml
  name=bench-$(basename "$1")
  jar=$(mktemp)
  compose() { docker compose -p "$name" "$@" >/dev/null 2>&1; }
  compose up -d --build
  made=no
  for _ in $(seq 60); do
    if compose exec -T flaskapp python -c 'import database; database.init_db()'; then made=yes; break; fi
    sleep 0.5
  done
  marker=teapot$RANDOM seen=broken
  for _ in $(seq 20); do
    token=$(curl -s -c "$jar" "http://localhost:$port/" | sed -n 's/.*csrf_token.*value="\([^"]*\)".*/\1/p')
    [ -n "$token" ] && break
    sleep 0.5
  done
  if curl -sL -b "$jar" -c "$jar" -d "csrf_token=$token" -d "name=$marker" -d quantity=2 -d description=blue "http://localhost:$port/" |
    grep -q "$marker"; then seen=works; fi
  compose down -v --rmi local
  rm -f "$jar"
  echo "$seen $made"
)
seconds() { date +%s.%N; }

make warm
"$breakfix" check "$work/warm" >/dev/null
by_hand "$work/warm" >/dev/null
dirs=()
for number in $(seq "$count"); do make "d$number"; dirs+=("$work/d$number"); done

from=$(seconds)
"$breakfix" check -j "$jobs" --format json "${dirs[@]}" >"$work/verdicts.json"
to=$(seconds)
works=$(grep -c '"verdict": "works"' "$work/verdicts.json")
ours=$(echo "$to - $from" | bc)

for number in $(seq "$count"); do printf '\n# again %s\n' "$RANDOM$RANDOM" >>"$work/d$number/src/app.py"; done
from=$(seconds)
loop=0
for dir in "${dirs[@]}"; do
  if [ "$(by_hand "$dir")" = "works yes" ]; then loop=$((loop + 1)); fi
done
to=$(seconds)
theirs=$(echo "$to - $from" | bc)

printf '%-34s %6s s  %5s s each  %s of %s work\n' \
  "breakfix check -j $jobs" "$(printf %.1f "$ours")" "$(echo "scale=1; $ours / $count" | bc)" "$works" "$count" \
  "loop over docker compose" "$(printf %.1f "$theirs")" "$(echo "scale=1; $theirs / $count" | bc)" "$loop" "$count"
printf 'ratio %s\n' "$(echo "scale=2; $theirs / $ours" | bc)"
