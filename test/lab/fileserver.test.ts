/** The fileserver's agent as the second witness: arrays, exports and services. */

import { beforeAll, expect, inject, test } from 'vitest';
import { breaks } from './faults.js';
import { isAtRest } from './healing.js';
import { Rack } from './rack.js';
import { createArray, fileserverId, removeArray, takeStep } from './raid-transitions.js';
import { sharedRack, until } from './testing.js';

// Emulated machines on a busy host: generous, because these are about what happens and not about how fast.
const CONDITION_LIMIT_MS = 240_000;
const SETTLED_MS = 120_000;
const fileserver = async (rack: Rack) => rack.controller.api.node(await fileserverId(rack));
/** Types of the conditions that are true of it. */
const raised = async (rack: Rack): Promise<readonly string[]> =>
  (await fileserver(rack)).conditions.filter(({ status }) => status === 'true').map(({ type }) => type);
const untilRaised = (rack: Rack, type: string): Promise<unknown> =>
  until(
    `${type} is raised`,
    CONDITION_LIMIT_MS,
    () => raised(rack),
    (types) => types.includes(type),
  );
const untilOver = (rack: Rack, type: string): Promise<unknown> =>
  until(
    `${type} is over`,
    CONDITION_LIMIT_MS,
    () => raised(rack),
    (types) => !types.includes(type),
  );

beforeAll(async () => {
  const found = inject('rack');
  if (!('missing' in found)) await isAtRest(Rack.open(found.id));
});

test('no reboot while an array is degraded, nor while it is rebuilt', async ({ skip }) => {
  const rack = sharedRack(skip);
  const reboot = async (): Promise<string> => {
    const id = await fileserverId(rack);
    const wish = { action: { kind: 'reboot' }, reason: 'a test of the interlock', validForMs: 60_000 } as const;
    const { id: commandId } = await rack.controller.api.issueCommand(id, wish);
    const { state, detail } = await until(
      'the command is settled',
      SETTLED_MS,
      () => rack.controller.api.command(commandId),
      (seen) => ['rejected', 'failed', 'succeeded', 'unknown', 'lapsed'].includes(seen.state),
    );
    return `${state}: ${detail}`;
  };
  await createArray(rack, 'md91');
  try {
    await takeStep(rack, 'md91', 'fail');
    expect(await reboot()).toMatch(/^rejected: a reboot now is not safe: md91: 1 of 2 members missing/);
    await takeStep(rack, 'md91', 'remove');
    await takeStep(rack, 'md91', 'add');
    expect(await reboot()).toMatch(/^rejected: a reboot now is not safe: md91: .*recover runs/);
  } finally {
    await removeArray(rack, 'md91');
  }
});

test('a stopped dnsmasq, a full export and a stopped NFS server each show as themselves, and end', async ({ skip }) => {
  const rack = sharedRack(skip);
  await breaks(rack, 'dnsmasq-stop');
  await breaks(rack, 'export-fill');
  for (const type of ['DnsmasqDown', 'ExportFull']) await untilRaised(rack, type);
  expect(await raised(rack)).not.toContain('NfsServerDown');
  await breaks(rack, 'export-empty');
  await breaks(rack, 'dnsmasq-start');
  await untilOver(rack, 'DnsmasqDown');
  await breaks(rack, 'nfsd-stop');
  await untilRaised(rack, 'NfsServerDown');
  await breaks(rack, 'nfsd-start');
  for (const type of ['NfsServerDown', 'ExportFull']) await untilOver(rack, type);
});
