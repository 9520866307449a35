import { BrambleError } from '../../../proto/contract/errors.js';
import { gateOf } from '../../../proto/contract/netboot/boot-plan.js';
import { type BootSet, rootSerialOf, vlanInterface } from '../../../proto/contract/netboot/boot-set.js';
import { preparedWords } from '../../../proto/contract/netboot/prepared.js';
import { subnetOfServer } from '../../../proto/contract/netboot/subnet.js';
import type { FileserverRoots } from './fileserver-roots.js';
import type { HeldBoard } from './held.js';
import type { RootsOrder, RootsView } from './orders.js';
import type { Tell } from './ports.js';
import type { PrepareOrder } from './root-keeper.js';

const CHANGES_MAX = 20;

/** Does what is asked, and answers with what is there then. */
export async function carryOutRoots(
  means: FileserverRoots,
  order: RootsOrder,
  signal: AbortSignal,
  tell?: Tell,
): Promise<RootsView> {
  const changes = await act(means, order, signal, tell);
  const answer = order.kind === 'read-answer' ? await means.mailbox.answer(order.serial, signal) : undefined;
  const [set, stock, boards] = [await means.boot.applied(), await means.boot.stock(signal), await means.keeper.list()];
  const whyClosed = (serial: string): string | undefined => {
    const port = set?.ports.find(({ board }) => board && rootSerialOf(board) === serial);
    if (set === undefined || port === undefined) return undefined;
    const gate = gateOf(set, port, stock);
    return gate.kind === 'closed' || gate.kind === 'held' ? gate.why : undefined;
  };
  return {
    driver: means.driver.name,
    capabilities: means.driver.capabilities,
    changes: changes.slice(0, CHANGES_MAX),
    ...(answer !== undefined && { answer }),
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
  { keeper, boot, images, held, mailbox, limit }: FileserverRoots,
  order: RootsOrder,
  signal: AbortSignal,
  tell: Tell | undefined,
): Promise<readonly string[]> {
  switch (order.kind) {
    case 'look':
    case 'read-answer':
      return [];
    case 'converge': {
      await keeper.recoverAll(signal);
      await held.hold(await loopingBoards({ keeper, boot }, order.loops ?? []));
      const changes = await converge({ keeper, boot, images }, await boot.applied(), signal);
      if (order.probe !== undefined) await boot.probe(order.probe, signal);
      return changes;
    }
    case 'apply':
      await boot.begin();
      return converge({ keeper, boot, images }, order.set, signal);
    case 'check':
      return JSON.stringify(await boot.applied()) === JSON.stringify(order.set) ? [] : ['the boot ports'];
    case 'confirm':
      await boot.confirm();
      return [];
    case 'undo':
      return boot.undo(signal);
    case 'prepare': {
      const { generation } = await keeper.prepare(prepareOrder(await boot.applied(), order), signal, tell);
      return [preparedWords(order.serial, generation)];
    }
    case 'activate':
      await limit.take();
      await held.release(order.serial); // somebody wants it to be tried
      await keeper.activate(order.serial, order.generation, signal);
      return [`board ${order.serial} is served generation ${order.generation}`];
    case 'roll-back': {
      await held.release(order.serial);
      const { current } = await keeper.rollBack(order.serial, order.generation, signal);
      return [`board ${order.serial} is served generation ${current ?? 'none'} again`];
    }
    case 'remove':
      await limit.take();
      await keeper.remove(order.serial, order.keepData, signal);
      return [`roots of board ${order.serial} removed`];
    case 'leave-request': {
      const { serial, id, verb, atMs } = order;
      await mailbox.leave(serial, { id, verb, atMs }, signal);
      return [`board ${serial} is asked for ${verb}`];
    }
  }
}

/** Whoever is on these interfaces, with what it is served now. */
async function loopingBoards(
  { keeper, boot }: Pick<FileserverRoots, 'keeper' | 'boot'>,
  loops: readonly string[],
): Promise<readonly HeldBoard[]> {
  const set = await boot.applied();
  if (set === undefined || loops.length === 0) return [];
  const serials = set.ports
    .filter(({ vlan }) => loops.includes(vlanInterface(set.trunk, vlan)))
    .map(({ board }) => board && rootSerialOf(board));
  const boards = (await keeper.list()).filter(({ serial }) => serials.includes(serial));
  return boards.flatMap(({ serial, current }) => (current === undefined ? [] : [{ serial, generation: current }]));
}

async function converge(
  { keeper, boot, images }: Pick<FileserverRoots, 'keeper' | 'boot' | 'images'>,
  set: BootSet | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (set === undefined) return [];
  const changes: string[] = [];
  const shared = [set.intakeImage, set.rescueImage].filter((image) => image !== undefined);
  for (const image of shared) {
    try {
      await images.ensure(image, signal);
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      // The ports of who needs it stay closed, and say so; everybody else boots.
      changes.push(`image ${image.slice(0, 12)} is not unpacked: ${BrambleError.from(thrown).message}`);
    }
  }
  changes.push(...(await boot.apply(set, signal)));
  const used = (await keeper.list()).flatMap(({ generations }) => generations.map(({ image }) => image));
  for (const image of await images.sweep([...shared, ...used], signal))
    changes.push(`image ${image.slice(0, 12)} removed`);
  return changes;
}

function prepareOrder(set: BootSet | undefined, order: Extract<RootsOrder, { kind: 'prepare' }>): PrepareOrder {
  const { serial, image, dataBytes, freshData } = order;
  const port = set?.ports.find(({ board }) => board && rootSerialOf(board) === serial);
  const subnet = port && subnetOfServer(port.server);
  if (port?.board !== undefined && subnet !== undefined)
    return { board: { ...port.board, serial }, subnet, image, dataBytes, freshData };
  throw new BrambleError('failed-precondition', `no port of this fileserver has board ${serial}`, {
    hint: 'add it to bootSet in the config of the fileserver: bramble node config set',
  });
}
