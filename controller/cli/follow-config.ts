import type { NodeView } from '../../proto/contract/api/fleet.js';
import { visible } from '../../proto/contract/visible.js';
import type { CliContext } from './context.js';
import { EXIT } from './errors.js';

const POLL_MS = 1_000;

/** Waits until a revision is in place, refused or taken back, and says which. */
export async function followConfig(
  { api, host, signal, screen, out }: CliContext,
  { id, name }: NodeView,
  revision: number,
  timeoutMs: number,
): Promise<number> {
  const isForPeople = screen.format === 'table' || screen.format === 'wide';
  const say = (text: string): void => {
    if (isForPeople) out(`${visible(text, 2_000)}\n`);
  };
  const untilMs = host.clock.monotonicMs() + timeoutMs;
  let isTrialSaid = false;
  for (;;) {
    const node = await api.node(id);
    if (node.desiredRevisionReached >= revision) {
      say(`${name} has reached revision ${revision}`);
      return EXIT.ok;
    }
    const tried = node.desiredTry?.revision === revision ? node.desiredTry : undefined;
    if (tried?.outcome === 'refused' || tried?.outcome === 'undone') {
      say(`${name} has ${tried.outcome === 'undone' ? 'taken back' : 'refused'} revision ${revision}: ${tried.detail}`);
      return EXIT.failure;
    }
    if (tried === undefined && node.connectedSinceMs === undefined) {
      say(`${name} is not connected; it gets revision ${revision} when it comes back`);
      return EXIT.ok;
    }
    if (tried?.outcome === 'on-trial' && !isTrialSaid) {
      isTrialSaid = true;
      say(`revision ${revision} is in place on ${name} and waits for its proof: a report that arrives`);
    }
    if (host.clock.monotonicMs() >= untilMs) {
      say(`no word from ${name} about revision ${revision} yet`);
      return EXIT.timeout;
    }
    await host.sleep(POLL_MS, signal);
  }
}
