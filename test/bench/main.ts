import { parseArgs } from 'node:util';
import { measureAgent } from './agent.js';
import { measureApi } from './api.js';
import { runApiLoad } from './api-load.js';
import { runBareServer } from './bare-server.js';
import { type Figure, printFigure } from './figure.js';
import { measureFileserver } from './fileserver.js';
import { measureHealing } from './healing.js';
import { historyBytes } from './history.js';
import { measureImages } from './images.js';
import { runLoad } from './load.js';
import { measureOverlay } from './overlay.js';
import { measurePage } from './page.js';
import { measureRoots } from './roots.js';
import { measureServers, type ServerFigures } from './streams.js';
import { measureSwitch } from './switch.js';
import { measureWire } from './wire.js';

/** `npm run bench [-- AREA ...]`: each figure is one line of JSON; exit 1 when a goal was missed. */
function areas(): Readonly<Record<string, () => Promise<readonly Figure[]>>> {
  let servers: Promise<ServerFigures> | undefined; // two areas share one measurement
  const measured = (): Promise<ServerFigures> => {
    servers ??= measureServers();
    return servers;
  };
  return {
    agent: measureAgent,
    wire: measureWire,
    ingest: async () => [...(await measured()).ingest, historyBytes()],
    streams: async () => (await measured()).streams,
    api: measureApi,
    page: measurePage,
    fileserver: measureFileserver,
    healing: measureHealing,
    overlay: measureOverlay,
    roots: measureRoots,
    switch: measureSwitch,
    images: measureImages,
  };
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    load: { type: 'string' },
    'bare-server': { type: 'string' },
    'api-load': { type: 'string' },
  },
});

if (values.load !== undefined) await runLoad(values.load);
else if (values['bare-server'] !== undefined) await runBareServer(values['bare-server']);
else if (values['api-load'] !== undefined) await runApiLoad(Number(values['api-load']));
else process.exitCode = await bench(positionals);

async function bench(wanted: readonly string[]): Promise<number> {
  const known = areas();
  const unknown = wanted.filter((area) => !(area in known));
  if (unknown.length > 0) {
    process.stderr.write(`no such area: ${unknown.join(', ')}; there are ${Object.keys(known).join(', ')}\n`);
    return 2;
  }
  let met = true;
  for (const area of wanted.length === 0 ? Object.keys(known) : wanted) {
    for (const figure of (await known[area]?.()) ?? []) {
      met = printFigure(figure, (line) => process.stdout.write(`${line}\n`)) && met;
    }
  }
  return met ? 0 : 1;
}
