import { type Collector, noData, ok } from '../../agent/kit/collect/collector.js';
import { Samples } from '../../agent/kit/collectors/sample.js';
import { FillForecast } from './export-forecast.js';

const ETAB = '/var/lib/nfs/etab';
const EXPORTS_MAX = 512;

/** Directories with the number of clients that may mount them. Source: exports(5); nfs-utils, support/nfs/xio.c (escapes). */
export function parseEtab(text: string): ReadonlyMap<string, number> {
  const clients = new Map<string, number>();
  for (const line of text.split('\n')) {
    const path = /^(\/\S*)\t/.exec(line)?.[1]?.replace(/\\([0-7]{3})/g, (_, octal: string) => {
      return String.fromCharCode(Number.parseInt(octal, 8));
    });
    if (path !== undefined && (clients.has(path) || clients.size < EXPORTS_MAX))
      clients.set(path, (clients.get(path) ?? 0) + 1);
  }
  return clients;
}

/** Room on what is exported, and when it will be full. */
export function makeExportsCollector(): Collector {
  let forecasts: ReadonlyMap<string, FillForecast> = new Map();
  return {
    name: 'exports',
    intervalMs: 60_000,
    timeoutMs: 10_000,
    collect({ kernel, clock }) {
      const text = kernel.readText(ETAB);
      if (text === undefined) return noData(`no ${ETAB}`);
      const nowMs = clock.monotonicMs();
      const samples = new Samples();
      const next = new Map<string, FillForecast>();
      for (const [path, clients] of parseEtab(text)) {
        samples.number('export_clients_count', clients, path);
        const stat = kernel.statFilesystem(path);
        if (stat === undefined) continue;
        const availableBytes = stat.blocksAvailable * stat.blockSizeBytes;
        samples.number('export_size_bytes', stat.blocks * stat.blockSizeBytes, path);
        samples.number('export_available_bytes', availableBytes, path);
        if (stat.inodes > 0) {
          samples.number('export_inodes_count', stat.inodes, path);
          samples.number('export_inodes_free_count', stat.inodesFree, path);
        }
        const forecast = forecasts.get(path) ?? new FillForecast();
        next.set(path, forecast);
        forecast.add({ atMs: nowMs, availableBytes });
        samples.number('export_full_in_s', forecast.fullInS(), path);
      }
      forecasts = next;
      return ok(samples.list);
    },
  };
}
