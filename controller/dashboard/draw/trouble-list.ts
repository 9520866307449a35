import type { TroubleView } from '../view-model.js';
import { element } from './dom.js';

/** Ages are filled in by the caller, into `.since`. */
export function troubleList(troubles: readonly TroubleView[]): HTMLElement {
  return element(
    'ul',
    { class: 'troubles' },
    ...troubles.map((trouble) =>
      element(
        'li',
        { class: `trouble trouble--${trouble.severity}` },
        element('span', { class: 'severity' }, trouble.severity),
        ' ',
        element('strong', {}, trouble.message),
        ' ',
        element('span', { class: 'since' }, trouble.since),
        element('span', { class: 'remedy' }, trouble.remedy),
      ),
    ),
  );
}
