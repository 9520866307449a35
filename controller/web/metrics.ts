import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Measure } from './options.js';

/** Text of /metrics: the process itself (event loop lag among it), the doors, and what the rest of the controller counts. */
export class Metrics {
  readonly #process = new Registry();
  readonly #requests = new Counter({
    name: 'bramble_http_requests_total',
    help: 'Requests answered, by door and status.',
    labelNames: ['door', 'status'],
    registers: [this.#process],
  });

  /** Starts measuring this process; once per registry. */
  start(): void {
    collectDefaultMetrics({ register: this.#process, prefix: 'bramble_' });
    // Gauges with the suffix of counters, which promtool rejects; the same figures by type stay.
    for (const what of ['handles', 'requests', 'resources']) {
      this.#process.removeSingleMetric(`bramble_nodejs_active_${what}_total`);
    }
  }

  countRequest(door: string, status: number): void {
    this.#requests.inc({ door, status });
  }

  readonly contentType = this.#process.contentType;

  async render(measures: readonly Measure[]): Promise<string> {
    const registry = new Registry();
    const gauges = new Map<string, Gauge | Counter>();
    for (const measure of measures) {
      const metric = gauges.get(measure.name) ?? newMetric(measure, registry);
      gauges.set(measure.name, metric);
      if (Number.isFinite(measure.value)) metric.inc(measure.labels ?? {}, measure.value);
    }
    return `${await this.#process.metrics()}\n${await registry.metrics()}`;
  }
}

function newMetric(measure: Measure, registry: Registry): Gauge | Counter {
  const options = {
    name: measure.name,
    help: measure.help,
    labelNames: Object.keys(measure.labels ?? {}),
    registers: [registry],
  };
  return measure.kind === 'gauge' ? new Gauge(options) : new Counter(options);
}
