import type { FactView } from '../../proto/contract/api/fleet.js';
import type { Listing } from './output.js';

/** The roots of one board, as its fileserver tells. */
export interface BoardRootsView {
  readonly serial: string;
  /** Generation that it is served; 0 = none. */
  readonly generation: number;
  readonly image: string;
  readonly hostname: string;
  /** That it can be given back; 0 = none. */
  readonly previous: number;
  /** Complete; larger than `generation`: it was prepared, and waits. */
  readonly newest: number;
  /** What was cut off; empty = nothing. */
  readonly underWay: string;
  /** Why it is served nothing; empty while it is served. */
  readonly closed: string;
  /** Lines "type base64". */
  readonly hostKeys: readonly string[];
}

/** In the order of their serial numbers. */
export function boardRoots(facts: readonly FactView[]): readonly BoardRootsView[] {
  const value = (fact: string, instance: string): number | string | undefined =>
    facts.find((each) => each.fact === fact && each.instance === instance)?.value;
  const number = (fact: string, instance: string): number => Number(value(fact, instance) ?? 0);
  const text = (fact: string, instance: string): string => String(value(fact, instance) ?? '');
  const serials = facts.filter(({ fact }) => fact === 'root_generation_count').map(({ instance }) => instance);
  return serials.toSorted().map((serial) => ({
    serial,
    generation: number('root_generation_count', serial),
    image: text('root_image_text', serial),
    hostname: text('root_hostname_text', serial),
    previous: number('root_previous_count', serial),
    newest: number('root_newest_count', serial),
    underWay: text('root_under_way_text', serial),
    closed: text('root_closed_text', serial),
    hostKeys: facts
      .filter(({ fact, instance }) => fact === 'root_host_key_text' && instance.startsWith(`${serial}/`))
      .map((each) => String(each.value)),
  }));
}

/** What stands out about a board, in few words. */
function stateText({ underWay, closed, newest, generation }: BoardRootsView): string {
  if (underWay !== '') return `${underWay} was cut off`;
  if (closed !== '') return `closed: ${closed}`;
  return newest > generation ? `generation ${newest} is prepared` : 'served';
}

const orDash = (count: number): string => (count === 0 ? '-' : String(count));

export const ROOTS_LISTING: Listing<BoardRootsView & { readonly node: string }> = {
  columns: [
    { title: 'FILESERVER', text: ({ node }) => node },
    { title: 'BOARD', text: ({ serial }) => serial },
    { title: 'HOST NAME', text: ({ hostname }) => hostname },
    { title: 'SERVED', text: ({ generation }) => orDash(generation) },
    { title: 'IMAGE', text: ({ image }) => image },
    { title: 'PREVIOUS', text: ({ previous }) => orDash(previous) },
    { title: 'STATE', text: stateText, tone: (board) => (stateText(board) === 'served' ? 'good' : 'bad') },
    { title: 'HOST KEYS', text: ({ hostKeys }) => hostKeys.join(', '), wide: true },
  ],
  name: ({ node, serial }) => `root/${node}/${serial}`,
  empty: 'No fileserver tells of roots.',
};
