import type { NodeDetail } from '../../proto/contract/api/fleet.js';
import { renderBytes } from '../../proto/contract/words.js';
import { counterRates, gaugeValues, knownParts, type Points, type Span, type Values } from './series.js';

/** How much of the past the graphs show. */
export const GRAPH_MS = 3_600_000;
const PARTS = 120;

/** A fact of one node whose history is wanted. */
export interface WantedSeries {
  readonly fact: string;
  readonly instance: string;
}

export interface GraphLine {
  /** Absent where there is only one. */
  readonly label: string | undefined;
  /** 0 at the bottom to 1 at the top; `undefined` = not known. */
  readonly heights: Values;
}

/** One graph as final text and shape. */
export interface GraphView {
  readonly title: string;
  /** The newest value, in words. */
  readonly now: string;
  readonly top: string;
  readonly bottom: string;
  readonly lines: readonly GraphLine[];
  /** What the picture says, for those who do not see it. */
  readonly summary: string;
}

interface GraphKind {
  readonly title: string;
  readonly series: readonly { readonly wanted: WantedSeries; readonly label?: string }[];
  readonly kind: 'gauge' | 'counter';
  /** From the recorded unit to that of the graph. */
  readonly scale: (value: number) => number;
  readonly render: (value: number) => string;
  /** The least that bottom and top span. */
  readonly range: { readonly bottom: number; readonly top: number };
  /** Bottom and top follow the values where these leave the range. */
  readonly isOpen: boolean;
}

const percent = (value: number): string => `${Math.round(value)} %`;
const celsius = (value: number): string => `${Number(value.toFixed(1))} °C`;
/** Without decimals: the rate of a network is never that steady. */
const perSecond = (value: number): string => `${renderBytes(Math.round(value)).replace(/\.\d /, ' ')}/s`;

/** The graphs that a node has data for. */
function graphKinds(node: NodeDetail): readonly GraphKind[] {
  const memoryBytes = numberOf(node, 'memory_total_bytes', '');
  const sensor = instanceOf(node, 'temperature_millidegrees', () => 0, 'cpu-thermal');
  const link = instanceOf(node, 'network_received_bytes', (value) => value);
  const full = { bottom: 0, top: 100 };
  const kinds: (GraphKind | undefined)[] = [
    {
      ...{ title: 'Processor', kind: 'gauge', render: percent, range: full, isOpen: false },
      series: [{ wanted: { fact: 'cpu_busy_permille', instance: '' } }],
      scale: (permille) => permille / 10,
    },
    memoryBytes === undefined
      ? undefined
      : {
          ...{ title: 'Memory in use', kind: 'gauge', render: percent, range: full, isOpen: false },
          series: [{ wanted: { fact: 'memory_available_bytes', instance: '' } }],
          scale: (availableBytes) => (1 - availableBytes / memoryBytes) * 100,
        },
    sensor === undefined
      ? undefined
      : {
          ...{ title: 'Temperature', kind: 'gauge', render: celsius, range: { bottom: 20, top: 90 }, isOpen: true },
          series: [{ wanted: { fact: 'temperature_millidegrees', instance: sensor } }],
          scale: (millidegrees) => millidegrees / 1_000,
        },
    link === undefined
      ? undefined
      : {
          ...{ title: `Network ${link}`, kind: 'counter', render: perSecond, range: { bottom: 0, top: 1_024 } },
          ...{ scale: (value: number) => value, isOpen: true },
          series: [
            { wanted: { fact: 'network_received_bytes', instance: link }, label: 'in' },
            { wanted: { fact: 'network_transmitted_bytes', instance: link }, label: 'out' },
          ],
        },
  ];
  const has = ({ fact, instance }: WantedSeries): boolean => numberOf(node, fact, instance) !== undefined;
  return kinds.filter((kind) => kind !== undefined).filter(({ series }) => series.every(({ wanted }) => has(wanted)));
}

/** What to ask the controller for, so that {@link graphViews} can draw. */
export function wantedSeries(node: NodeDetail): readonly WantedSeries[] {
  return graphKinds(node).flatMap(({ series }) => series.map(({ wanted }) => wanted));
}

/** @param history in the order of {@link wantedSeries} */
export function graphViews(node: NodeDetail, history: readonly Points[], toMs: number): readonly GraphView[] {
  const span: Span = { fromMs: toMs - GRAPH_MS, toMs, parts: PARTS };
  const known = knownParts(history, node.lastSeenMs ?? 0, span);
  let next = 0;
  return graphKinds(node).map((kind) => {
    const points = kind.series.map(() => history[next++] ?? []);
    return graphView(kind, points, known, span);
  });
}

function graphView(kind: GraphKind, points: readonly Points[], known: readonly boolean[], span: Span): GraphView {
  const read = kind.kind === 'gauge' ? gaugeValues : counterRates;
  const lines = points.map((each) =>
    read(each, known, span).map((value) => (value === undefined ? undefined : kind.scale(value))),
  );
  const all = lines.flat().filter((value) => value !== undefined);
  const { bottom, top } = kind.isOpen ? widened(kind.range, all) : kind.range;
  const height = (value: number): number => Math.min(1, Math.max(0, (value - bottom) / (top - bottom)));
  const label = (line: number): string | undefined => kind.series[line]?.label;
  return {
    title: kind.title,
    now: lines.map((values, line) => withLabel(label(line), nowOf(values, kind.render))).join(', '),
    top: kind.render(top),
    bottom: kind.render(bottom),
    lines: lines.map((values, line) => ({
      label: label(line),
      heights: values.map((value) => (value === undefined ? undefined : height(value))),
    })),
    summary: `${kind.title} in the last hour: ${lines
      .map((values, line) => withLabel(label(line), inWords(values, kind.render)))
      .join('; ')}`,
  };
}

function withLabel(label: string | undefined, text: string): string {
  return label === undefined ? text : `${label} ${text}`;
}

function nowOf(values: Values, render: (value: number) => string): string {
  // The last part has only begun: a counter may not have moved in it yet.
  const newest = values.at(-1) ?? values.at(-2);
  return newest === undefined ? 'no data' : render(newest);
}

function inWords(values: Values, render: (value: number) => string): string {
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0) return 'no data';
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const words = `now ${nowOf(values, render)}, on average ${render(mean)}, between ${render(Math.min(...known))} and ${render(Math.max(...known))}`;
  const unknown = values.length - known.length;
  return unknown === 0 ? words : `${words}; no data for ${Math.round((unknown / values.length) * 60)} min`;
}

/** Round numbers around everything that was seen. */
function widened(range: GraphKind['range'], values: readonly number[]): GraphKind['range'] {
  const top = Math.max(range.top, ...values);
  return { bottom: Math.min(range.bottom, ...values), top: top === range.top ? top : roundUp(top) };
}

/** 1, 2 or 5 with zeros behind, or the power of two of a byte unit. */
function roundUp(value: number): number {
  const unit = value >= 1_024 ? 1_024 ** Math.floor(Math.log(value) / Math.log(1_024)) : 1;
  const rest = value / unit;
  const step = 10 ** Math.floor(Math.log10(rest));
  const nice = [1, 2, 5, 10].find((each) => each * step >= rest) ?? 10;
  return nice * step * unit;
}

function numberOf({ facts }: NodeDetail, fact: string, instance: string): number | undefined {
  const value = facts.find((each) => each.fact === fact && each.instance === instance)?.value;
  return typeof value === 'number' ? value : undefined;
}

/** The instance of a fact that is preferred, or else weighs most. */
function instanceOf(
  { facts }: NodeDetail,
  fact: string,
  weigh: (value: number) => number,
  preferred?: string,
): string | undefined {
  const instances = facts.filter((each) => each.fact === fact && typeof each.value === 'number');
  if (instances.some(({ instance }) => instance === preferred)) return preferred;
  const heaviest = instances.toSorted((a, b) => weigh(Number(b.value)) - weigh(Number(a.value)));
  return heaviest[0]?.instance;
}
