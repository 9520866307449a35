import { BrambleError } from '../../../proto/contract/errors.js';
import type { Collector } from '../../kit/collect/collector.js';
import { ok } from '../../kit/collect/collector.js';
import { Samples } from '../../kit/collectors/sample.js';
import { makeDailyCollector } from './daily.js';

const TIMEOUT_MS = 300_000;
/** Measured at 60 MiB with everything that it starts. */
const NEEDED_BYTES = 96 * 2 ** 20;

/**
 * Reads what the inventory program printed: [[instance, text], ...].
 * @throws BrambleError `data-loss`
 */
export function parseInventory(text: string): readonly (readonly [instance: string, text: string])[] {
  let items: unknown;
  try {
    items = JSON.parse(text);
  } catch (cause) {
    throw new BrambleError('data-loss', 'the inventory is cut short or not JSON', { cause });
  }
  if (!Array.isArray(items)) throw new BrambleError('data-loss', 'the inventory is not a list');
  return items.map((item: unknown) => {
    if (!Array.isArray(item) || item.length !== 2) throw new BrambleError('data-loss', 'the inventory holds no pair');
    const pair: readonly unknown[] = item;
    const [instance, words] = pair;
    if (typeof instance !== 'string' || typeof words !== 'string') {
      throw new BrambleError('data-loss', 'the inventory holds something that is no text');
    }
    return [instance, words];
  });
}

/** What is built in, once a day. @param program argv of the inventory program, which runs and ends beside the agent */
export function makeHardwareCollector(program: readonly [string, ...string[]]): Collector {
  return makeDailyCollector({
    name: 'hardware',
    program: 'the inventory',
    timeoutMs: TIMEOUT_MS,
    neededBytes: NEEDED_BYTES,
    async ask({ exec }, signal) {
      const { status, stdout, stderr } = await exec.run(program, { signal, timeoutMs: TIMEOUT_MS });
      if (status !== 0) {
        const said = stderr.trim().split('\n').at(-1) ?? '';
        throw new BrambleError('internal', `the inventory ended with ${status ?? 'a signal'}: ${said.slice(0, 200)}`);
      }
      const samples = new Samples();
      for (const [instance, words] of parseInventory(stdout)) samples.text('hardware_text', words, instance);
      return ok(samples.list);
    },
  });
}
