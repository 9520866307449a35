import type { HostClock, Machine, OrderCaller } from '../../agent/kit/host/ports.js';
import { parseRootsView, type RootsOrder, type RootsView } from '../../agent/kit/roots/orders.js';
import { BrambleError } from '../../proto/contract/errors.js';

/** Another order may be under way, such as a look after drift. */
const TURN_MS = 120_000;
const ASK_AGAIN_MS = 1_000;

/** Asks whoever has root's rights. @throws BrambleError of the order; `unsupported` where no roots are kept */
export async function askRoots(
  machine: Pick<Machine, 'own'>,
  order: RootsOrder,
  signal: AbortSignal,
  caller?: OrderCaller,
): Promise<RootsView> {
  return parseRootsView(await machine.own(JSON.stringify(order), signal, caller));
}

/** Waits while another one works on roots. */
export async function askRootsInTurn(
  { machine, clock }: { readonly machine: Pick<Machine, 'own'>; readonly clock: HostClock },
  order: RootsOrder,
  signal: AbortSignal,
  caller?: OrderCaller,
): Promise<RootsView> {
  const startedMs = clock.monotonicMs();
  for (;;) {
    try {
      return await askRoots(machine, order, signal, caller);
    } catch (error) {
      if (signal.aborted) throw new BrambleError('cancelled', 'stopped before it was done', { cause: error });
      const isTaken = BrambleError.from(error).code === 'unavailable';
      if (!isTaken || clock.monotonicMs() - startedMs >= TURN_MS) throw error;
      await clock.sleep(ASK_AGAIN_MS, signal);
    }
  }
}
