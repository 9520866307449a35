import type { PortChangeView } from '../../proto/contract/api/switch.js';
import { visible } from '../../proto/contract/visible.js';
import { renderDuration } from '../../proto/contract/words.js';
import { type CliContext, print } from './context.js';
import { EXIT } from './errors.js';
import { changeListing } from './ports-view.js';
import { Progress } from './progress.js';

const POLL_MS = 1_000;
const ENDS: readonly PortChangeView['state'][] = ['kept', 'taken-back', 'split', 'stuck'];

export interface FollowPortsOptions {
  readonly wait: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

/** Stays until a change of ports has ended, and says how. Success is the end that was wanted. */
export async function followPorts(
  context: CliContext,
  begun: PortChangeView,
  wanted: 'kept' | 'taken-back',
  { wait, timeout }: FollowPortsOptions,
): Promise<number> {
  const { api, host, signal } = context;
  let change = begun;
  const startedMs = host.clock.monotonicMs();
  const progress = new Progress(host);
  try {
    while (wait && !ENDS.includes(change.state)) {
      const waitedMs = host.clock.monotonicMs() - startedMs;
      if (waitedMs >= timeout) break;
      const limits = `${renderDuration(waitedMs)} of at most ${renderDuration(timeout)}`;
      progress.say(`${change.state}, ${limits}${change.detail === '' ? '' : `: ${change.detail}`}`);
      await host.sleep(POLL_MS, signal);
      change = await api.switches.change(change.id);
    }
  } finally {
    progress.end();
  }
  report(context, change);
  if (!wait) return EXIT.ok;
  if (!ENDS.includes(change.state)) return EXIT.timeout;
  return change.state === wanted ? EXIT.ok : EXIT.failure;
}

function report(context: CliContext, change: PortChangeView): void {
  const { format } = context.screen;
  if (format !== 'table' && format !== 'wide') {
    print(context, changeListing(context.nowMs()), [change], change);
    return;
  }
  const names = change.switches.map(({ name }) => name).join(', ');
  const why = change.detail === '' ? '' : ` (${visible(change.detail, 400)})`;
  context.out(`${visible(names)}: change ${change.id} ${change.state}${why}\n`);
}
