import type { PiSpec } from '../../agent/demo/pi-spec.js';
import type { BoardView, RootsOrder, RootsView } from '../../agent/kit/roots/orders.js';
import { DEMO_IMAGES } from '../../proto/contract/api/demo.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { NO_ROOTS, preparedWords } from '../../proto/contract/netboot/prepared.js';

interface SimulatedBoard {
  readonly current: number;
  readonly previous: number | undefined;
  /** Image by generation. */
  readonly generations: Readonly<Record<string, string>>;
}

/** What the boards without a card are served, by the last eight digits of their serial numbers. */
export type RootsState = Readonly<Record<string, SimulatedBoard>>;

/** Every board has one root, of the image that the site was built with. */
export function installedRoots(pis: readonly PiSpec[]): RootsState {
  const board: SimulatedBoard = { current: 1, previous: undefined, generations: { 1: DEMO_IMAGES.installed } };
  return Object.fromEntries(diskless(pis).map(({ serial }) => [boardOf(serial), board]));
}

/** Boards that came since have what all have; what is damaged counts for nothing. */
export function parseRoots(text: string | undefined, pis: readonly PiSpec[]): RootsState {
  const installed = installedRoots(pis);
  try {
    const known: unknown = JSON.parse(text ?? '{}');
    if (typeof known !== 'object' || known === null) return installed;
    const boards = Object.entries(known).filter(([serial, board]) => serial in installed && isBoard(board));
    return { ...installed, ...Object.fromEntries(boards) };
  } catch {
    return installed;
  }
}

function isBoard(value: unknown): value is SimulatedBoard {
  if (typeof value !== 'object' || value === null) return false;
  if (!('current' in value && 'generations' in value)) return false;
  const { current, generations } = value;
  return typeof current === 'number' && typeof generations === 'object' && generations !== null;
}

/** Pis whose system panics as soon as it has mounted its root. */
export function panickingPis(state: RootsState, pis: readonly PiSpec[]): readonly string[] {
  return diskless(pis).flatMap(({ name, serial }) => {
    const board = state[boardOf(serial)];
    return board?.generations[String(board.current)] === DEMO_IMAGES.bad ? [name] : [];
  });
}

/**
 * One order, as the second helper of a fileserver carries it out: what is left of an unfinished generation goes when another one is
 * served. @throws BrambleError
 */
export function carryOut(
  state: RootsState,
  order: RootsOrder,
): { readonly state: RootsState; readonly changes: readonly string[] } {
  switch (order.kind) {
    case 'look':
    case 'converge':
      return { state, changes: [] };
    case 'prepare': {
      const board = boardIn(state, order.serial);
      if (order.image !== DEMO_IMAGES.installed && order.image !== DEMO_IMAGES.bad) {
        throw new BrambleError('not-found', `the demo site has no image ${order.image}`);
      }
      const generation = 1 + Math.max(...Object.keys(board.generations).map(Number));
      const generations = { ...board.generations, [generation]: order.image };
      const changes = [preparedWords(order.serial, generation)];
      return { state: { ...state, [order.serial]: { ...board, generations } }, changes };
    }
    case 'activate':
      return serve(state, order.serial, order.generation);
    case 'roll-back': {
      const { previous } = boardIn(state, order.serial);
      if (previous === undefined) throw new BrambleError('failed-precondition', 'it has no generation to go back to');
      return serve(state, order.serial, previous);
    }
    default:
      throw new BrambleError('unsupported', 'the simulated fileserver cannot do this');
  }
}

export function viewOf(state: RootsState, pis: readonly PiSpec[], changes: readonly string[]): RootsView {
  const names = new Map(pis.map(({ serial, name }) => [boardOf(serial), name]));
  const boards = Object.entries(state).map(
    ([serial, { current, previous, generations }]): BoardView => ({
      ...{ serial, current, previous, underWay: undefined, closedBecause: undefined },
      generations: Object.entries(generations).map(([generation, image]) => ({
        ...{ generation: Number(generation), image, hostname: names.get(serial) ?? '', hostKeys: [] },
      })),
    }),
  );
  return { driver: 'lvm-thin', capabilities: CAPABILITIES, boards, changes };
}

const CAPABILITIES = { isolation: true, quota: true, shared: true } as const;

/** Nobody tries the bad image any more: what is left of it where something else is served is thrown away. */
export function withoutBadImage(state: RootsState): RootsState {
  const isLeft = ({ current, generations }: SimulatedBoard): boolean =>
    Object.entries(generations).some(([each, image]) => Number(each) !== current && image === DEMO_IMAGES.bad);
  if (!Object.values(state).some(isLeft)) return state;
  return Object.fromEntries(
    Object.entries(state).map(([serial, board]) => {
      if (!isLeft(board)) return [serial, board];
      const { current, previous, generations } = board;
      const kept = Object.entries(generations).filter(
        ([each, image]) => Number(each) === current || image !== DEMO_IMAGES.bad,
      );
      const isKept = kept.some(([each]) => Number(each) === previous);
      return [serial, { current, previous: isKept ? previous : undefined, generations: Object.fromEntries(kept) }];
    }),
  );
}

function serve(state: RootsState, serial: string, generation: number): ReturnType<typeof carryOut> {
  const board = boardIn(state, serial);
  const image = board.generations[String(generation)];
  if (image === undefined) throw new BrambleError('not-found', `there is no complete generation ${generation}`);
  const kept = generation === board.current ? board.previous : board.current;
  const generations = Object.fromEntries(
    Object.entries(board.generations).filter(([each]) => Number(each) === generation || Number(each) === kept),
  );
  const changes = [`board ${serial} is served generation ${generation}`];
  return { state: { ...state, [serial]: { current: generation, previous: kept, generations } }, changes };
}

function boardIn(state: RootsState, serial: string): SimulatedBoard {
  const board = state[serial];
  if (board === undefined) throw new BrambleError('not-found', NO_ROOTS);
  return board;
}

const diskless = (pis: readonly PiSpec[]): readonly PiSpec[] => pis.filter(({ card }) => card === undefined);
const boardOf = (serial: string): string => serial.slice(-8);
