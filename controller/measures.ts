/** One figure for /metrics; the web adapter declares the same shape. */
export interface Measure {
  readonly name: string;
  readonly help: string;
  readonly kind: 'gauge' | 'counter';
  readonly value: number;
}

/**
 * What a part of the controller counts, as Prometheus wants it. `counts` is by snake_case name; one that ends in `_total`
 * only goes up. `area` goes in front; empty for a part that names its counts fully.
 */
export function measuresOf(area: string, counts: Readonly<Record<string, number>>): readonly Measure[] {
  return Object.entries(counts).map(([name, value]) => {
    const fullName = area === '' ? name : `${area}_${name}`;
    return {
      name: `bramble_${fullName}`,
      help: `${fullName.replace(/_total$/, '').replaceAll('_', ' ')}.`,
      kind: name.endsWith('_total') ? 'counter' : 'gauge',
      value,
    };
  });
}

interface Counted {
  counters(): Readonly<Record<string, number>>;
}

/** Of all parts of a running controller. */
export async function allMeasures(parts: {
  readonly core: Counted;
  readonly rpc: Counted;
  readonly store: Counted & { sizeBytes(): Promise<number> };
  readonly history: Counted;
  readonly ticks: Counted;
  readonly overlay?: Counted | undefined;
}): Promise<readonly Measure[]> {
  const { core, rpc, store, history, ticks, overlay } = parts;
  return [
    ...measuresOf('core', core.counters()),
    ...measuresOf('rpc', rpc.counters()),
    ...measuresOf('', { ...store.counters(), store_size_bytes: await store.sizeBytes() }),
    ...measuresOf('', history.counters()),
    ...measuresOf('', ticks.counters()),
    ...measuresOf('', overlay?.counters() ?? {}),
  ];
}
