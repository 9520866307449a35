import type { NodeDetail } from '../../../proto/contract/api/fleet.js';
import { nfsExports } from '../../../proto/contract/fileserver/exports.js';
import { raidArrays } from '../../../proto/contract/fileserver/raid.js';
import { type CliContext, print } from '../context.js';
import { EXIT } from '../errors.js';
import { EXPORT_LISTING } from '../export-view.js';
import { enrollmentListing, nodeListing, SITE_LISTING, tokenListing } from '../listings.js';
import { describeSwitch, knownBoards, PORT_LISTING, portRows, SWITCH_LISTING, switchesOf } from '../ports-view.js';
import { RAID_LISTING } from '../raid-view.js';
import { refreshed } from '../refreshed.js';
import { boardRoots, ROOTS_LISTING } from '../roots-view.js';
import { boardListing } from './node-boot.js';
import type { Register } from './register.js';

export interface NodeListWish {
  readonly selector?: string;
  readonly site?: string;
}

export const registerGet: Register = (program, run) => {
  const get = program
    .command('get')
    .description(
      'List nodes, boards, sites, switches, ports, RAID arrays, exports, roots of boards, tokens or enrolments',
    );

  get
    .command('nodes')
    .description('Nodes, trouble first')
    .option('-l, --selector <selector>', 'with labels like these: rack=3,env in (a,b),!broken')
    .option('--site <site>', 'of one site only')
    .option('-w, --watch', 'stay, and show them anew every 5 s until interrupted')
    .action(({ watch, ...wish }: NodeListWish & { readonly watch?: boolean }) =>
      run((context) => refreshed(context, watch === true, () => showNodes(context, wish))),
    );

  get
    .command('sites')
    .description('Sites, with how their nodes are')
    .option('-w, --watch', 'stay, and show them anew every 5 s until interrupted')
    .action(({ watch }: { readonly watch?: boolean }) =>
      run((context) => refreshed(context, watch === true, () => showSites(context))),
    );

  get
    .command('tokens')
    .description('Join tokens; their secrets are not kept')
    .action(() =>
      run(async (context) => {
        const tokens = await context.api.tokens();
        print(context, tokenListing(context.nowMs()), tokens, { tokens });
        return EXIT.ok;
      }),
    );

  get
    .command('enrolments')
    .alias('enrollments')
    .description('Who waits for approval')
    .action(() =>
      run(async (context) => {
        const enrollments = await context.api.enrollments('pending');
        print(context, enrollmentListing(context.nowMs()), enrollments, { enrollments });
        return EXIT.ok;
      }),
    );

  registerSwitches(get, run);
  registerSeenByFileservers(get, run);
};

/** Trouble first. */
export async function showNodes(context: CliContext, wish: NodeListWish): Promise<number> {
  const nodes = await context.api.nodes(wish);
  print(context, nodeListing(context.nowMs()), nodes.toSorted(troubleFirst), { nodes });
  return EXIT.ok;
}

export async function showSites(context: CliContext): Promise<number> {
  const sites = await context.api.sites();
  print(context, SITE_LISTING, sites, { sites });
  return EXIT.ok;
}

/** Switches, and the ports of all of them. */
const registerSwitches: Register = (get, run) => {
  get
    .command('switches')
    .description('Switches, with how many ports are up and what is open there')
    .action(() =>
      run(async (context) => {
        const rows = (await switchesOf(context.api, await context.api.nodes())).map(describeSwitch);
        print(context, SWITCH_LISTING, rows, { switches: rows });
        return EXIT.ok;
      }),
    );

  get
    .command('ports')
    .description('Ports of all switches: what each is for, and who is on it')
    .option('--mismatches', 'only those where the board is not the one that the port is for')
    .action(({ mismatches }: { readonly mismatches?: boolean }) =>
      run(async (context) => {
        const nodes = await context.api.nodes();
        const boards = await knownBoards(context.api, nodes);
        const all = (await switchesOf(context.api, nodes)).flatMap((view) => portRows(view, boards));
        const rows = mismatches === true ? all.filter(({ mismatch }) => mismatch !== '') : all;
        print(context, PORT_LISTING, rows, { ports: rows });
        return EXIT.ok;
      }),
    );
};

/** What fileservers tell of others, and of their disks. */
const registerSeenByFileservers: Register = (get, run) => {
  get
    .command('boards')
    .description('Boards that fileservers have seen boot')
    .option('--unknown', 'only those that no node of the fleet has: they may be enrolled')
    .action(({ unknown }: { readonly unknown?: boolean }) =>
      run(async (context) => {
        const boards = await context.api.boards(unknown === true ? 'unknown' : 'all');
        print(context, boardListing(context.nowMs()), boards, { boards });
        return EXIT.ok;
      }),
    );

  get
    .command('raid')
    .description('RAID arrays of all fileservers')
    .action(() =>
      run(async (context) => {
        const rows = (await fileservers(context)).flatMap((node) =>
          raidArrays(node.facts).map((array) => ({ node: node.name, ...array })),
        );
        print(context, RAID_LISTING, rows, { arrays: rows });
        return EXIT.ok;
      }),
    );

  get
    .command('roots')
    .description('What the boards of all fileservers are served')
    .action(() =>
      run(async (context) => {
        const rows = (await fileservers(context)).flatMap((node) =>
          boardRoots(node.facts).map((board) => ({ node: node.name, ...board })),
        );
        print(context, ROOTS_LISTING, rows, { roots: rows });
        return EXIT.ok;
      }),
    );

  get
    .command('exports')
    .description('What fileservers export: room, and when it will be full')
    .action(() =>
      run(async (context) => {
        const rows = (await fileservers(context)).flatMap((node) =>
          nfsExports(node.facts).map((each) => ({ node: node.name, ...each })),
        );
        print(context, EXPORT_LISTING, rows, { exports: rows });
        return EXIT.ok;
      }),
    );
};

async function fileservers(context: CliContext): Promise<readonly NodeDetail[]> {
  const nodes = await context.api.nodes({ kind: 'fileserver' });
  return Promise.all(nodes.map(({ id }) => context.api.node(id)));
}

const ORDER = ['frozen', 'troubled', 'no-contact', 'unknown', 'maintenance', 'ready', 'revoked'] as const;

function troubleFirst(a: { state: (typeof ORDER)[number]; name: string }, b: typeof a): number {
  return ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || (a.name < b.name ? -1 : 1);
}
