/** One figure for /metrics; the web adapter declares the same shape. */
export interface Measure {
  readonly name: string;
  readonly help: string;
  readonly kind: 'gauge' | 'counter';
  readonly value: number;
}

/**
 * What a part of the controller counts, as Prometheus wants it. `counts` is by snake_case name; a name that ends in
 * `_total` only goes up.
 */
export function measuresOf(area: string, counts: Readonly<Record<string, number>>): readonly Measure[] {
  return Object.entries(counts).map(([name, value]) => {
    const words = name.replace(/_total$/, '').replaceAll('_', ' ');
    return {
      name: `bramble_${area}_${name}`,
      help: `${area}: ${words}.`,
      kind: name.endsWith('_total') ? 'counter' : 'gauge',
      value,
    };
  });
}
