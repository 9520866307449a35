import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, inject, test } from 'vitest';
import { arm64Root, EMULATOR } from '../setup/arm64-root.js';
import { unitFlags } from '../setup/unit-flags.js';

const run = promisify(execFile);
const MINUTE_MS = 60_000;

/**
 * In a mount namespace of its own, which ends with the command: the foreign root, a private folder for the bundle, and the kernel's
 * own filesystems. $0 is the root, $1 the folder; the rest is the program that runs inside.
 */
const ENTER = `
  mount --bind "$0" "$0" && mount --bind "$1" "$0/home" && mount -t proc proc "$0/proc" && mount --rbind /sys "$0/sys" &&
  root="$0" && shift && exec chroot "$root" "$@"`;

interface Report {
  readonly collectors: readonly { readonly name: string; readonly state: string }[];
  readonly facts: readonly { readonly fact: string; readonly instance: string; readonly value: unknown }[];
}

test(
  'the agent reports a Debian for 64-bit ARM, on Node.js for 64-bit ARM',
  async ({ skip }) => {
    const { missing } = inject('debian');
    for (const name of ['qemu-user-static', 'mmdebstrap']) if (name in missing) skip(`${name}: ${missing[name]}`);
    if (process.getuid?.() !== 0) skip('not root');
    const root = await arm64Root();
    const folder = mkdtempSync(path.join(tmpdir(), 'bramble-arm64-'));
    try {
      copyFileSync('dist/bramble-agent.mjs', path.join(folder, 'bramble-agent.mjs'));
      const inside = (...words: readonly string[]) =>
        run('unshare', ['--mount', 'sh', '-c', ENTER, root, folder, EMULATOR, '/usr/bin/node', ...words], {
          timeout: 2 * MINUTE_MS,
          env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
        });
      expect((await inside('--print', 'process.arch')).stdout).toBe('arm64\n');
      const { stdout } = await inside(...unitFlags(), '/home/bramble-agent.mjs', 'report', '-o', 'json');
      const report = JSON.parse(stdout) as Report; // the agent's own output; checked below
      expect(report.collectors.filter(({ state }) => state !== 'ok' && state !== 'no-data')).toEqual([]);
      const value = (fact: string, instance = '') =>
        report.facts.find((one) => one.fact === fact && one.instance === instance)?.value;
      expect(value('os_name_text')).toMatch(/^Debian GNU\/Linux \d+/);
      expect(value('memory_total_bytes')).toBe(totalmem());
      expect(value('filesystem_size_bytes', '/')).toBeGreaterThan(1e9);
      expect(value('clock_untrusted_flag')).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  6 * MINUTE_MS,
);
