import { expect, test } from 'vitest';
import type { ProvisioningView } from '../../proto/contract/api/provisioning.js';
import { stepGroups } from './steps-view.js';

const CHANGE: ProvisioningView = {
  ...{ id: '1', kind: 'reimage', node: 'pi-1', site: 'lab', fileserver: 'fs-1', board: '00000001', image: 'img' },
  ...{ direction: 'forward', state: 'running', why: 'pause by kim: cables', actor: 'kim', reason: 'news' },
  ...{ startedAtMs: 0, atMs: 60_000 },
  steps: [
    {
      name: 'prepare-root',
      title: 'prepare a root',
      state: 'done',
      attempt: 0,
      detail: '',
      startedAtMs: 0,
      endedAtMs: 58_000,
    },
    { name: 'drain', title: 'move work away', state: 'running', attempt: 1, detail: '', startedAtMs: 60_000 },
    { name: 'power-off', title: 'take its power', state: 'waiting', attempt: 0, detail: '' },
  ],
};

test('a change that is under way is shown with its steps, their times and why it waits', () => {
  expect(stepGroups([CHANGE], 65_000)).toEqual([
    {
      title: 'reimage: under way',
      rows: [
        ['By', 'kim'],
        ['Why', 'pause by kim: cables'],
        ['prepare a root', 'done, in 58 s'],
        ['move work away', 'running, for 5 s'],
        ['take its power', 'waiting'],
      ],
    },
  ]);
});

test('what is long over is not shown any more', () => {
  expect(stepGroups([{ ...CHANGE, state: 'succeeded' }], 2 * 3_600_000 + 60_000)).toEqual([]);
  expect(stepGroups([], 0)).toEqual([]);
});
