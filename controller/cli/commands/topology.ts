import type { Command } from 'commander';
import { parse } from 'yaml';
import type { AddressList, PlacementAsk, WhatIfView } from '../../../proto/contract/api/topology.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { visible } from '../../../proto/contract/visible.js';
import { type CliContext, print } from '../context.js';
import { EXIT } from '../errors.js';
import { type Listing, renderData } from '../output.js';
import { DEFAULT_REASON, type Register, type RunCommand, wholeNumber } from './register.js';

/** `bramble topology ...`: what stands where. */
export const registerTopology: Register = (program, run) => {
  const topology = program.command('topology').description('What stands where, who powers whom and who boots whom');
  topology
    .command('get')
    .description('As it was written, in the form that set reads')
    .action(() =>
      run(async (context) => {
        const view = await context.api.healing.topology();
        const { format } = context.screen;
        if (format === 'json' || format === 'yaml') context.out(`${renderData(view, format)}\n`);
        else context.out(`# revision ${view.revision}\n${renderData(view.topology, 'yaml')}\n`);
        return EXIT.ok;
      }),
    );
  registerSet(topology, run);
  topology
    .command('addresses')
    .description('VLAN, storage block, export and prefixes of every node, and how full the pools are')
    .action(() =>
      run(async (context) => {
        const list = await context.api.healing.addresses();
        print(context, ADDRESS_LISTING, list.nodes, list);
        const { format } = context.screen;
        if (format === 'table' || format === 'wide') context.out(poolLines(list));
        return EXIT.ok;
      }),
    );
};

function registerSet(topology: Command, run: RunCommand): void {
  topology
    .command('set')
    .description('Replace it by a file; every port and node gets its numbers, or nothing changes')
    .argument('<file>', 'YAML; - is standard input')
    .option('--reason <text>', 'why', DEFAULT_REASON)
    .action((file: string, { reason }: { readonly reason: string }) =>
      run(async (context) => {
        const text = await context.host.readText(file);
        const { revision: expectedRevision } = await context.api.healing.topology();
        const view = await context.api.healing.setTopology({ topology: yamlOf(text, file), expectedRevision, reason });
        const { sites, switches, fileservers, nodes } = view.topology;
        const { format } = context.screen;
        if (format === 'json' || format === 'yaml') context.out(`${renderData(view, format)}\n`);
        else {
          const counts = `${sites.length} sites, ${switches.length} switches, ${fileservers.length} fileservers, ${nodes.length} nodes`;
          context.out(`topology revision ${view.revision}: ${counts}\n`);
        }
        return EXIT.ok;
      }),
    );
}

function yamlOf(text: string, file: string): unknown {
  try {
    return parse(text) as unknown; // the parser says any
  } catch (cause) {
    throw new BrambleError('invalid-argument', `${visible(file)} is no YAML: ${String(cause).slice(0, 300)}`, {
      cause,
    });
  }
}

type NodeAddresses = AddressList['nodes'][number];

const ADDRESS_LISTING: Listing<NodeAddresses> = {
  columns: [
    { title: 'NODE', text: ({ node }) => node },
    { title: 'VLAN', text: ({ vlan }) => String(vlan ?? '') },
    { title: 'STORAGE', text: ({ storage }) => (storage === undefined ? '' : `${storage.network}/30`) },
    { title: 'EXPORT', text: ({ exportPath }) => exportPath ?? '' },
    { title: 'ADDRESS', text: ({ public6 }) => public6 ?? '' },
    { title: 'PREFIX', text: ({ routed6 }) => routed6 ?? '' },
  ],
  name: ({ node }) => `node/${node}`,
  empty: 'No node of the topology has numbers: it names no nodes, or no pools.',
};

function poolLines({ pools, leaks }: AddressList): string {
  const lines = pools.map(({ pool, usedCount, usableCount, exhaustedInDays, isNearlyFull }) => {
    const when = exhaustedInDays === undefined ? '' : `; used up in ${Math.round(exhaustedInDays)} days at this rate`;
    return `pool ${visible(pool)}: ${usedCount} of ${usableCount}${isNearlyFull ? ', nearly full' : ''}${when}`;
  });
  return [...lines, ...leaks.map((leak) => `leak: ${visible(leak, 300)}`)].map((line) => `${line}\n`).join('');
}

/** `bramble what-if pull-plug NAME`. */
export const registerWhatIf: Register = (program, run) => {
  program
    .command('what-if')
    .description('What would happen, by the topology; nothing is touched')
    .command('pull-plug')
    .description('Who goes dark, who hangs and who is merely out of sight when something loses its plug')
    .argument('<name>', 'a site, rack, shelf, power supply, switch, fileserver or node')
    .action((name: string) =>
      run(async (context) => {
        const answer = await context.api.healing.whatIf(name);
        const { format } = context.screen;
        if (format === 'json' || format === 'yaml') context.out(`${renderData(answer, format)}\n`);
        else context.out(`${whatIfText(answer)}\n`);
        return EXIT.ok;
      }),
    );
};

const EFFECT_WORDS = {
  off: 'without power',
  shed: 'without power, because its switch has too little left',
  hung: 'hangs: its root does not answer',
  'cut-off': 'runs, and nobody outside its site sees it',
} as const;

function whatIfText({ name, kind, takesAlong, nodes, heldBy }: WhatIfView): string {
  const along = takesAlong.length === 0 ? '' : `, and takes along ${takesAlong.map((one) => visible(one)).join(', ')}`;
  const effects = Object.entries(EFFECT_WORDS).flatMap(([effect, words]) => {
    const names = nodes.filter((node) => node.effect === effect).map((node) => visible(node.name));
    return names.length === 0 ? [] : [`${names.length} ${words}: ${names.join(', ')}`];
  });
  return [
    `${kind} ${visible(name)} goes${along}`,
    ...(effects.length === 0 ? ['no node is worse for it'] : effects),
    `Healing would name ${visible(heldBy)} as the cause, and touch none of them`,
  ].join('\n');
}

interface PlacementOptions {
  readonly count: number;
  readonly cores?: number;
  readonly mhz?: number;
  readonly memoryMib?: number;
  readonly architecture?: PlacementAsk['architectures'];
  readonly spread?: PlacementAsk['spreadBy'];
}

/** `bramble placement`: where work of a size would fit. */
export const registerPlacement: Register = (program, run) => {
  program
    .command('placement')
    .description('Where work of a size would fit: the smallest healthy nodes that suffice; nothing is reserved')
    .option('--count <n>', 'how many nodes', wholeNumber, 1)
    .option('--cores <n>', 'cores that each must have', wholeNumber)
    .option('--mhz <n>', 'cores times their clock', wholeNumber)
    .option('--memory-mib <n>', 'memory that each must have', wholeNumber)
    .option('--architecture <name...>', 'armv6, armv7 or armv8')
    .option('--spread <by>', 'apart by site or shelf, so that one fault takes few')
    .action((options: PlacementOptions) => run((context) => findPlacement(context, options)));
};

async function findPlacement(context: CliContext, options: PlacementOptions): Promise<number> {
  const { count, cores, mhz, memoryMib, architecture, spread } = options;
  const found = await context.api.healing.place({
    count,
    ...(cores === undefined ? {} : { coresMin: cores }),
    ...(mhz === undefined ? {} : { computeMHzMin: mhz }),
    ...(memoryMib === undefined ? {} : { memoryBytesMin: memoryMib * 2 ** 20 }),
    ...(architecture === undefined ? {} : { architectures: architecture }),
    ...(spread === undefined ? {} : { spreadBy: spread }),
  });
  const { format } = context.screen;
  if (format === 'json' || format === 'yaml') context.out(`${renderData(found, format)}\n`);
  else {
    const left = Object.entries(found.rejected).map(([why, number]) => `${number} by ${why}`);
    const short = found.nodes.length < count ? `only ${found.nodes.length} of ${count} found` : '';
    const told = [short, ...(left.length === 0 ? [] : [`left out: ${left.join(', ')}`])].filter((line) => line !== '');
    context.out([...found.nodes.map((name) => visible(name)), ...told].map((line) => `${line}\n`).join(''));
  }
  return found.nodes.length < count ? EXIT.partial : EXIT.ok;
}
