import { expect, test } from 'vitest';
import type { BootRecord } from '../../proto/contract/boot/record.js';
import { tellAgentEvent } from './agent-event-words.js';
import { agentEvent } from './testing/fleet.js';

const EVERY_MS = 30_000;

/** What a fileserver tells of this start of a board that starts every half minute, and never comes up. */
function start(count: number, stages: BootRecord['stagesMs']): BootRecord {
  const startsMs = Array.from({ length: count }, (_, index) => index * EVERY_MS);
  return {
    ...{ mac: 'b8:27:eb:aa:00:01', serial: 'aa000001', address: '10.46.189.2', interfaceName: 'eth0.10' },
    ...{ startedMs: startsMs.at(-1) ?? 0, stagesMs: stages, firstFileMs: undefined, missedMs: undefined },
    ...{ missedFirmware: false, startsMs, seenMs: startsMs.at(-1) ?? 0 },
  };
}

test('a board that starts over and over is told once, and not at each start and stage', () => {
  const told = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((count) => {
    const trouble = count > 3 ? 'boot-loop' : undefined;
    return [{ 'dhcp-seen': 0 }, { 'dhcp-seen': 0, 'serial-dir-hit': 2_000 }].map((stages) =>
      tellAgentEvent(agentEvent(1, { kind: 'board-boot', record: start(count, stages), trouble })),
    );
  });
  expect(told.filter((each) => each?.reason === 'BootHangs')).toMatchObject([
    { message: expect.stringContaining('it starts again and again') },
  ]);
  expect(told.filter((each) => each?.reason === 'BootStage')).toHaveLength(6);
});
