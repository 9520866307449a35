/** What a rack's controller is told so that it heals by itself, and what it tells of what it did. */

import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import type { CommandView } from '../../proto/contract/api/fleet.js';
import type { ExplainView, NodeHealingView } from '../../proto/contract/api/healing.js';
import type { IncidentDetail, IncidentView } from '../../proto/contract/api/incidents.js';
import type { Rack } from './rack.js';
import { type RackSpec, SITE } from './spec.js';
import { nodeNamed, until } from './testing.js';

const run = promisify(execFile);

const RECORDS_MAX = 100;
const INCIDENTS_MAX = 50;
const CABINET = 'cabinet';

// Emulated machines on a busy host: generous, because these are about what happens and not about how fast.
export const BOOT_LIMIT_MS = 300_000;
export const FACT_LIMIT_MS = 240_000;
/** From the fault to the last order: silent, looked at, judged, acted. */
export const HEALED_LIMIT_MS = 480_000;

/** As soon as a policy may. */
export const DIAGNOSE_S_MIN = 30;

/** The command line, as somebody at the controller uses it. */
export function bramble(rack: Rack, ...words: readonly string[]): Promise<string> {
  return brambleIn(rack, process.cwd(), ...words);
}

/** The same in a folder of their own. */
export async function brambleIn(rack: Rack, cwd: string, ...words: readonly string[]): Promise<string> {
  const argv = [path.resolve('dist/bramble.mjs'), '--socket', rack.controller.adminSocket, ...words];
  return (await run(process.execPath, argv, { cwd, maxBuffer: 1e8 })).stdout;
}

/** Writes down what stands where, and puts a policy in force that acts. */
export async function teach(rack: Rack, diagnoseS: number, more: { readonly reimages?: boolean } = {}): Promise<void> {
  const { revision } = await rack.controller.api.healing.topology();
  if (revision === 0) await teachTopology(rack, topologyOf(rack.spec));
  await put(rack, policyOf(diagnoseS, more.reimages === true), 'healing', 'policy', 'set');
}

/** Nothing more is done by itself. */
export async function watchOnly(rack: Rack): Promise<void> {
  await put(rack, { name: 'watches', version: 1, mode: 'shadow' }, 'healing', 'policy', 'set');
}

export async function teachTopology(rack: Rack, topology: object): Promise<void> {
  await put(rack, topology, 'topology', 'set');
}

async function put(rack: Rack, what: object, ...words: readonly string[]): Promise<void> {
  const file = path.join(rack.dir, `${words[0]}.yaml`);
  writeFileSync(file, stringify(what));
  await bramble(rack, ...words, file, '--reason', 'the rack heals by itself');
}

/** Who is plugged in where, and who serves whom: what the cables of a rack are, as an operator writes it. */
export function topologyOf({ pis, trunkPort }: RackSpec) {
  return {
    sites: [{ name: SITE }],
    racks: [{ name: CABINET, site: SITE }],
    shelves: [{ name: 'shelf', rack: CABINET }],
    switches: [
      {
        name: 'switch',
        rack: CABINET,
        vlanDomain: CABINET,
        ports: [...pis.map(({ port }) => ({ port, role: 'node' })), { port: trunkPort, role: 'fileserver' }],
      },
    ],
    fileservers: [{ name: 'fileserver', rack: CABINET, switch: 'switch' }],
    nodes: pis.map(({ name, port, serial }) => ({
      name,
      site: SITE,
      shelf: 'shelf',
      plug: { switch: 'switch', port },
      fileserver: 'fileserver',
      board: { serial },
    })),
  };
}

/** As short as a policy may be, but for the time in which a board is looked at. */
function policyOf(diagnoseS: number, reimages: boolean): object {
  return {
    name: `rack-${diagnoseS}${reimages ? '-reimages' : ''}`,
    version: 1,
    mode: 'enforce',
    diagnose: `${diagnoseS}s`,
    verifyFor: '30s',
    settle: '60s',
    changeWindow: '60s',
    reimageSites: reimages ? [SITE] : [],
    budgets: { nodeApart: '60s', nodePerDay: 6, fleetPerHourFloor: 20 },
    // Three that hang one after another, at a site of eight, are no storm here.
    storm: { smallCount: 6 },
  };
}

/** Everything that was ordered of anybody since, oldest first: "switch cycle swp1 succeeded". */
export async function ordersSince(rack: Rack, sinceMs: number): Promise<readonly string[]> {
  const { api } = rack.controller;
  const nodes = await api.nodes();
  const all = await Promise.all(
    nodes.map(async ({ id, name }) => (await api.commands(id)).map((command) => ({ name, command }))),
  );
  return all
    .flat()
    .filter(({ command }) => command.issuedAtMs >= sinceMs)
    .toSorted((a, b) => a.command.issuedAtMs - b.command.issuedAtMs)
    .map(({ name, command }) => `${name} ${orderWords(command)}`);
}

function orderWords({ action, state, actor }: CommandView): string {
  const what = action.kind === 'switch-power' ? `${action.action} ${action.port}` : action.kind;
  return `${what} ${state}${actor === 'healing' ? '' : ` for ${actor}`}`;
}

export async function healingOf(rack: Rack, name: string): Promise<NodeHealingView> {
  return await rack.controller.api.healing.node((await nodeNamed(rack, name)).id, RECORDS_MAX);
}

/** What was decided about a node since, oldest first. */
export async function decisionsSince(rack: Rack, name: string, sinceMs: number): Promise<readonly ExplainView[]> {
  const { records } = await healingOf(rack, name);
  return records.filter(({ atMs }) => atMs >= sinceMs).toReversed();
}

/** The newest incident of this cause that was opened since; `undefined` = there is none. */
export async function incidentSince(rack: Rack, cause: string, sinceMs: number): Promise<IncidentDetail | undefined> {
  const { incidents } = rack.controller.api.healing;
  const found = (await incidentsSince(rack, sinceMs)).find((one) => one.cause === cause);
  return found === undefined ? undefined : await incidents.get(found.id);
}

/** Newest first. */
async function incidentsSince(rack: Rack, sinceMs: number): Promise<readonly IncidentView[]> {
  const { incidents } = await rack.controller.api.healing.incidents.list('all', INCIDENTS_MAX);
  return incidents.filter(({ openedAtMs }) => openedAtMs >= sinceMs);
}

/** Everybody reports, and nobody below a fileserver that has just started is judged. */
export async function isAtRest(rack: Rack): Promise<void> {
  await rack.ready(rack.guestNames, BOOT_LIMIT_MS);
  await rack.controller.connected(rack.guestNames, BOOT_LIMIT_MS);
  await until(
    'the NFS server lets everybody in',
    BOOT_LIMIT_MS,
    () => nodeNamed(rack, 'fileserver'),
    ({ conditions }) => !conditions.some(({ type, status }) => type === 'NfsServerGrace' && status === 'true'),
  );
}

export const bootIdOf = (rack: Rack, name: string): Promise<string> =>
  rack.run(name, 'cat /proc/sys/kernel/random/boot_id', FACT_LIMIT_MS);

/** Which boot each Pi is in. */
export async function boots(rack: Rack): Promise<readonly string[]> {
  return await Promise.all(rack.spec.pis.map(({ name }) => bootIdOf(rack, name)));
}

/** A board that fell silent is judged within this. */
const JUDGED_MS = 1_000 * (DIAGNOSE_S_MIN + 60);

/** The controller has looked for long enough to have judged every Pi, as though nothing but itself were to blame. */
export async function untilJudged(rack: Rack, sinceMs: number): Promise<void> {
  await until(
    'every Pi could have been judged',
    FACT_LIMIT_MS,
    () => rack.controller.api.healing.status(),
    ({ lastPassAtMs = 0 }) => lastPassAtMs > sinceMs + JUDGED_MS,
  );
}

/** What was decided to be done to Pis since, in words; asking for hands is told as well. */
export async function actsSince(rack: Rack, sinceMs: number): Promise<readonly string[]> {
  const all = await Promise.all(rack.spec.pis.map(({ name }) => decisionsSince(rack, name, sinceMs)));
  const acts = all.flat().filter(({ decision }) => ['act', 'hands'].includes(decision));
  return acts.map(({ words }) => words);
}
