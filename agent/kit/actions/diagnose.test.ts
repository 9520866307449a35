import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { BrambleError } from '../../../proto/contract/errors.js';
import type { AgentView, Upload } from '../command/handler.js';
import { actionHost, agentView } from '../testing/action-host.js';
import { makeSimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { makeDiagnose } from './diagnose.js';

const never = new AbortController().signal;
const handler = makeDiagnose({
  journalUnits: ['bramble-agent.service', 'ssh.service'],
  settings: { logLevel: 'info' },
});

function setUp(over: Partial<AgentView> = {}) {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'node', { kernel: { '/proc/self/mountinfo': 'mounts here\n' } });
  const uploads: Upload[] = [];
  const agent = agentView({
    samples: () => [{ fact: 'memory_total_bytes', instance: '', value: 1 }],
    describe: () => ({ agentVersion: '1.2.3' }),
    upload: async (file) => void uploads.push(file),
    ...over,
  });
  host.board.machine.journals.set('bramble-agent.service', 'agent says psk=abcdefgh\n');
  const context = actionHost(host, { agent });
  const content = (): Uint8Array => uploads[0]?.content ?? new Uint8Array();
  const read = (name: string): string =>
    execFileSync('tar', ['-xzOf', '-', name], { input: content(), encoding: 'utf8' });
  return { world, host, uploads, context, read };
}

test('uploads one bundle under the id of its command, and says so', async () => {
  const { world, host, uploads, context, read } = setUp();
  host.board.kernelLog.write('EXT4-fs error');
  const outcome = await world.settle(handler.run({}, context, never));
  expect(outcome).toEqual({
    kind: 'succeeded',
    detail: expect.stringMatching(new RegExp(`^upload ${context.commandId}: `)),
  });
  expect(uploads).toMatchObject([{ commandId: context.commandId, name: 'diagnostics.tar.gz' }]);
  expect(JSON.parse(read('agent.json'))).toMatchObject({ agentVersion: '1.2.3', commandId: context.commandId });
  expect(JSON.parse(read('report.json'))).toEqual({ facts: [{ fact: 'memory_total_bytes', instance: '', value: 1 }] });
  expect(JSON.parse(read('settings.json'))).toEqual({ logLevel: 'info' });
  expect(read('mounts.txt')).toBe('mounts here\n');
  expect(read('kernel.log')).toMatch(/^\[ +0\.000\] <6> EXT4-fs error\n$/);
  expect(read('journal/bramble-agent.service.log')).toBe('agent says psk=[redacted]\n');
  expect(read('journal/ssh.service.log')).toContain('not available');
  expect(read('network/routes.txt')).toContain('not available: /proc/net/route cannot be read');
});

test('a kernel log that this agent may not read comes from the journal', async () => {
  const { world, host, context, read } = setUp();
  host.board.kernelLog.readable = false;
  host.board.machine.journals.set('kernel', 'from the journal\n');
  await world.settle(handler.run({}, context, never));
  expect(read('kernel.log')).toBe('from the journal\n');
});

test('a bundle that nobody takes has failed, with the reason', async () => {
  const { world, context } = setUp({ upload: () => Promise.reject(new BrambleError('unavailable', 'no controller')) });
  expect(await world.settle(handler.run({}, context, never))).toEqual({
    kind: 'failed',
    detail: 'no bundle: no controller',
  });
});

test('an upload that hangs ends at its limit', async () => {
  const { world, context } = setUp({ upload: () => new Promise(() => undefined) });
  expect(await world.settle(handler.run({}, context, never))).toMatchObject({ kind: 'failed' });
  expect(world.nowMs).toBeLessThan(361_000);
});

test('after a crash nothing is collected again', async () => {
  const { uploads, context } = setUp();
  expect(await handler.observe({}, '', context, never)).toMatchObject({ kind: 'unknown' });
  expect(uploads).toEqual([]);
});
