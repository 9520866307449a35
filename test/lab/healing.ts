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
import { nodeNamed } from './testing.js';

const run = promisify(execFile);

const RECORDS_MAX = 100;
const INCIDENTS_MAX = 50;
const CABINET = 'cabinet';
export const OVER: readonly CommandView['state'][] = ['succeeded', 'failed', 'rejected', 'lapsed'];

/** As soon as a policy may. */
export const DIAGNOSE_S_MIN = 30;

/** The command line, as somebody at the controller uses it. */
export async function bramble(rack: Rack, ...words: readonly string[]): Promise<string> {
  const argv = [path.resolve('dist/bramble.mjs'), '--socket', rack.controller.adminSocket, ...words];
  return (await run(process.execPath, argv, { maxBuffer: 1e7 })).stdout;
}

/** Writes down what stands where, and puts a policy in force that acts. */
export async function teach(rack: Rack, diagnoseS: number): Promise<void> {
  const put = async (name: string, what: object, ...words: readonly string[]): Promise<void> => {
    const file = path.join(rack.dir, name);
    writeFileSync(file, stringify(what));
    await bramble(rack, ...words, file, '--reason', 'the rack heals by itself');
  };
  const { revision } = await rack.controller.api.healing.topology();
  if (revision === 0) await put('topology.yaml', topologyOf(rack.spec), 'topology', 'set');
  await put('healing.yaml', policyOf(diagnoseS), 'healing', 'policy', 'set');
}

/** Who is plugged in where, and who serves whom: what the cables of a rack are, as an operator writes it. */
function topologyOf({ pis, trunkPort }: RackSpec): object {
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
function policyOf(diagnoseS: number): object {
  return {
    name: `rack-${diagnoseS}`,
    version: 1,
    mode: 'enforce',
    diagnose: `${diagnoseS}s`,
    verifyFor: '30s',
    settle: '60s',
    budgets: { nodeApart: '60s', nodePerDay: 6, fleetPerHourFloor: 20 },
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
