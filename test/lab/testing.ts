import { setTimeout as wait } from 'node:timers/promises';
import { inject, type TestContext } from 'vitest';
import type { CommandView } from '../../proto/contract/api/fleet.js';
import { Rack } from './rack.js';
import type { PiSpec } from './spec.js';

const POLL_MS = 500;
const COMMAND_LIMIT_MS = 180_000;
const VALID_MS = 120_000;
/** Characters of what was seen, in the words of a failure. */
const SEEN_MAX = 4_000;

/** The rack that all suites share; the test is skipped, and says why, where there is none. */
export function sharedRack(skip: TestContext['skip']): Rack {
  const rack = inject('rack');
  if ('missing' in rack) return skip(rack.missing);
  return Rack.open(rack.id);
}

/** @throws Error in a rack with fewer */
export function twoPis(rack: Rack): readonly [PiSpec, PiSpec] {
  const [first, second] = rack.spec.pis;
  if (first === undefined || second === undefined) throw new Error('two Pis are needed');
  return [first, second];
}

/** In a script of a guest: writes a line of a log now and then, as a system at rest does. */
export const REST = 'while :; do date >>/root/at-rest.log; sleep 5; done';

/** A script that goes on in a guest under this name, until it is {@link over}. */
export const inBackground = (script: string, name: string): string =>
  `(${script}) >/dev/null 2>&1 3<&- & echo $! >/run/lab/${name}.pid`;

export const over = (name: string): string => `kill "$(cat /run/lab/${name}.pid)"; rm -f /root/at-rest.log`;

/** What the controller knows of a guest. @throws Error when it knows none of this name */
export async function nodeNamed(
  rack: Rack,
  name: string,
): Promise<Awaited<ReturnType<Rack['controller']['api']['node']>>> {
  const node = (await rack.controller.api.nodes()).find((each) => each.name === name);
  if (node === undefined) throw new Error(`the controller knows no ${name}`);
  return rack.controller.api.node(node.id);
}

type Order = Parameters<Rack['controller']['api']['issueCommand']>[1]['action'];

export const OVER: readonly CommandView['state'][] = ['succeeded', 'failed', 'rejected', 'lapsed'];

/** What became of an order. */
export async function settled(rack: Rack, nodeId: string, action: Order): Promise<CommandView> {
  const { api } = rack.controller;
  const { id } = await api.issueCommand(nodeId, { action, reason: 'a test in the rack', validForMs: VALID_MS });
  const look = () => api.command(id);
  return await until('the order is settled', COMMAND_LIMIT_MS, look, ({ state }) => OVER.includes(state));
}

/** Looks again until it is as it should be, and answers with what it saw then. @throws Error with what it saw last */
export async function until<Seen>(
  what: string,
  limitMs: number,
  look: () => Promise<Seen>,
  isSo: (seen: Seen) => boolean = (seen) => seen === true,
): Promise<Seen> {
  const endsAtMs = performance.now() + limitMs;
  for (;;) {
    const seen = await look();
    if (isSo(seen)) return seen;
    if (performance.now() > endsAtMs) {
      throw new Error(`not within ${limitMs / 1_000} s: ${what}; seen last: ${rendered(seen)}`);
    }
    await wait(POLL_MS);
  }
}

function rendered(seen: unknown): string {
  return (typeof seen === 'string' ? seen : (JSON.stringify(seen, undefined, 1) ?? String(seen))).slice(-SEEN_MAX);
}
