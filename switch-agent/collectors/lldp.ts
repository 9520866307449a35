import { type Collector, noData, ok } from '../../agent/kit/collect/collector.js';
import { Samples } from '../../agent/kit/collectors/sample.js';
import * as z from '../../agent/kit/form.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { PORTS_MAX } from './ports.js';

const INTERVAL_MS = 60_000;
const TIMEOUT_MS = 10_000;
const WORD_MAX = 60;

const VALUE = z.optional(z.array(z.object({ value: z.optional(z.string()) })));
const ID = z.optional(z.array(z.object({ type: z.optional(z.string()), value: z.optional(z.string()) })));
const ANSWER = z.object({
  lldp: z.array(
    z.object({
      interface: z.optional(
        z.array(
          z.object({
            name: z.string(),
            chassis: z.optional(z.array(z.object({ name: VALUE, id: VALUE }))),
            port: z.optional(z.array(z.object({ id: ID, descr: VALUE }))),
          }),
        ),
      ),
    }),
  ),
});

/**
 * Who says that he is at the other end of each port: "system port". Anybody can say anything: it helps people to find a cable,
 * and proves nothing. Source: lldpcli(8), the form json0, which has the same shape for one neighbour and for many.
 * @throws BrambleError `data-loss`
 */
export function parseNeighbors(json: string): ReadonlyMap<string, string> {
  let answer: z.infer<typeof ANSWER>;
  try {
    answer = ANSWER.parse(JSON.parse(json));
  } catch (cause) {
    throw new BrambleError('data-loss', 'lldpcli printed something else than its JSON', { cause });
  }
  const neighbors = new Map<string, string>();
  for (const { name, chassis, port } of answer.lldp.flatMap((each) => each.interface ?? [])) {
    const system = firstValue(chassis?.[0]?.name) ?? firstValue(chassis?.[0]?.id) ?? '';
    const words = `${system} ${portOf(port?.[0])}`.trim();
    const before = neighbors.get(name);
    if (words !== '') neighbors.set(name, before === undefined ? words : `${before}; ${words}`);
  }
  return neighbors;
}

/** Servers name their ports by hardware address, and describe them by the name that people know. */
function portOf(
  port: { readonly id?: z.infer<typeof ID>; readonly descr?: z.infer<typeof VALUE> } | undefined,
): string {
  const description = port?.id?.[0]?.type === 'mac' ? firstValue(port.descr) : undefined;
  return description ?? firstValue(port?.id) ?? '';
}

function firstValue(values: z.infer<typeof VALUE>): string | undefined {
  return values?.[0]?.value?.slice(0, WORD_MAX);
}

/** Needs lldpd, and its socket for the user of the agent. */
export function makeNeighborsCollector(): Collector {
  return {
    name: 'neighbors',
    intervalMs: INTERVAL_MS,
    timeoutMs: TIMEOUT_MS + 1_000,
    async collect({ exec }, signal) {
      let stdout: string;
      try {
        const argv = ['lldpcli', '-f', 'json0', 'show', 'neighbors'] as const;
        const answer = await exec.run(argv, { signal, timeoutMs: TIMEOUT_MS });
        if (answer.status !== 0) return noData(`lldpcli: ${answer.stderr.trim().slice(0, 200)}`);
        stdout = answer.stdout;
      } catch (error) {
        if (BrambleError.from(error).code !== 'not-found') throw error;
        return noData('lldpd is not installed');
      }
      const samples = new Samples();
      for (const [port, words] of [...parseNeighbors(stdout)].slice(0, PORTS_MAX)) {
        samples.text('port_neighbor_text', words, port);
      }
      return samples.list.length === 0 ? noData('no neighbour') : ok(samples.list);
    },
  };
}
