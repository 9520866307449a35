/** Another site of a rack's controller, for what goes on elsewhere: the simulated one of `npm start`, with real agents. */

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { ApiClient } from '../../controller/cli/api-client.js';
import { HttpTransport } from '../../controller/cli/transport.js';
import { isDiskless } from '../../controller/quickstart/demo-breaks.js';
import { demoTopology } from '../../controller/quickstart/demo-healing.js';
import { DEMO_FILESERVER, DEMO_SITE, DEMO_SWITCH, demoPiName } from '../../controller/quickstart/demo-names.js';
import { DemoSite } from '../../controller/quickstart/demo-site.js';
import { pathsIn } from '../../controller/quickstart/files.js';
import { bramble, teachTopology, topologyOf } from './healing.js';
import { end, launch } from './host/process.js';
import type { Rack } from './rack.js';

/** A board that has no card: its fileserver sees whether it hangs. */
export interface BoardElsewhere {
  readonly name: string;
  readonly switch: string;
  readonly port: string;
}

const NAME = 'other-site';
const PIS = 8;
const CONNECTED_LIMIT_MS = 60_000;
const NAMES = [DEMO_FILESERVER, DEMO_SWITCH, ...Array.from({ length: PIS }, (_, index) => demoPiName(index))];
const NEVER = new AbortController().signal;

/** Resolves when everybody there reports, and the controller knows what stands there and here; with who may hang. */
export async function startOtherSite(rack: Rack): Promise<readonly BoardElsewhere[]> {
  await teachTopology(rack, topologyOf(rack.spec)); // or the site would write down itself alone
  const serve = [process.execPath, path.resolve('dist/test/lab.mjs'), NAME, rack.id] as const;
  // Its programs end with the one that started them.
  const argv = ['unshare', '--pid', '--fork', '--kill-child', ...serve] as const;
  await launch(rack.dir, { name: NAME, argv, namespace: rack.namespaces.controller, diesWithParent: true });
  await rack.controller.connected(NAMES, CONNECTED_LIMIT_MS);
  const boards = (await rack.controller.api.nodes()).filter(({ site, kind }) => site === DEMO_SITE && kind === 'pi');
  const [here, there] = [topologyOf(rack.spec), demoTopology(boards)];
  await teachTopology(rack, {
    sites: [...here.sites, ...there.sites],
    racks: [...here.racks, ...there.racks],
    shelves: [...here.shelves, ...there.shelves],
    switches: [...here.switches, ...there.switches],
    fileservers: [...here.fileservers, ...there.fileservers],
    nodes: [...here.nodes, ...there.nodes],
  });
  const diskless = Array.from({ length: PIS }, (_, index) => index).filter(isDiskless);
  return diskless.map((index) => ({ name: demoPiName(index), switch: DEMO_SWITCH, port: `swp${index + 1}` }));
}

/** Nobody is asked after it any more. */
export async function endOtherSite(rack: Rack): Promise<void> {
  await end(rack.dir, NAME);
  const { api } = rack.controller;
  for (const { id, name, state } of await api.nodes()) {
    if (NAMES.includes(name) && state !== 'revoked') await api.revoke(id, 'the test is over');
  }
  await teachTopology(rack, topologyOf(rack.spec));
}

/** The kernel of a board there hangs, until its power is cycled. */
export async function hangElsewhere(rack: Rack, { name }: BoardElsewhere): Promise<void> {
  await bramble(rack, 'demo', 'break', 'hang', name);
}

/** In a process of its own, beside the controller. It never resolves: it ends with its rack. */
export async function serveOtherSite({ controller }: Rack, say: (line: string) => void): Promise<number> {
  const paths = pathsIn(path.dirname(controller.adminSocket));
  mkdirSync(paths.logs, { recursive: true, mode: 0o700 });
  const api = new ApiClient(new HttpTransport({ kind: 'socket', path: paths.adminSocket }, NAME), NEVER);
  const site = new DemoSite({
    paths,
    distDir: path.resolve('dist'),
    pis: PIS,
    troubles: false,
    say,
    onPid: () => undefined,
  });
  await site.start(api, NEVER);
  return new Promise(() => undefined);
}
