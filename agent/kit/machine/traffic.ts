import { BrambleError } from '../../../proto/contract/errors.js';
import { isInterfaceName } from '../host/interface-name.js';
import type { Exec, KernelFiles } from '../host/ports.js';
import { TRAFFIC_INTERFACES_MAX, type Traffic } from '../host/traffic.js';
import { runAsSystem } from './run-as-system.js';
import {
  type CountedElement,
  type CountingTable,
  LINK_TABLE,
  NFS_TABLE,
  parseTable,
  planLinkTable,
  planNfsTable,
  type SeenTable,
} from './traffic-tables.js';

type On = { readonly exec: Exec; readonly kernel: KernelFiles };

const TIMEOUT_MS = 15_000;
/** nftables asks for this right alone; without it the kernel tells nobody what it counted. */
const RIGHTS = 'CAP_NET_ADMIN';

/**
 * What the kernel has counted, in tables of our own that are made when they are not there. Interfaces that cannot be looked at
 * hide nothing of the clients. @throws BrambleError as the port says
 */
export async function readTraffic(on: On, interfaces: readonly string[], signal: AbortSignal): Promise<Traffic> {
  const strange = interfaces.find((name) => !isInterfaceName(name));
  if (strange !== undefined || interfaces.length > TRAFFIC_INTERFACES_MAX) {
    throw new BrambleError('invalid-argument', `not names of interfaces: ${JSON.stringify(strange ?? 'too many')}`);
  }
  const nfs = await counted(on, NFS_TABLE, planNfsTable, signal);
  const clients = elements(nfs, 'asked').map(({ key: [address = ''], count: asked }) => {
    const answered = elements(nfs, 'answered').find(({ key }) => key[0] === address)?.count;
    return { address, asked, ...(answered !== undefined && { answered }) };
  });
  return { clients, ...(await readLinks(on, interfaces, signal)) };
}

async function readLinks(
  on: On,
  interfaces: readonly string[],
  signal: AbortSignal,
): Promise<Omit<Traffic, 'clients'>> {
  if (interfaces.length === 0) return { bpdus: [], neighbours: [], blind: 'there is no interface of a VLAN' };
  try {
    const links = await counted(on, LINK_TABLE, (before) => planLinkTable(before, interfaces), signal);
    return {
      bpdus: elements(links, 'bpdus').map(({ key: [interfaceName = ''], count }) => ({ interfaceName, seen: count })),
      neighbours: elements(links, 'neighbours').map(({ key: [interfaceName = '', mac = ''], count }) => {
        return { interfaceName, mac, seen: count };
      }),
      blind: '',
    };
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    return { bpdus: [], neighbours: [], blind: BrambleError.from(thrown).message };
  }
}

/** The table, put right first where the plan has something to put right. */
async function counted(
  on: On,
  table: CountingTable,
  plan: (before: SeenTable | undefined) => string | undefined,
  signal: AbortSignal,
): Promise<SeenTable> {
  const before = await list(on, table, signal);
  const script = plan(before);
  if (before !== undefined && script === undefined) return before;
  const { status, stderr } = await nft(on, ['-f', '-'], signal, script);
  if (status !== 0) throw refused(stderr, status);
  const after = await list(on, table, signal);
  if (after === undefined) throw refused(`table ${table.name} is not there after it was made`, 0);
  return after;
}

const elements = ({ sets }: SeenTable, name: string): readonly CountedElement[] => sets.get(name) ?? [];

/** `undefined` when there is no such table, or nft cannot say so. */
async function list(on: On, { family, name }: CountingTable, signal: AbortSignal): Promise<SeenTable | undefined> {
  const { status, stdout } = await nft(on, ['--json', 'list', 'table', family, name], signal);
  return status === 0 ? parseTable(stdout) : undefined;
}

function nft(on: On, args: readonly string[], signal: AbortSignal, input?: string) {
  return runAsSystem(
    on,
    ['nft', ...args],
    { signal, timeoutMs: TIMEOUT_MS, ...(input !== undefined && { input }) },
    RIGHTS,
  );
}

function refused(words: string, status: number | undefined): BrambleError {
  const text = words.trim().replaceAll(/\s+/g, ' ').slice(0, 300);
  return new BrambleError('failed-precondition', `nft: ${text === '' ? `ended with ${status ?? 'a signal'}` : text}`);
}
