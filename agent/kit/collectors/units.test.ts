import { expect, test } from 'vitest';
import { BrambleError } from '../../../proto/contract/errors.js';
import { collectOn, values } from '../testing/collect-on.js';
import { makeSimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { makeUnitsCollector } from './units.js';

test('units that the agent may restart are told with what the service manager says of each', async () => {
  const { board, services } = makeSimHost(new SimWorld(1), 'pi', { units: ['web.service', 'backup.service'] });
  board.units.fail('backup.service');
  const units = ['web.service', 'backup.service', 'not-installed.service'];
  const collected = await collectOn(makeUnitsCollector(units), {}, (host) => ({ ...host, services })).run();
  expect(values(collected)).toEqual({ 'unit_state web.service': 1, 'unit_state backup.service': 4 });
});

test('where no service manager runs nothing is claimed, and any other failure is a failure', async () => {
  const failing = (code: 'unsupported' | 'unavailable') =>
    collectOn(makeUnitsCollector(['web.service']), {}, (host) => ({
      ...host,
      services: { ...host.services, state: () => Promise.reject(new BrambleError(code, 'no answer')) },
    }));
  expect(await failing('unsupported').run()).toEqual({ kind: 'no-data', why: 'no service manager runs' });
  await expect(failing('unavailable').run()).rejects.toMatchObject({ code: 'unavailable' });
});
