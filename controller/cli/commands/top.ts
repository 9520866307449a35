import type { NodeLoad } from '../../../proto/contract/api/lists.js';
import { print } from '../context.js';
import { EXIT } from '../errors.js';
import { spelledOut } from '../lookalike.js';
import type { Listing } from '../output.js';
import { refreshed } from '../refreshed.js';
import { type Register, wholeNumber } from './register.js';

interface TopOptions {
  readonly limit: number;
  readonly watch?: boolean;
  readonly selector?: string;
  readonly site?: string;
}

export const registerTop: Register = (program, run) => {
  program
    .command('top')
    .description('Nodes by processor, memory and temperature, who is nearest to a limit first')
    .option('-l, --limit <count>', 'so many, at most 1000', wholeNumber, 20)
    .option('--selector <selector>', 'with labels like these: rack=3,env in (a,b),!broken')
    .option('--site <site>', 'of one site only')
    .option('-w, --watch', 'stay, and show it anew every 5 s until interrupted')
    .action(({ watch, ...wish }: TopOptions) =>
      run((context) =>
        refreshed(context, watch === true, async () => {
          const loads = await context.api.loads(wish);
          print(context, LISTING, loads, { loads });
          return EXIT.ok;
        }),
      ),
    );
};

const shown = (value: number | undefined, per: number, unit: string): string =>
  value === undefined ? '' : `${Math.round(value / per)} ${unit}`;

const LISTING: Listing<NodeLoad> = {
  columns: [
    { title: 'NAME', text: ({ name }) => spelledOut(name) },
    { title: 'SITE', text: ({ site }) => site },
    { title: 'STATE', text: ({ state }) => state, tone: ({ state }) => (state === 'ready' ? 'good' : 'bad') },
    { title: 'CPU', text: ({ cpuBusyPermille }) => shown(cpuBusyPermille, 10, '%') },
    { title: 'MEMORY', text: ({ memoryUsedPermille }) => shown(memoryUsedPermille, 10, '%') },
    { title: 'TEMPERATURE', text: ({ temperatureMillidegrees }) => shown(temperatureMillidegrees, 1_000, '°C') },
  ],
  name: ({ name }) => `node/${name}`,
  empty: 'No node is in contact.',
};
