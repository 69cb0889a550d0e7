#!/bin/sh
# What a grader would write without breakfix: start the shop in DIR with docker compose, sell something, look whether it is there,
# take all away. The exit code says whether it works.
#   by-hand.sh DIR PORT
set -eu
dir=$1 port=$2 jar=$(mktemp)
project=$(basename "$dir" | tr '[:upper:]' '[:lower:]')
compose() { docker compose -p "$project" --project-directory "$dir" "$@" >/dev/null 2>&1; }
trap 'compose down --volumes --rmi local; rm -f "$jar"' EXIT
url=http://127.0.0.1:$port

compose up -d db
compose build flaskapp
until compose exec -T db pg_isready -h 127.0.0.1; do sleep 0.1; done
compose run --rm flaskapp /bin/bash -c "cd /opt/services/flaskapp/src && python -c 'import database; database.init_db()'"
compose up -d
until page=$(curl -fs -b "$jar" -c "$jar" "$url/"); do sleep 0.1; done
token=$(printf '%s' "$page" | sed -n 's/.*name="csrf_token"[^>]*value="\([^"]*\)".*/\1/p')
list=$(curl -fsL -b "$jar" -c "$jar" --data-urlencode "csrf_token=$token" -d name=hammer -d quantity=2 -d description=good "$url/")
case $list in *hammer*) ;; *) exit 1 ;; esac
