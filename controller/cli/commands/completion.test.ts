import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeDetail } from '../../web/testing/fixtures.js';
import { CliBench } from '../testing/bench.js';

let bench: CliBench;
let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bramble-complete-'));
  bench = await CliBench.start(dir);
  bench.options.fleet.putNode(nodeDetail({ id: 'n-0000000000002', name: 'switch-1', site: 'ox' }));
});
afterEach(() => bench.close());

test.for([
  ['a noun by its first letter', 'd', 'demo describe doctor drill'],
  [
    'a verb below a noun',
    'node re',
    'reboot reimage release relocate remount rename repaired rescue restart-unit resume revoke',
  ],
  ['an option of the command and of all', 'events --l', '--limit'],
  ['choices of an option', '-o js', 'json'],
  ['a node', 'why ', 'pi-01 switch-1'],
  ['a node by its first letters', 'node reboot sw', 'switch-1'],
  ['a node after an option with a value', 'node reboot --reason x pi', 'pi-01'],
  ['what is confirmed', 'node reboot pi-01 --confirm=pi', 'pi-01'],
  ['what is confirmed, as bash splits it', 'node reboot pi-01 --confirm = pi', 'pi-01'],
  ['a site', 'token create --site ', 'cam ox'],
  ['nothing after the last argument', 'why pi-01 ', ''],
  ['nothing below a noun that is not there', 'get nothing x', ''],
] as const)('%s is offered: %s', async ([, line, offered]) => {
  const { code, out, err } = await bench.run(['__complete', '--', ...line.split(' ')]);
  expect([code, err]).toEqual([0, '']);
  expect(out.trim().split('\n').join(' ')).toBe(offered);
});

test('a name that a shell could read as more than a word is not offered', async () => {
  bench.options.fleet.putNode(nodeDetail({ id: 'n-0000000000003', name: 'pi-$(reboot)' }));
  expect((await bench.run(['__complete', '--', 'why', 'pi'])).out).toBe('pi-01\n');
});

test('a controller that does not answer costs 300 ms and no word', { timeout: 5_000 }, async () => {
  const path = join(dir, 'deaf.sock');
  const deaf = createServer(() => undefined);
  await new Promise<void>((resolve) => {
    deaf.listen(path, resolve);
  });
  const outcome = await bench.run(['--socket', path, '__complete', '--', 'why', ''], { completionMsMax: 300 });
  expect(outcome).toEqual({ code: 0, out: '', err: '' });
  deaf.close();
});

describe('in a real shell', () => {
  /** A bramble that says what it was asked, so that the shell's own quoting is what is tried. */
  async function withFake(): Promise<NodeJS.ProcessEnv> {
    const fake = join(dir, 'bramble');
    await writeFile(fake, '#!/bin/sh\nprintf "%s\\n" "asked-$#" "pi-01" "pi-02"\n');
    await chmod(fake, 0o755);
    return { ...process.env, PATH: `${dir}:${process.env['PATH'] ?? ''}` };
  }

  test('bash gets the candidates as separate words', async () => {
    const { out: script } = await bench.run(['completion', 'bash']);
    const program = `${script}\nCOMP_WORDS=(bramble node reboot ""); COMP_CWORD=3; _bramble; printf '%s,' "\${COMPREPLY[@]}"; complete -p bramble`;
    const said = execFileSync('bash', ['--norc', '-c', program], { env: await withFake(), encoding: 'utf8' });
    expect(said).toBe('asked-5,pi-01,pi-02,complete -o default -F _bramble bramble\n');
  });

  test.for(['zsh', 'fish'] as const)('the script for %s asks bramble for what to offer', async (shell) => {
    const { code, out } = await bench.run(['completion', shell]);
    expect([code, out]).toEqual([0, expect.stringContaining('bramble __complete -- ')]);
  });
});
