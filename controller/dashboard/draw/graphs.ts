import type { GraphLine, GraphView } from '../graph-view.js';
import { element, svgElement } from './dom.js';

/** Size of a picture in its own units; it is stretched to the room that it gets. */
const WIDTH = 240;
const HEIGHT = 60;

/** Graphs side by side. Everything that they show stands beside them or behind them in words. */
export function drawGraphs(graphs: readonly GraphView[]): HTMLElement {
  return element('div', { class: 'graphs' }, ...graphs.map(drawGraph));
}

function drawGraph({ title, now, top, bottom, lines, summary }: GraphView): HTMLElement {
  const picture = svgElement('svg', {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: 'none',
    role: 'img',
    'aria-label': summary,
  });
  for (const part of [0.25, 0.5, 0.75]) {
    const y = String(HEIGHT * part);
    picture.append(svgElement('line', { class: 'grid', x1: '0', x2: String(WIDTH), y1: y, y2: y }));
  }
  lines.forEach((line, index) => {
    if (index === 0) picture.append(svgElement('path', { class: 'area', d: outline(line, true) }));
    picture.append(svgElement('path', { class: `line line--${index}`, d: outline(line, false) }));
  });
  return element(
    'figure',
    { class: 'graph' },
    element(
      'figcaption',
      {},
      element('span', { class: 'graph-title' }, title),
      ' ',
      element('strong', { class: 'graph-now' }, now),
    ),
    element(
      'div',
      { class: 'plot' },
      picture,
      element('span', { class: 'scale scale--top', 'aria-hidden': 'true' }, top),
      element('span', { class: 'scale scale--bottom', 'aria-hidden': 'true' }, bottom),
    ),
    element(
      'div',
      { class: 'times', 'aria-hidden': 'true' },
      element('span', {}, '1 h ago'),
      ...lines.flatMap(({ label }, index) =>
        label === undefined ? [] : [element('span', { class: `key key--${index}` }, label)],
      ),
      element('span', {}, 'now'),
    ),
  );
}

/** A path along the values, in pieces where some are not known; `isArea` closes each down to the bottom. */
export function outline({ heights }: GraphLine, isArea: boolean): string {
  const step = WIDTH / heights.length;
  const pieces: string[] = [];
  let piece: string[] = [];
  let startX = '0';
  const finish = (endX: string): void => {
    if (piece.length > 0) pieces.push(`M${piece.join('L')}${isArea ? `L${endX} ${HEIGHT}L${startX} ${HEIGHT}Z` : ''}`);
    piece = [];
  };
  heights.forEach((height, index) => {
    const left = (index * step).toFixed(1);
    if (height === undefined) {
      finish(left);
      return;
    }
    const y = ((1 - height) * HEIGHT).toFixed(1);
    if (piece.length === 0) {
      startX = left;
      piece.push(`${left} ${y}`);
    }
    piece.push(`${((index + 1) * step).toFixed(1)} ${y}`);
  });
  finish(String(WIDTH));
  return pieces.join('');
}
