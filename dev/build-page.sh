#!/usr/bin/env bash
# Build the page into ui/dist. Where ui/node_modules is not installed (`make install`), the packages of the build alone
# are installed into .build/page, 420 MB that are removed afterwards: what serves the page needs none of them.
set -euo pipefail
source=ui
if [ ! -e ui/node_modules/.installed ]; then
  source=.build/page
  trap 'rm -rf .build/page' EXIT
  rm -rf .build/page
  mkdir -p .build/page
  tar -c -C ui --exclude ./node_modules --exclude ./dist . | tar -x -C .build/page
  npm --prefix .build/page ci --omit=dev --loglevel=error --no-update-notifier >/dev/null
fi
npm --silent --prefix "$source" run build -- --logLevel error --outDir "$PWD/ui/dist" --emptyOutDir
npm --silent --prefix ui run check:size
