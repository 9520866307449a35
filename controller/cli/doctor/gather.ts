import { isIP } from 'node:net';
import { dirname } from 'node:path';
import { VERSION } from '../../../proto/contract/build.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import type { CliContext } from '../context.js';
import type { Where } from '../transport.js';
import type { Address, Answered, Door, Gathered, Tried } from './gathered.js';

/** A person waits; a controller that needs longer to say that it lives is in trouble. */
const ANSWER_MS_MAX = 5_000;
const FACTS_MS_MAX = 15_000;
/** Left by a restore that was cut off; see controller/backups. */
const RESTORE_UNFINISHED = 'restore-unfinished';

/** Tries everything that can be tried, whatever of it fails. */
export async function gather(context: CliContext): Promise<Gathered> {
  const where = await tried(async () => context.where());
  const own = { cliVersion: VERSION, nowMs: context.nowMs() };
  if ('error' in where) return { ...own, address: where, doors: [] };
  const address = await tried(async () => addressOf(where.value));
  const reached = 'value' in address ? await reach(context, address.value, where.value) : {};
  const answered = await tried(() => ping(context));
  if ('error' in answered) {
    const beside = where.value.kind === 'socket' ? { beside: await besideOf(context, where.value.path) } : {};
    return { ...own, address, ...reached, answered, ...beside, doors: [] };
  }
  const facts = await tried(() => askFacts(context));
  const doors = 'value' in facts ? await tryDoors(context, facts.value.endpoints) : [];
  return { ...own, address, ...reached, answered, facts, doors };
}

function addressOf(where: Where): Address {
  if (where.kind === 'socket') return where;
  const { hostname, port, protocol } = new URL(where.url);
  const isSecure = protocol === 'https:';
  const usual = isSecure ? 443 : 80;
  const host = hostname.replace(/^\[|\]$/g, '');
  return { kind: 'server', url: where.url, host, port: port === '' ? usual : Number(port), isSecure };
}

/** Name, port and certificate, each with what the one before it gave. */
async function reach(
  { host: { probe } }: CliContext,
  address: Address,
  where: Where,
): Promise<Pick<Gathered, 'addresses' | 'port' | 'pageCertificate'>> {
  if (address.kind === 'socket' || where.kind === 'socket') return {};
  const { host, port: number, isSecure } = address;
  const addresses = isIP(host) === 0 ? { addresses: await tried(() => probe.addressesOf(host)) } : {};
  if (addresses.addresses !== undefined && 'error' in addresses.addresses) return addresses;
  const port = await tried(() => probe.connect(host, number));
  if ('error' in port || !isSecure) return { ...addresses, port };
  const pageCertificate = await tried(() => probe.certificateOf(host, number, where.caPem));
  return { ...addresses, port, pageCertificate };
}

async function ping(context: CliContext): Promise<Answered> {
  const timed = await timedAnswer(context, () => context.api.within(ANSWER_MS_MAX).ping());
  const { value: controllerMs, ...times } = timed;
  return { controllerMs, ...times };
}

async function askFacts(context: CliContext) {
  const { value, ...times } = await timedAnswer(context, () => context.api.within(FACTS_MS_MAX).controllerFacts());
  return { ...value, ...times };
}

async function timedAnswer<Value>({ host: { clock } }: CliContext, ask: () => Promise<Value>) {
  const startedMs = clock.monotonicMs();
  const value = await ask();
  const roundTripMs = clock.monotonicMs() - startedMs;
  return { value, roundTripMs, localMs: clock.nowMs() - roundTripMs / 2 };
}

async function besideOf({ host }: CliContext, socketPath: string): Promise<NonNullable<Gathered['beside']>> {
  const dataDir = dirname(socketPath);
  return {
    isRestoreUnfinished: host.exists(`${dataDir}/${RESTORE_UNFINISHED}`),
    freeBytes: await host.probe.freeBytes(dataDir),
  };
}

function tryDoors(
  { host: { probe } }: CliContext,
  { link, enrol }: { readonly link: readonly string[]; readonly enrol: string },
): Promise<readonly Door[]> {
  const endpoints = [...link.map((endpoint) => ['link', endpoint] as const), ['enrol', enrol] as const];
  return Promise.all(
    endpoints.map(async ([door, endpoint]) => {
      const at = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(endpoint);
      const host = at?.[1] ?? at?.[2];
      if (host === undefined) {
        const error = new BrambleError('invalid-argument', 'it is not an address');
        return { door, endpoint, tried: { error } };
      }
      return { door, endpoint, tried: await tried(() => probe.connect(host, Number(at?.[3]))) };
    }),
  );
}

async function tried<Value>(work: () => Promise<Value>): Promise<Tried<Value>> {
  try {
    return { value: await work() };
  } catch (thrown) {
    const error = BrambleError.from(thrown);
    if (error.code === 'internal' || error.code === 'cancelled') throw error; // a bug, or Ctrl-C: no finding
    return { error };
  }
}
