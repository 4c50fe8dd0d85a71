/** A Chromium that needs no root: the installed one, otherwise the one of the npm package. */
import { existsSync } from 'node:fs';

import chromium from '@sparticuz/chromium';

const INSTALLED = '/usr/bin/chromium';

export async function chromiumPath(): Promise<string> {
  return existsSync(INSTALLED) ? INSTALLED : chromium.executablePath();
}

export const CHROMIUM_ARGUMENTS = [
  '--no-sandbox',
  '--headless',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
