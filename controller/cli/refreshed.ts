import type { CliContext } from './context.js';

const EVERY_MS = 5_000;
const CLEAR = '\u001b[H\u001b[2J';

/**
 * Shows something once, or again and again until interrupted: in place on a terminal, one after the other in a pipe, where
 * whoever reads can act on each.
 */
export async function refreshed(context: CliContext, watch: boolean, show: () => Promise<number>): Promise<number> {
  if (!watch) return show();
  for (;;) {
    if (context.screen.widthColumns !== undefined) context.out(CLEAR);
    await show();
    await context.host.sleep(EVERY_MS, context.signal);
  }
}
