import { BrambleError } from '../../../proto/contract/errors.js';
import { gateOf } from '../../../proto/contract/netboot/boot-plan.js';
import type { BootSet } from '../../../proto/contract/netboot/boot-set.js';
import { subnetOfServer } from '../../../proto/contract/netboot/subnet.js';
import type { FileserverRoots } from './fileserver-roots.js';
import type { RootsOrder, RootsView } from './orders.js';
import type { PrepareOrder } from './root-keeper.js';

export interface RootsMeans extends FileserverRoots {
  /** Root's own boot set, as it is now. @throws BrambleError `failed-precondition`, `invalid-argument` */
  readonly bootSet: () => Promise<BootSet>;
}

const CHANGES_MAX = 20;

/** Does what is asked, and answers with what is there then. */
export async function carryOutRoots(means: RootsMeans, order: RootsOrder, signal: AbortSignal): Promise<RootsView> {
  const changes = await act(means, order, signal);
  const [set, stock, boards] = [await means.boot.applied(), await means.boot.stock(signal), await means.keeper.list()];
  const whyClosed = (serial: string): string | undefined => {
    const port = set?.ports.find(({ board }) => board?.serial === serial);
    if (set === undefined || port === undefined) return undefined;
    const gate = gateOf(set, port, stock);
    return gate.kind === 'closed' ? gate.why : undefined;
  };
  return {
    driver: means.driver.name,
    capabilities: means.driver.capabilities,
    changes: changes.slice(0, CHANGES_MAX),
    boards: boards.map(({ serial, current, previous, underWay, generations }) => ({
      serial,
      current,
      previous,
      underWay,
      closedBecause: whyClosed(serial),
      generations: generations.map(({ generation, image, hostname, hostKeys }) => ({
        generation,
        image,
        hostname,
        hostKeys,
      })),
    })),
  };
}

async function act(
  { keeper, boot, bootSet }: RootsMeans,
  order: RootsOrder,
  signal: AbortSignal,
): Promise<readonly string[]> {
  switch (order.kind) {
    case 'look':
      return [];
    case 'converge':
      await keeper.recoverAll(signal);
      return boot.apply(await bootSet(), signal);
    case 'prepare': {
      const { generation } = await keeper.prepare(prepareOrder(await bootSet(), order), signal);
      return [`generation ${generation} of board ${order.serial} prepared`];
    }
    case 'activate':
      await keeper.activate(order.serial, order.generation, signal);
      return [`board ${order.serial} is served generation ${order.generation}`];
    case 'roll-back': {
      const { current } = await keeper.rollBack(order.serial, order.generation, signal);
      return [`board ${order.serial} is served generation ${current ?? 'none'} again`];
    }
    case 'remove':
      await keeper.remove(order.serial, order.keepData, signal);
      return [`roots of board ${order.serial} removed`];
  }
}

function prepareOrder(set: BootSet, order: Extract<RootsOrder, { kind: 'prepare' }>): PrepareOrder {
  const { serial, image, dataBytes, freshData } = order;
  const port = set.ports.find(({ board }) => board?.serial === serial);
  const subnet = port && subnetOfServer(port.server);
  if (port?.board !== undefined && subnet !== undefined)
    return { board: port.board, subnet, image, dataBytes, freshData };
  throw new BrambleError('failed-precondition', `no port of this fileserver has board ${serial}`, {
    hint: 'add it to the boot set of the fileserver',
  });
}
