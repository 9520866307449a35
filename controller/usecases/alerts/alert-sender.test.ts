import { expect, test } from 'vitest';
import { BrambleError, type ErrorCode } from '../../../proto/contract/errors.js';
import { HealingSite } from '../testing/healing-site.js';
import { AlertSender } from './alert-sender.js';
import type { Alert, AlertChannel } from './ports.js';

const ENFORCE = 'name: test\nversion: 1\nmode: enforce\n';
const MINUTE_MS = 60_000;
const GRACE_MS = 8 * MINUTE_MS;

/** Somebody who listens, or does not for a while. */
class Listener implements AlertChannel {
  readonly name: string;
  readonly repeatMs: number | undefined;
  readonly heard: string[] = [];
  refusesWith: ErrorCode | undefined;
  tries = 0;

  constructor(name = 'listener', repeatMs?: number) {
    this.name = name;
    this.repeatMs = repeatMs;
  }

  async send(alert: Alert): Promise<void> {
    this.tries += 1;
    if (this.refusesWith !== undefined) throw new BrambleError(this.refusesWith, 'not now');
    this.heard.push(`${alert.endedAtMs === undefined ? 'open' : 'closed'} ${alert.cause}`);
  }
}

async function broken(channels: readonly AlertChannel[]): Promise<{ site: HealingSite; sender: AlertSender }> {
  const site = await HealingSite.start(ENFORCE, { channels });
  await site.pass(GRACE_MS);
  site.hang(1);
  await site.untilOrdered(1);
  return { site, sender: senderOf(site, channels) };
}

function senderOf({ fleet: { store, world } }: HealingSite, channels: readonly AlertChannel[]): AlertSender {
  return new AlertSender({ store, world, channels, linkOf: () => undefined });
}

test('an incident and its end are told once each, however often one looks', async () => {
  const listener = new Listener();
  const { site, sender } = await broken([listener]);
  await sender.work();
  await sender.work();
  site.revive(1);
  await site.pass(20 * MINUTE_MS);
  await sender.work();
  await sender.work();
  expect(listener.heard).toEqual(['open node:pi-1', 'closed node:pi-1']);
});

test('a channel that was away hears all of it later, in order, tried less and less often', async () => {
  const listener = new Listener();
  const { site, sender } = await broken([listener]);
  listener.refusesWith = 'unavailable';
  for (let round = 0; round < 60; round++) {
    await sender.work();
    await site.fleet.world.advance(1_000);
  }
  expect(listener.tries).toBeGreaterThan(2);
  expect(listener.tries).toBeLessThan(8);
  site.revive(1);
  await site.pass(20 * MINUTE_MS);
  listener.refusesWith = undefined;
  await sender.work();
  expect(listener.heard).toEqual(['open node:pi-1', 'closed node:pi-1']);
});

test('what was owed when the process died is brought by the next one', async () => {
  const listener = new Listener();
  const { site } = await broken([listener]);
  await senderOf(site, [listener]).work();
  site.revive(1);
  await site.pass(20 * MINUTE_MS);
  await senderOf(site, [listener]).work();
  expect(listener.heard).toEqual(['open node:pi-1', 'closed node:pi-1']);
});

test('one channel that is away does not keep another waiting', async () => {
  const [away, here] = [new Listener('away'), new Listener('here')];
  away.refusesWith = 'unavailable';
  const { sender } = await broken([away, here]);
  await sender.work();
  expect(here.heard).toEqual(['open node:pi-1']);
});

test('what a channel refuses for what it says is not said again', async () => {
  const listener = new Listener();
  const { sender, site } = await broken([listener]);
  listener.refusesWith = 'invalid-argument';
  await sender.work();
  await sender.work();
  expect(listener.tries).toBe(1);
  expect(await site.fleet.store.reader.incidents.openDeliveries(10)).toEqual([]);
});

test('what is owed to a channel that nobody wants any more is forgotten', async () => {
  const listener = new Listener();
  const { site } = await broken([listener]);
  await senderOf(site, []).work();
  expect(await site.fleet.store.reader.incidents.openDeliveries(10)).toEqual([]);
});

test('a channel that forgets is told again for as long as the incident lasts', async () => {
  const listener = new Listener('forgetful', MINUTE_MS);
  const { site, sender } = await broken([listener]);
  await sender.work();
  await sender.work();
  expect(listener.heard).toHaveLength(1);
  await site.pass(MINUTE_MS);
  await sender.work();
  expect(listener.heard).toEqual(['open node:pi-1', 'open node:pi-1']);
  site.revive(1);
  await site.pass(20 * MINUTE_MS);
  await sender.work();
  await site.pass(5 * MINUTE_MS);
  await sender.work();
  expect(listener.heard.slice(2)).toEqual(['closed node:pi-1']);
});
