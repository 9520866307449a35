import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noMachine } from '../../machine/local-machine.js';
import { describeHost } from '../../testing/host-conformance.js';
import { SimNetwork } from '../../testing/sim-net.js';
import { SimWorld } from '../../testing/sim-world.js';
import { makeNodeHost } from './host.js';
import { makeNodeRandom } from './random.js';
import { makeChildServices } from './services-child.js';

describeHost('the real host', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'bramble-host-'));
  const unit = 'sleeper.service';
  const services = makeChildServices({ units: { [unit]: ['sleep', '600'] }, random: makeNodeRandom() });
  services.start();
  return {
    host: makeNodeHost({
      root: '/',
      net: new SimNetwork(new SimWorld(1)).makeNet('unused'),
      services,
      machine: noMachine(),
    }),
    directory: join(directory, 'state'),
    unit,
    settle: (promise) => promise,
    close: async () => {
      await services.close();
      await rm(directory, { recursive: true });
    },
  };
});
