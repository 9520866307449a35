import type { Machine } from '../../agent/kit/host/ports.js';
import { parseRootsView, type RootsOrder, type RootsView } from '../../agent/kit/roots/orders.js';
import type { Progress } from '../../proto/contract/progress.js';

/** Asks whoever has root's rights. @throws BrambleError of the order; `unsupported` where no roots are kept */
export async function askRoots(
  machine: Pick<Machine, 'own'>,
  order: RootsOrder,
  signal: AbortSignal,
  tell: (progress: Progress) => void = () => undefined,
): Promise<RootsView> {
  return parseRootsView(await machine.own(JSON.stringify(order), signal, { stopped: signal, tell }));
}
