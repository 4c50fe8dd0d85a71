#!/usr/bin/env bash
# Run a command, and print a line every 4 s while it runs:  progress.sh "installing the page's packages" npm ci ...
what=$1
shift
{ # A sleep that outlived this script would hold make's job server open, and make waits for that.
  trap 'kill $! 2>&-; exit' TERM
  while
    sleep "${PROGRESS_SECONDS:-4}" &
    wait $!
  do echo "  still $what, $SECONDS s"; done
} >&2 &
lines=$!
trap 'kill $lines' EXIT
"$@" && exit
code=$?
echo "failed: $what" >&2
exit $code
