import { join } from 'node:path';
import { getuid } from 'node:process';
import { afterEach, describe, expect, test } from 'vitest';
import { kept } from '../chaos/kills.js';
import { Site, UNITS } from '../chaos/site.js';
import { SmallDisk } from './small-disk.js';

const WAIT_MS = 60_000;

let site: Site;
let disk: SmallDisk;

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const endsAt = performance.now() + WAIT_MS;
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    if (performance.now() > endsAt) throw new Error(`waited ${WAIT_MS} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const theNode = () => until('a node that reports', async () => (await site.api.nodes())[0]);

async function restart(unit: string): Promise<string> {
  const node = await theNode();
  const action = { kind: 'restart-unit', unit } as const;
  const { id } = await site.api.issueCommand(node.id, { action, reason: 'full disk', validForMs: 30_000 });
  return id;
}

const stateOf = (id: string, states: readonly string[]) =>
  until(`a command that is ${states.join(' or ')}`, async () => {
    const found = (await site.api.commands((await theNode()).id)).find((command) => command.id === id);
    return found !== undefined && states.includes(found.state) ? found : undefined;
  });

const hasCondition = (type: string, holds: boolean) =>
  until(`${type} ${holds ? 'begins' : 'ends'}`, async () => {
    const node = await theNode();
    return node.conditions.some((condition) => condition.type === type) === holds ? true : undefined;
  });

/** Restarts units until a restart ends as wanted: the last page of a file has room even on a full disk. */
async function restartUntil(state: string): Promise<string> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const command = await stateOf(await restart(UNITS[0] ?? ''), ['succeeded', 'failed', 'rejected', 'lapsed']);
    if (command.state === state) return command.detail;
  }
  throw new Error(`no restart ever ${state}`);
}

const openOn = (folder: 'agent' | 'data', size: string): Promise<Site> =>
  Site.open((dir) => {
    disk = SmallDisk.mount(join(dir, folder), size);
    return () => {
      disk.unmount();
    };
  });

afterEach(async () => {
  await site.close();
});

describe.skipIf(getuid?.() !== 0)('storage that fails', () => {
  test('an agent on a full disk refuses commands, says why, and is well again when there is room', async () => {
    site = await openOn('agent', '2m');
    await restartUntil('succeeded');
    disk.fill();
    expect(await restartUntil('rejected')).toMatch(/ENOSPC|no space|full/i);
    await hasCondition('AgentStorageFailed', true);
    await site.kill('agent');
    disk.free();
    site.startAgent();
    await hasCondition('AgentStorageFailed', false);
    await restartUntil('succeeded');
    expect(kept(site)).toMatchObject({ integrity: 'ok', duplicates: 0 });
  });

  test('a controller on a full disk accepts nothing that it cannot keep, and loses nothing that it acknowledged', async () => {
    site = await openOn('data', '24m');
    await restartUntil('succeeded');
    disk.fill();
    await expect(restartUntil('lapsed')).rejects.toThrow(/full|space/i);
    await site.kill('agent');
    site.startAgent(); // what it has to tell waits in its outbox
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    disk.free();
    await restartUntil('succeeded');
    await site.kill('controller');
    await site.startController();
    await restartUntil('succeeded');
    expect(kept(site)).toMatchObject({ integrity: 'ok', duplicates: 0 });
    const told = (await site.api.events({ node: (await theNode()).id }, 1_000)).map(({ reason }) => reason);
    expect(told.filter((reason) => reason === 'AgentStarted' || reason === 'AgentCrashed')).toEqual([
      'AgentCrashed',
      'AgentStarted',
    ]);
  });

  test('read-only storage is refused at the start with what to do, and nothing is harmed', async () => {
    site = await openOn('data', '24m');
    await restartUntil('succeeded');
    await site.kill('controller');
    disk.makeReadOnly(true);
    await expect(site.startController()).rejects.toThrow();
    expect(site.said('controller')).toMatch(/read-only.*What to do/s);
    disk.makeReadOnly(false);
    await site.startController();
    await restartUntil('succeeded');
    expect(kept(site)).toMatchObject({ integrity: 'ok', duplicates: 0 });
  });
});
