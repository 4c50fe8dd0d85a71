#!/usr/bin/env bash
# The shell of the Makefile: `shell.sh -c COMMANDS`. The exit code is 0 or 1, whatever the commands end with.
trap 'exit $(($? > 0))' EXIT
eval "$2"
