import { afterEach, beforeEach, expect, test } from 'vitest';
import { commandsFlow, expectOncePerCommand, kept, settled } from './kills.js';
import { Site } from './site.js';

/** Every number here is a kill at a random moment while events and commands flow. */
const KILLS = Number(process.env['BRAMBLE_KILLS'] ?? 60);
const RESTART_MS_MAX = 5_000;

let site: Site;
beforeEach(async () => {
  site = await Site.open();
});
afterEach(async () => {
  await site.close();
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** Any moment of a life: at once, in the middle of a start, or in full work. */
const anyMoment = (): Promise<void> => pause(Math.random() ** 2 * 2_500);

test(`a controller killed ${KILLS} times loses no event and repeats no command`, async () => {
  const flow = commandsFlow(site);
  for (let kill = 0; kill < KILLS; kill++) {
    await anyMoment();
    await site.kill('controller');
    await site.startController();
  }
  await pause(3_000);
  await flow.stop();
  const commands = await settled(site);
  await pause(2_000); // the last events are acknowledged

  expect(Math.max(...site.startsMs)).toBeLessThan(RESTART_MS_MAX);
  const { integrity, sequences, duplicates } = kept(site);
  expect(integrity).toBe('ok');
  expect(duplicates).toBe(0);
  // One agent process all along: its events are numbered without a gap, so a gap is a lost event.
  const first = sequences[0] ?? 0;
  expect(sequences).toEqual(sequences.map((_, index) => first + index));
  expect(commands.filter(({ state }) => state === 'succeeded').length).toBeGreaterThan(KILLS);
  const known = new Set(commands.map(({ id }) => id));
  expect(flow.issued.filter(({ id }) => !known.has(id))).toEqual([]);
  expectOncePerCommand(site, commands);
});

test(`an agent killed ${KILLS} times repeats no command and loses no result`, async () => {
  const flow = commandsFlow(site);
  await pause(3_000);
  for (let kill = 0; kill < KILLS; kill++) {
    await anyMoment();
    await site.kill('agent');
    site.startAgent();
  }
  await pause(5_000);
  await flow.stop();
  const commands = await settled(site);

  const { integrity, duplicates } = kept(site);
  expect(integrity).toBe('ok');
  expect(duplicates).toBe(0);
  expect(commands.filter(({ state }) => state === 'succeeded').length).toBeGreaterThan(KILLS / 2);
  expectOncePerCommand(site, commands);
});
