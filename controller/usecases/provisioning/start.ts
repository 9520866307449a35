import { BrambleError } from '../../../proto/contract/errors.js';
import { rootSerialOf } from '../../../proto/contract/netboot/boot-set.js';
import { uuidv7 } from '../../../proto/contract/random.js';
import { visible } from '../../../proto/contract/visible.js';
import { boardSerialOf, nodeNamed, spareOf } from '../../domain/provisioning/places.js';
import type { Saga, SagaKind, SagaTarget, SagaWish } from '../../domain/provisioning/saga.js';
import { stepsOf } from '../../domain/provisioning/steps.js';
import type { NodeRecord, PlugRecord, SpareRecord, Topology } from '../../domain/topology/records.js';
import { canStandIn } from '../../domain/topology/stand-in.js';
import type { NodeEntry, NodeTable } from '../node-table.js';
import type { StoreReader, World } from '../ports.js';
import { agentsFor } from './agents.js';
import { keptPlan } from './kept-plan.js';

export interface SagaAsk {
  readonly kind: SagaKind;
  /** As the topology calls it. */
  readonly node: string;
  readonly reason: string;
  /** Digest of a manifest; `undefined`: reimage takes the one that the node has. */
  readonly image?: string | undefined;
  readonly dataBytes?: number | undefined;
  readonly freshData?: boolean | undefined;
  readonly rescue?: SagaWish['rescue'] | undefined;
  /** Serial number of a spare board, or its end; `undefined` = the first that fits. */
  readonly spare?: string | undefined;
  /** Where a new node is to be, when no spare is named. */
  readonly site?: string | undefined;
  readonly authorizedKeys?: readonly string[] | undefined;
  /** See Saga. */
  readonly owner?: string | undefined;
}

export interface StartDeps {
  readonly reader: StoreReader;
  readonly world: Pick<World, 'random'>;
  readonly nodes: NodeTable;
  readonly entryOf: (name: string) => NodeEntry | undefined;
}

const DATA_BYTES = 10 * 2 ** 30;

/** Finds out whether something could be begun, and writes down everything that it will go by. */
export class Starts {
  readonly #deps: StartDeps;

  constructor(deps: StartDeps) {
    this.#deps = deps;
  }

  /** @throws BrambleError `not-found`, `failed-precondition`, `invalid-argument` */
  async plan(
    reader: StoreReader,
    ask: SagaAsk,
    stamp: { readonly actor: string; readonly atMs: number },
  ): Promise<Saga> {
    const topology = await reader.healing.topology();
    if (topology === undefined) throw refused('nobody has written down what stands where', 'bramble topology set');
    const busy = await reader.provisioning.openSagas();
    const place = placeOf(topology, ask, busy);
    const target = await this.#target(reader, topology, { ask, place, busy });
    const wish = this.#wish(ask, target);
    await this.#check(reader, { ask, target, wish });
    return {
      id: uuidv7(stamp.atMs, this.#deps.world.random),
      ...{ kind: ask.kind, target, wish, direction: 'forward', state: 'running', why: '', abort: '' },
      steps: stepsOf(ask.kind, wish),
      actor: visible(stamp.actor, 100),
      reason: visible(ask.reason, 300),
      owner: ask.owner ?? '',
      startedAtMs: stamp.atMs,
      atMs: stamp.atMs,
    };
  }

  async #target(
    reader: StoreReader,
    topology: Topology,
    of: { readonly ask: SagaAsk; readonly place: Place; readonly busy: readonly Saga[] },
  ): Promise<SagaTarget> {
    const { ask, place, busy } = of;
    const boardSerial = boardSerialOf(place.board.serial);
    const { fileserver } = agentsFor(this.#deps.nodes, place);
    const [config] = fileserver === undefined ? [] : await reader.nodeConfigs(fileserver.node.id, { limit: 1 });
    const board = config?.config.bootSet?.ports.find((port) => port.board?.serial === boardSerial)?.board;
    const rootSerial = board === undefined ? boardSerial : rootSerialOf(board);
    const served = (fact: 'root_generation_count' | 'root_previous_count'): number =>
      fileserver?.facts.number(fact, rootSerial) ?? 0;
    return {
      ...{ node: ask.node, site: place.site, fileserver: place.fileserver, plug: place.plug },
      interfaceName: interfaceOf(topology, place.plug),
      ...{ rootSerial, boardSerial },
      generation: served('root_generation_count'),
      previousGeneration: served('root_previous_count'),
      spare: ask.kind === 'relocate' ? spareFor(topology, { ask, place, busy }) : undefined,
    };
  }

  #wish({ kind, image, dataBytes, freshData, rescue, authorizedKeys }: SagaAsk, target: SagaTarget): SagaWish {
    const { fileserver } = agentsFor(this.#deps.nodes, target);
    const had = kind === 'reimage' ? fileserver?.facts.text('root_image_text', target.rootSerial) : undefined;
    return {
      image: image ?? had ?? '',
      dataBytes: dataBytes ?? DATA_BYTES,
      freshData: freshData ?? false,
      rescue: rescue ?? 'there',
      authorizedKeys: authorizedKeys ?? [],
    };
  }

  async #check(
    reader: StoreReader,
    { ask, target, wish }: { readonly ask: SagaAsk; readonly target: SagaTarget; readonly wish: SagaWish },
  ): Promise<void> {
    const agents = agentsFor(this.#deps.nodes, target);
    if (agents.fileserver === undefined) throw refused(`no fileserver called ${target.fileserver} is enrolled`);
    if (agents.switch === undefined) throw refused(`no switch called ${target.plug.switch} is enrolled`);
    switch (ask.kind) {
      case 'provision':
        if (wish.image === '') throw refused('no image is named', 'say which with --image; bramble image list');
        if (target.generation > 0) throw refused(`board ${target.rootSerial} has a root`, 'bramble node reimage');
        break;
      case 'reimage':
        if (target.generation === 0) throw refused('it is served no root', 'bramble node provision');
        if (wish.image === '') throw refused('its fileserver does not tell of its image', 'say which with --image');
        break;
      case 'rollback':
        if (target.previousGeneration === 0) throw refused('it has no generation to go back to');
        break;
      case 'rescue': {
        const [config] = await reader.nodeConfigs(agents.fileserver.node.id, { limit: 1 });
        if (config?.config.bootSet?.rescueImage === undefined) {
          throw refused(`${target.fileserver} has no rescue image`, 'name one as rescueImage in its bootSet');
        }
        break;
      }
      case 'relocate':
        if ((await keptPlan(reader, agents.switch.node.id)) === undefined) {
          throw refused(`no plan of ${target.plug.switch} was kept here`, 'bramble switch apply');
        }
        break;
      case 'release':
        break;
    }
  }
}

/** Where a board is, and what it is. */
type Place = Pick<SpareRecord, 'board' | 'site' | 'fileserver' | 'plug'>;

function placeOf(topology: Topology, ask: SagaAsk, busy: readonly Saga[]): Place {
  const node = nodeNamed(topology, ask.node);
  if (node !== undefined) return placed(node);
  if (ask.kind !== 'provision') {
    throw new BrambleError('not-found', `nothing in the topology is called ${visible(ask.node, 63)}`, {
      hint: 'bramble topology get; nodes that nobody wrote down are not changed from here',
    });
  }
  const taken = takenSpares(busy);
  const spare =
    ask.spare === undefined
      ? topology.spares.find(({ site, board }) => isAt(site, ask.site) && !taken.has(boardSerialOf(board.serial)))
      : spareOf(topology, boardSerialOf(ask.spare));
  if (spare === undefined) throw refused('no spare board is there to be taken', 'add one to the topology as a spare');
  if (taken.has(boardSerialOf(spare.board.serial))) throw refused('that board is being taken by somebody else');
  return spare;
}

const isAt = (site: string, wanted: string | undefined): boolean => wanted === undefined || wanted === site;

function placed({ name, board, site, fileserver, plug }: NodeRecord): Place {
  if (fileserver === '') throw refused(`${name} boots from its own card`);
  if (plug === undefined) throw refused(`no switch of ours powers ${name}`);
  return { board, site, fileserver, plug };
}

function interfaceOf({ switches }: Topology, plug: PlugRecord): string {
  const port = switches.find(({ name }) => name === plug.switch)?.ports.find((each) => each.port === plug.port);
  if (port === undefined) throw refused(`switch ${plug.switch} has no port ${plug.port}`);
  if (port.role === 'node' && !port.isProtected) return port.interfaceName;
  throw refused(`port ${port.interfaceName} of ${plug.switch} is protected`);
}

/** A spare that its fileserver serves and its switch powers, and that nobody else has been promised. */
function spareFor(
  topology: Topology,
  { ask, place, busy }: { readonly ask: SagaAsk; readonly place: Place; readonly busy: readonly Saga[] },
): NonNullable<SagaTarget['spare']> {
  const taken = takenSpares(busy);
  const wanted = ask.spare === undefined ? undefined : boardSerialOf(ask.spare);
  const spare = topology.spares.find((one) => {
    const serial = boardSerialOf(one.board.serial);
    return canStandIn(one, place) && !taken.has(serial) && (wanted === undefined || wanted === serial);
  });
  if (spare === undefined) {
    const where = `${place.fileserver} and ${place.plug.switch}`;
    throw refused(`no spare board of model ${place.board.model} at ${where} is free`, 'bramble topology get');
  }
  const { board, plug } = spare;
  return { serial: boardSerialOf(board.serial), plug, interfaceName: interfaceOf(topology, plug) };
}

function takenSpares(busy: readonly Saga[]): ReadonlySet<string> {
  return new Set(busy.flatMap(({ target }) => [target.boardSerial, ...(target.spare ? [target.spare.serial] : [])]));
}

function refused(why: string, hint = 'bramble node steps shows what is under way'): BrambleError {
  return new BrambleError('failed-precondition', why, { hint });
}
