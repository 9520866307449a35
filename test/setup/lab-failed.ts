/** When a test in a rack fails, what its machines say then is kept: the rack itself is gone soon after. */

import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, inject } from 'vitest';
import { Rack } from '../lab/rack.js';
import { cacheFolder } from './node-runtimes.js';

/** Failures that came before it make room; each is some megabytes. */
const KEPT_MAX = 20;
const LIMIT_MS = 20_000;
const LINES = 6;
/** Consoles, what programs print, and what the controller knows; no keys. */
const TOLD = /\.(?:log|out|pid|db|db-wal)$/;
const LOG_OF_BOOTS = 'cat /var/log/bramble-dnsmasq.log; cat /proc/loadavg; dmesg | tail -n 100';

beforeEach(({ onTestFailed, task }) => {
  onTestFailed(() => keep(task.name));
});

async function keep(test: string): Promise<void> {
  const found = inject('rack');
  if ('missing' in found) return;
  const rack = Rack.open(found.id);
  const failed = path.join(cacheFolder(), 'lab-failed');
  const name = `${new Date().toISOString().replaceAll(':', '-')} ${test.slice(0, 40)}`.replaceAll(/[^\w.-]+/g, '-');
  const dir = path.join(failed, name);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  for (const old of readdirSync(failed).toSorted().slice(0, -KEPT_MAX)) {
    rmSync(path.join(failed, old), { recursive: true, force: true });
  }
  for (const from of [rack.dir, path.join(rack.dir, 'controller.data')]) {
    const told = readdirSync(from).filter((each) => TOLD.test(each));
    for (const file of told) cpSync(path.join(from, file), path.join(dir, file));
  }
  const boots = await rack.tryRun('fileserver', LOG_OF_BOOTS, LIMIT_MS).then(
    ({ out, err }) => `${out}${err}`,
    (thrown: unknown) => String(thrown),
  );
  writeFileSync(path.join(dir, 'fileserver.boots'), boots);
  const ends = rack.spec.pis.map(({ name: pi }) => {
    const lines = rack.console(pi).trimEnd().split('\n').slice(-LINES);
    return `${pi}, ${rack.isOn(pi) ? 'with' : 'without'} power, says at its end:\n  ${lines.join('\n  ')}`;
  });
  console.log(`kept of the rack in which "${test}" failed: ${dir}\n${ends.join('\n')}`);
}
