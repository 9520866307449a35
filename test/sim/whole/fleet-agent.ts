/** One machine of a simulated fleet with the real agent on it: session, outbox, ledger, commands. Only what is below is simulated. */

import type { Collector } from '../../../agent/kit/collect/collector.js';
import { ok } from '../../../agent/kit/collect/collector.js';
import type { AgentProbe } from '../../../agent/kit/collect/probe.js';
import type { Handlers } from '../../../agent/kit/command/handler.js';
import type { Host } from '../../../agent/kit/host/ports.js';
import { runAgent } from '../../../agent/kit/run-agent.js';
import type { Death } from '../../../agent/kit/testing/lifetime.js';
import { makeSimHost, type SimHost } from '../../../agent/kit/testing/sim-host.js';
import type { SimNetwork } from '../../../agent/kit/testing/sim-net.js';
import type { SimPath } from '../../../agent/kit/testing/sim-path.js';
import type { SimWorld } from '../../../agent/kit/testing/sim-world.js';
import type { Log } from '../../../controller/usecases/ports.js';
import type { Sample } from '../../../proto/contract/facts.js';
import type { NodeKind } from '../../../proto/contract/ids.js';
import { ENDPOINT } from '../sim-controller.js';

/** A unit that the configuration of every Pi lets its agent restart. */
export const UNIT = 'example.service';

export interface AgentTerms {
  readonly kind: NodeKind;
  readonly name: string;
  readonly serial: string;
  readonly mac: string;
  readonly token: string;
  readonly handlers: Handlers;
  /** What it sees of the world. */
  readonly facts: (host: SimHost) => readonly Sample[];
  readonly moreCollectors?: readonly Collector[];
  /** Its system was asked to restart. */
  readonly onReboot?: () => void;
  /** What its process takes for its host: a mistake that somebody could make in the agent, planted below it. */
  readonly plant?: Plant | undefined;
}

export type Plant = (host: Host) => Host;

/** How its machine and the way to it are, now. */
export interface AgentState {
  /** `off`: no power, or not booted yet. `dead`: it runs, without its agent. */
  readonly machine: 'runs' | 'dead' | 'off';
  readonly hearsController: boolean;
  readonly isHeard: boolean;
}

const LANES = ['to-controller', 'to-agent'] as const;

export class FleetAgent {
  readonly terms: AgentTerms;
  readonly #world: SimWorld;
  readonly #path: SimPath;
  readonly #log: Log;
  #host: SimHost;
  #machine: AgentState['machine'] = 'runs';
  readonly #isCut = { 'to-controller': false, 'to-agent': false };
  #wanted: AgentState | undefined;
  /** A kill that was ordered by the run: its service manager starts it again. */
  #isRestarting = false;

  constructor(terms: AgentTerms, world: SimWorld, network: SimNetwork, log: Log) {
    this.terms = terms;
    this.#world = world;
    this.#log = log;
    this.#path = network.path(terms.name);
    this.#host = makeSimHost(world, terms.name, {
      network,
      units: [UNIT],
      kernel: {
        '/proc/sys/kernel/hostname': `${terms.name}\n`,
        '/proc/device-tree/model': 'Raspberry Pi 3 Model B Rev 1.2\0',
        '/proc/device-tree/serial-number': `${terms.serial}\0`,
        '/sys/class/net/eth0/address': `${terms.mac}\n`,
        '/sys/class/net/eth0/addr_assign_type': '0\n',
        '/sys/class/net/eth0/device/uevent': '',
      },
      onReboot: (host) => {
        host.crash('power');
        this.#machine = 'off';
        terms.onReboot?.();
      },
    });
  }

  get host(): SimHost {
    return this.#host;
  }

  start(): void {
    const {
      kind,
      handlers,
      name,
      token,
      facts,
      moreCollectors = [],
      plant = (unchanged: Host) => unchanged,
    } = this.terms;
    const host = this.#host;
    const seen = (probe: AgentProbe): Collector => ({
      name: 'world',
      intervalMs: 0,
      timeoutMs: 5_000,
      collect: () =>
        ok([...facts(host), { fact: 'agent_outbox_events_count', instance: '', value: probe.outboxEventsCount() }]),
    });
    const running = runAgent(
      {
        ...{
          kind,
          handlers,
          host: plant(host),
          log: this.#log,
          version: '0.0.0-sim',
          stateDir: '/var/lib/bramble-agent',
        },
        join: { controller: ENDPOINT, pin: '', token },
        collectors: (probe) => [seen(probe), ...moreCollectors],
        buildTimeMs: 0,
        progress: () => undefined,
        tidyMemory: () => undefined,
        notifyReady: () => undefined,
      },
      new AbortController().signal,
    );
    running.catch((error: unknown) => this.#world.fail(new Error(name, { cause: error })));
  }

  /** Has its machine, and the way to it, be as the world says. */
  become(state: AgentState): void {
    const { machine, hearsController, isHeard } = state;
    this.#wanted = state;
    this.#lane('to-agent', !hearsController);
    this.#lane('to-controller', !isHeard);
    if (machine === this.#machine || this.#isRestarting) return;
    const before = this.#machine;
    this.#machine = machine;
    if (machine === 'runs') this.#startAgain();
    else if (before === 'runs') this.#host.crash(machine === 'off' ? 'power' : 'kill');
    else if (machine === 'off') this.#powerLost();
  }

  /** Its process dies, or its machine, at some moment of what it does; and starts again. */
  kill(backAfterMs: number, how: Death = 'kill'): void {
    if (this.#machine !== 'runs' || this.#isRestarting) return;
    this.#isRestarting = true;
    this.#host.crash(how);
    this.#world.after(backAfterMs, () => {
      this.#isRestarting = false;
      this.#startAgain();
      if (this.#wanted !== undefined) this.become(this.#wanted);
    });
  }

  /** The agent was dead already when the machine lost power. */
  #powerLost(): void {
    this.#host = this.#host.restart();
    this.#host.crash('power');
  }

  #startAgain(): void {
    this.#host = this.#host.restart();
    this.start();
  }

  #lane(lane: (typeof LANES)[number], isCut: boolean): void {
    if (this.#isCut[lane] === isCut) return;
    this.#isCut[lane] = isCut;
    if (isCut) this.#path.cut(lane);
    else this.#path.heal(lane);
  }
}
