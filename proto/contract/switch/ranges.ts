import { comparePortNames } from './plan.js';

/** "10-12 131": ascending VLANs, runs of them joined. Source: ifupdown-addons-interfaces(5), bridge-vids. */
export function renderVlans(vlans: readonly number[]): string {
  return runsOf(vlans.toSorted((a, b) => a - b))
    .map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`))
    .join(' ');
}

/** `undefined` for anything else than ascending numbers and ranges of VLANs. */
export function parseVlans(text: string): readonly number[] | undefined {
  const vlans: number[] = [];
  for (const part of text.split(/\s+/).filter((word) => word !== '')) {
    const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part);
    if (match === null) return undefined;
    const from = Number(match[1]);
    const to = Number(match[2] ?? from);
    if (from < 1 || to > 4094 || to < from) return undefined;
    for (let vlan = from; vlan <= to; vlan++) vlans.push(vlan);
  }
  return vlans;
}

/** "glob swp1-47 swp49": runs of ports joined, as bridge-ports has them. Source: interfaces(5) of ifupdown2, glob. */
export function renderPorts(names: readonly string[]): string {
  const sorted = names.toSorted(comparePortNames);
  const words: string[] = [];
  for (let at = 0; at < sorted.length; ) {
    const { stem, number, suffix } = partsOf(sorted[at] ?? '');
    let length = 1;
    while (number !== undefined && sorted[at + length] === `${stem}${number + length}${suffix}`) length += 1;
    if (number === undefined || length < 3) words.push(...sorted.slice(at, at + length));
    else words.push(`glob ${stem}${number}-${number + length - 1}${suffix}`);
    at += length;
  }
  return words.join(' ');
}

/** The names that bridge-ports means; `undefined` for a pattern of another kind. */
export function parsePorts(text: string): readonly string[] | undefined {
  const names: string[] = [];
  const words = text.split(/\s+/).filter((word) => word !== '');
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word !== 'glob') {
      if (!/^[\w.-]+$/.test(word) || word === 'regex') return undefined;
      names.push(word);
      continue;
    }
    at += 1;
    const match = /^([A-Za-z][\w-]*?)(\d{1,3})-(\d{1,3})(\.\d{1,4})?$/.exec(words[at] ?? '');
    if (match === null) return undefined;
    const [, stem = '', from, to, suffix = ''] = match;
    for (let number = Number(from); number <= Number(to); number++) names.push(`${stem}${number}${suffix}`);
  }
  return names;
}

/** "swp3.131" is swp, 3 and .131; a leading zero is no number of a port. */
function partsOf(name: string): {
  readonly stem: string;
  readonly number: number | undefined;
  readonly suffix: string;
} {
  const match = /^([A-Za-z][\w-]*?)(0|[1-9]\d{0,2})(\.\d+)?$/.exec(name);
  if (match === null) return { stem: name, number: undefined, suffix: '' };
  return { stem: match[1] ?? '', number: Number(match[2]), suffix: match[3] ?? '' };
}

function runsOf(sorted: readonly number[]): readonly (readonly [number, number])[] {
  const runs: [number, number][] = [];
  for (const value of sorted) {
    const last = runs.at(-1);
    if (last !== undefined && (value === last[1] + 1 || value === last[1])) last[1] = value;
    else runs.push([value, value]);
  }
  return runs;
}
