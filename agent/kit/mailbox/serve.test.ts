import { expect, test } from 'vitest';
import { BrambleError } from '../../../proto/contract/errors.js';
import {
  ANSWER_FILE,
  type MailboxRequest,
  parseMailboxAnswer,
  REQUEST_FILE,
  renderMailboxAnswer,
  renderMailboxRequest,
} from '../../../proto/contract/netboot/mailbox.js';
import { makeSimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { serveMailbox } from './serve.js';

const UNIT = 'bramble-agent.service';
const ID = '01890a5d-ac96-774b-bcce-b302099a8057';
const OTHER_ID = '01890a5d-ac96-774b-bcce-b302099a8058';
const NOW_MS = Date.UTC(2026, 10, 22);
const MINUTE_MS = 60_000;
const never = new AbortController().signal;

/** A board whose agent has died; its timer starts the program again and again. */
function setUp() {
  const world = new SimWorld(1);
  let host = makeSimHost(world, 'pi', { units: [UNIT], clock: { wallClockMs: NOW_MS } });
  const { disk, units } = host.board;
  units.fail(UNIT);
  const serve = (readRequest = () => host.files.readText(REQUEST_FILE)) =>
    serveMailbox({ clock: host.clock, services: host.services, files: host.files, readRequest, unit: UNIT }, never);
  return {
    world,
    disk,
    leave: (over: Partial<MailboxRequest> = {}) => {
      const text = renderMailboxRequest({ id: ID, verb: 'restart-agent', atMs: NOW_MS, ...over });
      disk.plant(REQUEST_FILE, new TextEncoder().encode(text));
    },
    plant: (text: string) => disk.plant(REQUEST_FILE, new TextEncoder().encode(text)),
    /** As the timer does. */
    look: (readRequest?: () => Promise<string | undefined>) => world.settle(serve(readRequest)),
    /** The program dies after so long, and the timer starts it anew. */
    lookUntil: async (ms: number) => {
      void serve();
      await world.runFor(ms);
      host.crash();
      host = host.restart();
    },
    lies: async () => (await world.settle(host.files.readText(REQUEST_FILE))) !== undefined,
    answer: async () => parseMailboxAnswer(await world.settle(host.files.readText(ANSWER_FILE))),
    /** The record of one that was begun in the present run of the unit. */
    begun: () => {
      const answer = { id: ID, state: 'begun', detail: units.get(UNIT)?.invocationId ?? '' } as const;
      disk.plant(ANSWER_FILE, new TextEncoder().encode(renderMailboxAnswer(answer)));
    },
    restarts: () => units.restarts(UNIT),
    slow: (ms: number) => {
      units.restartMs = ms;
    },
  };
}

test('what lies there is done once, answered and removed', async () => {
  const { leave, look, lies, answer, restarts } = setUp();
  expect(await look()).toBe('');
  leave();
  expect(await look()).toBe(`request ${ID} done: ${UNIT} was restarted and is active`);
  expect([await lies(), restarts(), (await answer())?.state]).toEqual([false, 1, 'done']);
  expect(await look()).toBe('');
});

test('the same request comes back, as after a lost removal: it is not done again; the next one is', async () => {
  const { leave, look, lies, restarts } = setUp();
  leave();
  await look();
  leave();
  expect(await look()).toContain('answered before');
  expect([await lies(), restarts()]).toEqual([false, 1]);
  leave({ id: OTHER_ID });
  await look();
  expect(restarts()).toBe(2);
});

test('a process that dies while the agent is restarted: the next one looks, and restarts nothing', async () => {
  const { leave, look, lookUntil, lies, answer, restarts, slow, world } = setUp();
  slow(60_000);
  leave();
  await lookUntil(30_000);
  expect([(await answer())?.state, restarts()]).toEqual(['begun', 0]);
  await world.runFor(60_000);
  expect(await look()).toContain('done: bramble-agent.service was started since');
  expect([await lies(), restarts()]).toEqual([false, 1]);
});

test('a process that dies before the restart was asked for: that is told, and not made up for', async () => {
  const { leave, look, restarts, lies, begun } = setUp();
  leave();
  begun();
  expect(await look()).toContain('failed: it was cut off');
  expect([await lies(), restarts()]).toEqual([false, 0]);
});

test.for([
  ['a word that is not known', JSON.stringify({ id: ID, verb: 'run', atMs: NOW_MS }), 'not known here'],
  [
    'an old one',
    renderMailboxRequest({ id: ID, verb: 'restart-agent', atMs: NOW_MS - 11 * MINUTE_MS }),
    '11 minutes old',
  ],
  [
    'one of the future',
    renderMailboxRequest({ id: ID, verb: 'restart-agent', atMs: NOW_MS + 11 * MINUTE_MS }),
    'ahead of',
  ],
  ['one without a time', JSON.stringify({ id: ID, verb: 'restart-agent' }), 'has no time'],
] as const)('%s is refused, and the answer says why', async ([, text, why]) => {
  const { plant, look, lies, answer, restarts } = setUp();
  plant(text);
  expect(await look()).toContain(why);
  expect([await answer(), restarts(), await lies()]).toMatchObject([{ id: ID, state: 'refused' }, 0, false]);
});

test.for(['', 'reboot\n', '{"id": "; reboot", "verb": "restart-agent", "atMs": 1}', '[]', '1', 'x'.repeat(10_000)])(
  'what is no request is removed, and nothing is done: %j',
  async (text) => {
    const { plant, look, lies, answer, restarts } = setUp();
    plant(text);
    expect(await look()).toContain('removed: it is no request');
    expect([await answer(), restarts(), await lies()]).toEqual([undefined, 0, false]);
  },
);

test('a file that others than root may have written is removed unread', async () => {
  const { leave, look, lies, restarts } = setUp();
  leave();
  const foreign = new BrambleError('failed-precondition', 'it could have been written by somebody else');
  expect(await look(() => Promise.reject(foreign))).toContain('somebody else');
  expect([await lies(), restarts()]).toEqual([false, 0]);
});

test('where it cannot be noted that it is begun nothing is begun', async () => {
  const { leave, look, restarts, disk } = setUp();
  leave();
  disk.fault = ({ kind }) => (kind === 'write' ? 'EROFS' : undefined);
  await expect(look()).rejects.toBeInstanceOf(BrambleError);
  expect(restarts()).toBe(0);
});
