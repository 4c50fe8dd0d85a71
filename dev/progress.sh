#!/usr/bin/env bash
# Run a command, and print a line every 4 s while it runs:  progress.sh "installing the page's packages" npm ci ...
what=$1
shift
while sleep "${PROGRESS_SECONDS:-4}"; do echo "  still $what, $SECONDS s"; done >&2 &
lines=$!
trap 'kill $lines' EXIT
"$@" && exit
code=$?
echo "failed: $what" >&2
exit $code
