/** The built page in a real browser. */

import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { by } from '../../controller/usecases/testing/by.js';
import { loadAssets } from '../../controller/web/assets.js';
import { webOptions } from '../../controller/web/testing/fixtures.js';

const CHROMIUM = '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];

export const hasChromium = existsSync(CHROMIUM);
export const ADMINISTRATOR = { principal: { kind: 'administrator', name: 'kim' }, actor: by('admin:kim') } as const;

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

export type PageOptions = ReturnType<typeof webOptions>;

/** Of a web server over the real doors and a fleet in memory; its socket is in a new folder `dir`, which is the caller's. */
export async function pageOptions(
  more: Parameters<typeof webOptions>[1] = {},
): Promise<{ readonly dir: string; readonly options: PageOptions }> {
  const dir = await mkdtemp(path.join(tmpdir(), 'bramble-page-'));
  const assets = await loadAssets(path.resolve('dist/dashboard'));
  return { dir, options: webOptions(path.join(dir, 'admin.sock'), { assets, ...more }) };
}
