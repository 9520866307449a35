import { BrambleError } from '../../../proto/contract/errors.js';
import type { Collector } from '../../kit/collect/collector.js';
import { noData, ok } from '../../kit/collect/collector.js';
import { Samples } from '../../kit/collectors/sample.js';
import type { KernelFiles } from '../../kit/host/ports.js';

/** Share of the last 60 s, 1/1000. */
export interface Pressure {
  /** Some task waited. */
  readonly somePermille: number;
  /** All tasks that had something to do waited; `undefined` where the kernel does not say (processor, before 5.13). */
  readonly fullPermille: number | undefined;
}

const LINE = /^(some|full) avg10=\d{1,3}\.\d\d avg60=(\d{1,3})\.(\d\d) avg300=\d{1,3}\.\d\d total=\d+$/;

/**
 * Parses a file of /proc/pressure. Source: Linux Documentation/accounting/psi.rst; kernel/sched/psi.c, psi_show().
 * @throws BrambleError `data-loss` when the file is cut short or has another form.
 */
export function parsePressure(text: string): Pressure {
  const permille = new Map<string, number>();
  if (!text.endsWith('\n')) throw strange();
  for (const line of text.slice(0, -1).split('\n')) {
    const [, kind, whole, hundredths] = LINE.exec(line) ?? [];
    if (kind === undefined) throw strange();
    permille.set(kind, Math.round(Number(whole) * 10 + Number(hundredths) / 10));
  }
  const somePermille = permille.get('some');
  if (somePermille === undefined) throw strange();
  return { somePermille, fullPermille: permille.get('full') };
}

function strange(): BrambleError {
  return new BrambleError('data-loss', '/proc/pressure: cut short or of another form');
}

/** A kernel without pressure information keeps to that until it is booted anew: asked this often, ms. */
const SURVEY_MS = 3_600_000;

/**
 * Kernels that do not measure it have no files, or refuse to read them (EOPNOTSUPP): those of Raspberry Pi OS have it switched
 * off until psi=1 stands in cmdline.txt.
 */
export function makePressureCollector(): Collector {
  let absentSinceMs = Number.NEGATIVE_INFINITY;
  return {
    name: 'pressure',
    intervalMs: 60_000, // as long as the averages
    timeoutMs: 5_000,
    collect({ kernel, clock }) {
      if (clock.monotonicMs() - absentSinceMs < SURVEY_MS) return noData('the kernel does not measure pressure');
      const cpu = read(kernel, 'cpu');
      const memory = read(kernel, 'memory');
      const io = read(kernel, 'io');
      const samples = new Samples();
      samples.number('pressure_cpu_some_permille', cpu?.somePermille);
      samples.number('pressure_memory_some_permille', memory?.somePermille);
      samples.number('pressure_memory_full_permille', memory?.fullPermille);
      samples.number('pressure_io_some_permille', io?.somePermille);
      samples.number('pressure_io_full_permille', io?.fullPermille);
      if (samples.list.length > 0) return ok(samples.list);
      absentSinceMs = clock.monotonicMs();
      return noData('the kernel does not measure pressure');
    },
  };
}

function read(kernel: KernelFiles, resource: 'cpu' | 'memory' | 'io'): Pressure | undefined {
  const text = kernel.readText(`/proc/pressure/${resource}`);
  return text === undefined ? undefined : parsePressure(text);
}
