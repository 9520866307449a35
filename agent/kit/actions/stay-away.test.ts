import { expect, test } from 'vitest';
import { CommandState } from '../../../proto/gen/bramble/agent/v1/command.js';
import { AwayFrom } from '../command/handler.js';
import { actionHost, agentView } from '../testing/action-host.js';
import { commandIdOf } from '../testing/signed-command.js';
import { makeSimHost } from '../testing/sim-host.js';
import { SimSite } from '../testing/sim-site.js';
import { SimWorld } from '../testing/sim-world.js';
import { makeStayAway } from './stay-away.js';

const never = new AbortController().signal;
const handler = makeStayAway();
const contextOf = (addresses: number, back = { afterMs: 12_000, address: 1, before: 1 }) =>
  actionHost(makeSimHost(new SimWorld(1), 'pi'), {
    agent: agentView({ addressesCount: () => addresses, stayAway: () => Promise.resolve(back) }),
  });
const { ALL, CURRENT, UNSPECIFIED } = AwayFrom;

test.for([
  ['the shortest time', 10_000, ALL, 1, undefined],
  ['the longest time', 600_000, ALL, 1, undefined],
  ['too short a time', 9_999, ALL, 1, 'invalid-argument'],
  ['too long a time', 600_001, ALL, 1, 'invalid-argument'],
  ['no word of where from', 60_000, UNSPECIFIED, 2, 'invalid-argument'],
  ['its only address', 60_000, CURRENT, 1, 'unsupported'],
  ['one of two addresses', 60_000, CURRENT, 2, undefined],
] as const)('%s: %i ms', async ([, forMs, from, addresses, reason]) => {
  const refusal = await handler.check({ forMs, from }, contextOf(addresses), never);
  expect(refusal?.reason).toBe(reason);
});

test.for([
  ['all, back over the same', ALL, 1, 'succeeded', 'back after 12 s, over the same address'],
  ['the current, back over another', CURRENT, 2, 'succeeded', 'back after 12 s, over address 2, was 1'],
  [
    'the current, and no other answered',
    CURRENT,
    1,
    'failed',
    'no other address answered: back after 12 s, over the same',
  ],
] as const)('away from %s', async ([, from, address, kind, detail]) => {
  const context = contextOf(2, { afterMs: 12_000, address, before: 1 });
  const outcome = await handler.run({ forMs: 10_000, from }, context, never);
  expect(outcome).toMatchObject({ kind, detail: expect.stringContaining(detail) });
});

test('an agent that died meanwhile is back at once: it is not sent away again', async () => {
  expect(await handler.observe({ forMs: 10_000, from: ALL }, '', contextOf(1), never)).toMatchObject({
    kind: 'failed',
  });
});

const { SUCCEEDED, FAILED, REJECTED } = CommandState;

function siteThatStaysAway(): SimSite {
  const site = new SimSite();
  site.change = { handlers: { stayAway: makeStayAway() } };
  site.start();
  return site;
}
const order = (site: SimSite, from: AwayFrom) => {
  const bootId = site.controller.hellos[0]?.bootId ?? '';
  const action = { $case: 'stayAway', value: { forMs: 60_000, from } } as const;
  site.controller.command(site.restartUnit(1, { action, preconditions: { bootId } }));
};

test('a whole agent goes away and comes back by itself, and everything that it has to tell arrives', async () => {
  const site = siteThatStaysAway();
  await site.pass(60_000);
  order(site, ALL);
  await site.pass(5_000);
  expect(site.controller.isConnected).toBe(false);
  await site.pass(50_000);
  expect(site.controller.isConnected).toBe(false);
  await site.pass(15_000);
  expect(site.controller.isConnected).toBe(true);
  expect(site.storyOf(1).at(-1)).toBe(SUCCEEDED);
});

test('one that is killed while it stays away is back as soon as it starts', async () => {
  const site = siteThatStaysAway();
  await site.pass(60_000);
  order(site, ALL);
  await site.pass(5_000);
  site.restart('kill');
  await site.pass(10_000);
  expect(site.controller.isConnected).toBe(true);
  await site.pass(60_000);
  expect(site.storyOf(1).at(-1)).toBe(FAILED);
});

test('one that knows a single address refuses to leave it', async () => {
  const site = siteThatStaysAway();
  await site.pass(60_000);
  order(site, CURRENT);
  await site.pass(10_000);
  expect([site.controller.isConnected, site.storyOf(1)]).toEqual([true, [REJECTED]]);
  expect(site.controller.eventsOf('commandUpdate').map(({ commandId }) => commandId)).toEqual([commandIdOf(1)]);
});
