#!/usr/bin/env bash
# Gradescope's run_autograder: it has no engine of its own, so the submission goes to a machine that has one.
# GRADER is that machine, reached by a key that may run this one command there; put the key into the autograder's zip file.
set -euo pipefail

GRADER=grader@grading.example.org
results=/autograder/results/results.json

mkdir -p "$(dirname "$results")"
tar -C /autograder/submission -cf - . | ssh -i /autograder/source/key "$GRADER" '
  set -eu
  work=$(mktemp -d)
  trap "rm -rf \"$work\"" EXIT
  mkdir "$work/submission"
  tar -C "$work/submission" --no-same-owner -xf -
  breakfix check "$work/submission" --report gradescope="$work/results.json" >&2 || [ $? -ne 2 ]
  cat "$work/results.json"
' >"$results.part"
# Whole, or not there at all: without the file Gradescope says that the autograder failed, and gives no mark.
mv "$results.part" "$results"
