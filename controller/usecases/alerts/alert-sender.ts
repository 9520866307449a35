import { BrambleError } from '../../../proto/contract/errors.js';
import { visible } from '../../../proto/contract/visible.js';
import { type Incident, incidentTitle, isOpen } from '../../domain/incidents/incident.js';
import type { Delivery } from '../incidents/ports.js';
import type { Store, World } from '../ports.js';
import type { Alert, AlertChannel } from './ports.js';

const LOOK_MS = 1_000;
const RETRY_FIRST_MS = 5_000;
const RETRY_MAX_MS = 10 * 60_000;
/** What could not be brought for so long is not news any more. */
const GIVE_UP_MS = 3 * 24 * 3_600_000;
const AT_ONCE = 500;

interface SenderDeps {
  readonly store: Store;
  readonly world: World;
  readonly channels: readonly AlertChannel[];
  /** Of an incident on the page; `undefined` = nobody said under which address that is. */
  readonly linkOf: (incident: string) => string | undefined;
}

/**
 * Brings to each channel what it is owed: that an incident was opened, and that it is closed, once each. What is owed is
 * written together with the incident, so nothing is lost over a restart; a channel that is away gets it later, in order.
 */
export class AlertSender {
  readonly #deps: SenderDeps;
  readonly #byName: ReadonlyMap<string, AlertChannel>;
  /** When a channel that forgets was told last, by channel and incident. */
  readonly #saidAtMs = new Map<string, number>();
  #cancel: () => void = () => undefined;
  #isStopped = false;
  #running: Promise<void> | undefined;

  constructor(deps: SenderDeps) {
    this.#deps = deps;
    this.#byName = new Map(deps.channels.map((channel) => [channel.name, channel]));
  }

  start(): void {
    const { world } = this.#deps;
    this.#cancel = world.timers.after(LOOK_MS, () => {
      this.#running = this.work()
        .catch((thrown: unknown) => {
          world.log.error({ err: thrown }, 'alerts could not be looked after; they stay in the store');
        })
        .finally(() => {
          if (!this.#isStopped) this.start();
        });
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#running;
  }

  /** One round: what is due to every channel. */
  async work(): Promise<void> {
    const open = await this.#deps.store.reader.incidents.openDeliveries(AT_ONCE);
    const byChannel = new Map<string, Delivery[]>();
    for (const delivery of open)
      byChannel.set(delivery.channel, [...(byChannel.get(delivery.channel) ?? []), delivery]);
    await Promise.all([...byChannel].map(([name, owed]) => this.#bring(this.#byName.get(name), owed)));
    for (const channel of this.#byName.values()) await this.#repeat(channel, byChannel.get(channel.name) ?? []);
  }

  /** Of one incident a channel hears in order: what waits is waited for. */
  async #bring(channel: AlertChannel | undefined, owed: readonly Delivery[]): Promise<void> {
    const waiting = new Set<string>();
    for (const delivery of owed) {
      if (waiting.has(delivery.incident)) continue;
      const isDue = delivery.nextAtMs <= this.#nowMs;
      const isDone = isDue && (await this.#deliver(channel, delivery));
      if (!isDone) waiting.add(delivery.incident);
    }
  }

  /** @returns whether the channel is owed it no more */
  async #deliver(channel: AlertChannel | undefined, delivery: Delivery): Promise<boolean> {
    const { store, world } = this.#deps;
    const incident = await store.reader.incidents.incident(delivery.incident);
    const isStale = this.#nowMs - delivery.createdAtMs > GIVE_UP_MS;
    const done = (): Promise<void> => store.transact((writer) => writer.incidents.removeDelivery(delivery.id));
    if (channel === undefined || incident === undefined || isStale) {
      world.log.warn({ channel: delivery.channel, incident: delivery.incident }, 'an alert is not wanted any more');
      await done();
      return true;
    }
    try {
      await channel.send(this.#alertOf(incident, delivery.kind));
      this.#said(channel, incident, delivery.kind);
      await done();
      return true;
    } catch (thrown) {
      const error = BrambleError.from(thrown);
      world.log.warn({ err: thrown, channel: channel.name, incident: incident.id }, 'an alert did not arrive');
      if (error.code !== 'invalid-argument') {
        await this.#defer(delivery, error.message);
        return false;
      }
      await done(); // it was refused for what it says: saying it again does not help
      return true;
    }
  }

  async #defer({ id, attempts }: Delivery, error: string): Promise<void> {
    const { store, world } = this.#deps;
    const backoffMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(attempts, 20));
    const waitMs = backoffMs * (0.5 + world.random.unit() / 2);
    const nextAtMs = this.#nowMs + waitMs;
    await store.transact((writer) => writer.incidents.deferDelivery(id, attempts + 1, nextAtMs, visible(error, 500)));
  }

  /** Says what lasts once more to a channel that would forget it. A failure is nothing: it is said again. */
  async #repeat(channel: AlertChannel, owed: readonly Delivery[]): Promise<void> {
    const { repeatMs } = channel;
    if (repeatMs === undefined) return;
    const unsaid = new Set(owed.map(({ incident }) => incident));
    for (const incident of await this.#deps.store.reader.incidents.incidents({ state: 'open', limit: AT_ONCE })) {
      const saidAtMs = this.#saidAtMs.get(keyOf(channel, incident)) ?? Number.NEGATIVE_INFINITY;
      if (unsaid.has(incident.id) || this.#deps.world.clock.monotonicMs() - saidAtMs < repeatMs) continue;
      this.#said(channel, incident, 'opened');
      try {
        await channel.send(this.#alertOf(incident, 'opened'));
      } catch (thrown) {
        this.#deps.world.log.warn({ err: thrown, channel: channel.name }, 'an alert could not be said again');
      }
    }
  }

  #said(channel: AlertChannel, incident: Incident, kind: Delivery['kind']): void {
    if (kind === 'closed') this.#saidAtMs.delete(keyOf(channel, incident));
    else this.#saidAtMs.set(keyOf(channel, incident), this.#deps.world.clock.monotonicMs());
  }

  #alertOf(incident: Incident, kind: Delivery['kind']): Alert {
    const { id, cause, site, severity, members, openedAtMs, closedAtMs } = incident;
    return {
      ...{ incident: id, cause, site: site ?? '', severity, startedAtMs: openedAtMs },
      title: visible(incidentTitle(incident), 500),
      text: textOf(incident),
      members: members.map(({ name }) => name),
      endedAtMs: kind === 'closed' ? closedAtMs : undefined,
      link: this.#deps.linkOf(id),
    };
  }

  get #nowMs(): number {
    return this.#deps.world.clock.nowMs();
  }
}

function keyOf({ name }: AlertChannel, { id }: Incident): string {
  return `${name} ${id}`;
}

const MEMBERS_TOLD = 20;

function textOf(incident: Incident): string {
  const { sides, members } = incident;
  const held = members.filter(({ heldBecause }) => heldBecause !== '').slice(0, MEMBERS_TOLD);
  const closed = incident.closedBy === '' ? 'It is healthy again.' : `Closed by ${incident.closedBy}.`;
  return [
    ...sides.map(({ side, name, words }) => `${side}${name === '' ? '' : ` ${name}`}: ${words}`),
    ...(members.length > 1
      ? [
          `${members.length} nodes: ${members
            .slice(0, MEMBERS_TOLD)
            .map(({ name }) => name)
            .join(', ')}`,
        ]
      : []),
    ...held.map(({ name, heldBecause }) => `${name}: nothing is done now, ${heldBecause}`),
    ...(isOpen(incident) ? [] : [closed]),
  ]
    .map((line) => visible(line, 500))
    .join('\n');
}
