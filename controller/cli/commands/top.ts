import type { NodeDetail } from '../../../proto/contract/api/fleet.js';
import { type CliContext, print } from '../context.js';
import { EXIT } from '../errors.js';
import type { Listing } from '../output.js';
import { refreshed } from '../refreshed.js';
import { type Register, wholeNumber } from './register.js';

/** Details are asked node by node; so many at once are no burden to a controller. */
const AT_ONCE = 16;
/** Where a Pi throttles hard; only to weigh heat against load. */
const HOT_DEGREES = 85;

interface Load {
  readonly name: string;
  readonly site: string;
  readonly state: string;
  readonly cpuPercent: number | undefined;
  readonly memoryPercent: number | undefined;
  readonly temperatureDegrees: number | undefined;
}

export const registerTop: Register = (program, run) => {
  program
    .command('top')
    .description('Nodes by processor, memory and temperature, the worst first')
    .option('-l, --limit <count>', 'so many', wholeNumber, 20)
    .option('-w, --watch', 'stay, and show it anew every 5 s until interrupted')
    .action(({ limit, watch }: { readonly limit: number; readonly watch?: boolean }) =>
      run((context) =>
        refreshed(context, watch === true, async () => {
          const loads = (await loadsOf(context)).toSorted((a, b) => worst(b) - worst(a)).slice(0, limit);
          print(context, LISTING, loads, { nodes: loads });
          return EXIT.ok;
        }),
      ),
    );
};

/** Numbers of nodes without contact are old: such nodes are not among them. */
async function loadsOf({ api }: CliContext): Promise<readonly Load[]> {
  const ids = (await api.nodes())
    .filter(({ liveness }) => liveness === 'fresh' || liveness === 'late')
    .map(({ id }) => id);
  const loads: Load[] = [];
  for (let start = 0; start < ids.length; start += AT_ONCE) {
    const details = await Promise.all(ids.slice(start, start + AT_ONCE).map((id) => api.node(id)));
    loads.push(...details.map(loadOf));
  }
  return loads;
}

function loadOf({ name, site, state, facts }: NodeDetail): Load {
  const numbers = (wanted: string): readonly number[] =>
    facts.flatMap(({ fact, value }) => (fact === wanted && typeof value === 'number' ? [value] : []));
  const [cpu] = numbers('cpu_busy_permille');
  const [total = 0] = numbers('memory_total_bytes');
  const [available] = numbers('memory_available_bytes');
  const temperatures = numbers('temperature_millidegrees');
  return {
    ...{ name, site, state },
    cpuPercent: cpu === undefined ? undefined : Math.round(cpu / 10),
    memoryPercent: available === undefined || total <= 0 ? undefined : Math.round(100 * (1 - available / total)),
    temperatureDegrees: temperatures.length === 0 ? undefined : Math.round(Math.max(...temperatures) / 1_000),
  };
}

/** The nearest to its limit of the three, in percent. */
function worst({ cpuPercent, memoryPercent, temperatureDegrees }: Load): number {
  return Math.max(cpuPercent ?? 0, memoryPercent ?? 0, ((temperatureDegrees ?? 0) / HOT_DEGREES) * 100);
}

const shown = (value: number | undefined, unit: string): string => (value === undefined ? '' : `${value} ${unit}`);

const LISTING: Listing<Load> = {
  columns: [
    { title: 'NAME', text: ({ name }) => name },
    { title: 'SITE', text: ({ site }) => site },
    { title: 'STATE', text: ({ state }) => state, tone: ({ state }) => (state === 'ready' ? 'good' : 'bad') },
    { title: 'CPU', text: ({ cpuPercent }) => shown(cpuPercent, '%') },
    { title: 'MEMORY', text: ({ memoryPercent }) => shown(memoryPercent, '%') },
    { title: 'TEMPERATURE', text: ({ temperatureDegrees }) => shown(temperatureDegrees, '°C') },
  ],
  name: ({ name }) => `node/${name}`,
  empty: 'No node is in contact.',
};
