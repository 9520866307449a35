/** A node that is well, so that two of three are no reason to blame what they share: a real agent, on this machine. */

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { topologyOf } from './healing.js';
import { end, launch } from './host/process.js';
import type { Rack } from './rack.js';
import { CONTROLLER_ADDRESS, ENROL_PORT, SITE } from './spec.js';
import { nodeNamed } from './testing.js';

const NAME = 'neighbour';
const TOKEN_TTL_MS = 600_000;
const CONNECTED_LIMIT_MS = 60_000;
const NAMED = `echo ${NAME} >/proc/sys/kernel/hostname && exec "$@"`;

/** Resolves when it reports. */
export async function startNeighbour(rack: Rack): Promise<void> {
  const dir = path.join(rack.dir, NAME);
  mkdirSync(dir, { mode: 0o700 });
  const wish = { site: SITE, kind: 'pi', ttlMs: TOKEN_TTL_MS, uses: 1, preApproved: true } as const;
  const { token, spkiPin: pin } = await rack.controller.api.createToken(wish);
  const join = { controller: `${CONTROLLER_ADDRESS}:${ENROL_PORT}`, pin, tokenFile: path.join(dir, 'token') };
  const config = path.join(dir, 'agent.yaml');
  writeFileSync(join.tokenFile, `${token}\n`, { mode: 0o600 });
  writeFileSync(config, stringify({ stateDir: path.join(dir, 'state'), join, services: 'none' }));
  const agent = [process.execPath, path.resolve('dist/bramble-agent.mjs'), 'run', '--config', config] as const;
  const argv = ['unshare', '--uts', 'sh', '-c', NAMED, 'sh', ...agent] as const;
  await launch(rack.dir, { name: NAME, argv, namespace: rack.namespaces.controller, diesWithParent: true });
  await rack.controller.connected([NAME], CONNECTED_LIMIT_MS);
}

/** Nobody is asked after it any more. */
export async function endNeighbour(rack: Rack): Promise<void> {
  await end(rack.dir, NAME, 'SIGTERM');
  const { id } = await nodeNamed(rack, NAME);
  await rack.controller.api.revoke(id, 'the test is over');
}

/** The rack with a board more below the same fileserver and switch. */
export function topologyWithNeighbour({ spec }: Rack): object {
  const topology = topologyOf(spec);
  const [own] = topology.nodes;
  const port = spec.pis.length + 1;
  const switches = topology.switches.map((one) => ({ ...one, ports: [...one.ports, { port, role: 'node' }] }));
  const neighbour = { ...own, name: NAME, plug: { switch: 'switch', port }, board: { serial: '10000000aa0000ff' } };
  return { ...topology, switches, nodes: [...topology.nodes, neighbour] };
}
