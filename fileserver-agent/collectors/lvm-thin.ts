import { type Collector, noData, ok } from '../../agent/kit/collect/collector.js';
import { Samples } from '../../agent/kit/collectors/sample.js';
import * as z from '../../agent/kit/form.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { orNothing } from './helper-answer.js';

const POOL = z.object({
  vg_name: z.string(),
  lv_name: z.string(),
  lv_size: z.string(),
  data_percent: z.string(),
  metadata_percent: z.string(),
  lv_health_status: z.string(),
});
const REPORT = z.object({ report: z.array(z.object({ lv: z.optional(z.array(POOL)) })) });
type Pool = z.infer<typeof POOL>;

const INTERVAL_MS = 120_000;
const POOLS_MAX = 16;

/** How full the thin pools of LVM are, through a helper. */
export function makeThinPoolCollector(): Collector {
  return {
    name: 'thin-pools',
    intervalMs: INTERVAL_MS,
    timeoutMs: 90_000,
    async collect({ machine }, signal) {
      const answer = await orNothing(machine.storage({ kind: 'thin-pools' }, signal));
      if ('nothing' in answer) return noData(answer.nothing);
      const samples = new Samples();
      for (const pool of parseThinPools(answer.found).slice(0, POOLS_MAX)) addPool(samples, pool);
      return samples.list.length === 0 ? noData('no thin pool') : ok(samples.list);
    },
  };
}

/** Source: lvmreport(7). @throws BrambleError `data-loss` for anything else than the JSON of lvs */
export function parseThinPools(text: string): readonly Pool[] {
  try {
    return REPORT.parse(JSON.parse(text)).report.flatMap(({ lv }) => lv ?? []);
  } catch (cause) {
    throw new BrambleError('data-loss', 'lvs printed something else than its JSON', { cause });
  }
}

function addPool(samples: Samples, pool: Pool): void {
  const name = `${pool.vg_name}/${pool.lv_name}`;
  samples.number('thin_pool_data_permille', permille(pool.data_percent), name);
  samples.number('thin_pool_metadata_permille', permille(pool.metadata_percent), name);
  samples.number('thin_pool_size_bytes', /^\d{1,15}$/.test(pool.lv_size) ? Number(pool.lv_size) : undefined, name);
  samples.text('thin_pool_health_text', pool.lv_health_status, name);
  samples.flag('thin_pool_failed_flag', pool.lv_health_status !== '', name);
}

/** "42.17" -> 421; empty for a pool that is not active. */
function permille(percent: string): number | undefined {
  return /^\d{1,3}\.\d+$/.test(percent) ? Math.floor(Number(percent) * 10) : undefined;
}
