import { expect, test } from 'vitest';
import { SimKernelFiles } from '../../sim/sim-kernel-files.js';
import { collectOn, quietProbe, values } from '../testing/collect-on.js';
import { makeBootCollector, readBootId } from './boot.js';

const ID = '21048443-314a-414e-a2d1-b05cf94ea0e8';
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

test('says which boot it is and when the agent started in it', async () => {
  const { run } = collectOn(makeBootCollector(quietProbe({ bootId: ID, agentStartedMs: 8_100 })), {});
  expect(values(await run())).toEqual({ boot_id_text: ID, boot_agent_started_ms: 8_100 });
});

test('an unknown boot is no data', async () => {
  expect(await collectOn(makeBootCollector(quietProbe({ bootId: '' })), {}).run()).toMatchObject({ kind: 'no-data' });
});

test('a boot id is whole or it is none', () => {
  expect(readBootId(new SimKernelFiles({ [BOOT_ID]: `${ID}\n` }))).toBe(ID);
  for (let end = 0; end <= ID.length; end++) {
    expect(readBootId(new SimKernelFiles({ [BOOT_ID]: ID.slice(0, end) }))).toBeUndefined();
  }
  expect(readBootId(new SimKernelFiles())).toBeUndefined();
});
