import { expect, test } from 'vitest';
import { recordedTrees } from '../../test/fixtures/index.js';
import { SimSite } from '../kit/testing/sim-site.js';
import { piCollectors } from './collectors/index.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** What an agent may write in a day, of which its own state is a part. */
const WRITTEN_BYTES_MAX = 1_000_000;

const CARDS = recordedTrees('host').filter(({ name }) => ['pi-1b', 'pi-4b', 'dying-sd-card'].includes(name));

test.for(CARDS)(
  '$name with everything on writes less than a megabyte in an idle day',
  { timeout: 120_000 },
  async ({ input: kernel }) => {
    const site = new SimSite(1, { kernel });
    const { host } = site;
    site.change = {
      collectors: (probe) =>
        piCollectors(probe, { verifyWrites: { files: host.files, stateDir: '/state' }, inventory: ['inventory'] }),
    };
    site.start();
    await site.pass(HOUR_MS);
    expect(site.controller.facts.get('card_verify_sequence_count mmcblk0')).toBe(1);
    const { disk, kernelLog } = host.board;
    const [writtenBytes, reports] = [disk.writtenBytes, site.controller.reportsCount];
    for (let hour = 0; hour < 24; hour++) {
      kernelLog.write('mmc1: Timeout waiting for hardware interrupt.');
      await site.pass(HOUR_MS);
    }
    expect(site.controller.reportsCount - reports).toBeGreaterThan(DAY_MS / 30_000 - 10);
    expect(site.controller.eventsOf('kernelLogMatched').length).toBeGreaterThanOrEqual(24);
    expect(disk.writtenBytes - writtenBytes).toBeLessThan(WRITTEN_BYTES_MAX);
  },
);
