import type { SimNetwork, SimPeer, SimServer } from '../../agent/kit/testing/sim-net.js';
import type { SimWorld } from '../../agent/kit/testing/sim-world.js';
import { commandCodec } from '../../controller/rpc/command-codec.js';
import { RpcCounters } from '../../controller/rpc/counters.js';
import type { Edge, NodeCaller } from '../../controller/rpc/edge.js';
import { DEFAULT_LIMITS } from '../../controller/rpc/limits.js';
import { LinkCall } from '../../controller/rpc/link-call.js';
import { readProof } from '../../controller/rpc/translate-in.js';
import { writeCredential, writeOutcome } from '../../controller/rpc/translate-out.js';
import { NO_UPLINKS } from '../../controller/rpc/uplink-gate.js';
import { type Controller, startController } from '../../controller/usecases/controller.js';
import type { CoreOptions, HealingPorts } from '../../controller/usecases/core.js';
import type { Authority, Log, Store, Trust, World } from '../../controller/usecases/ports.js';
import { healingPorts } from '../../controller/usecases/testing/healing-ports.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { EnrollRequest, EnrollResponse } from '../../proto/gen/bramble/agent/v1/enrollment.js';
import { StringPool } from '../../proto/wire/series.js';
import { toServiceError } from '../../proto/wire/status.js';
import { certifiedKey } from './sim-authority.js';
import { makeSimCall } from './sim-call.js';

export const ENDPOINT = 'controller.sim:7443';

export interface SimControllerDeps {
  readonly world: SimWorld;
  readonly network: SimNetwork;
  readonly store: Store;
  readonly authority: Authority;
  readonly trust: Trust;
  readonly options?: Partial<CoreOptions>;
  readonly healing?: HealingPorts;
  /** By how much its wall clock is off; 0 when absent. */
  readonly wallErrorMs?: () => number;
  /** Told of every line at warning or above. */
  readonly log: Log;
}

/** A whole controller, with the real use cases, store and stream handling; only sockets, certificates and time are simulated. */
export interface SimController extends Controller {
  /** Ends without a word: streams are reset, nothing more is written. */
  crash(): void;
}

const WALL_CLOCK_AT_START_MS = Date.UTC(2026, 0, 1);

export async function startSimController(deps: SimControllerDeps): Promise<SimController> {
  const { world, network } = deps;
  const life = { dead: false };
  const controllerWorld = makeWorld(world, life, deps);
  const controller = await startController({
    ...deps,
    world: controllerWorld,
    codec: commandCodec,
    healing: deps.healing ?? healingPorts,
    endpoints: () => [ENDPOINT],
  });
  const server = new Server(controller, controllerWorld, (error) => world.fail(error));
  const listener = network.listen(ENDPOINT, server);
  return {
    ...controller,
    async stop() {
      listener.close();
      await controller.stop();
      life.dead = true;
    },
    crash() {
      listener.close();
      life.dead = true;
      server.destroyAll();
    },
  };
}

function makeWorld(
  world: SimWorld,
  life: { readonly dead: boolean },
  { log, wallErrorMs = () => 0 }: Pick<SimControllerDeps, 'log' | 'wallErrorMs'>,
): World {
  return {
    clock: {
      nowMs: () => WALL_CLOCK_AT_START_MS + Math.floor(world.nowMs) + wallErrorMs(),
      monotonicMs: () => world.nowMs,
    },
    random: world.randomFor('controller'),
    timers: {
      after: (ms, call) => {
        const timer = world.after(ms, () => {
          if (!life.dead) call();
        });
        return () => timer.cancel();
      },
    },
    log,
  };
}

class Server implements SimServer {
  readonly #controller: Controller;
  readonly #world: World;
  readonly #calls = new Set<ReturnType<typeof makeSimCall>>();
  readonly #strings = new StringPool();
  readonly #counters = new RpcCounters();
  readonly #onBug: (error: unknown) => void;

  constructor(controller: Controller, world: World, onBug: (error: unknown) => void) {
    this.#controller = controller;
    this.#world = world;
    this.#onBug = onBug;
  }

  openLink(peer: SimPeer, stream: Parameters<SimServer['openLink']>[1]): void {
    const call = makeSimCall(stream, peer.from);
    call.start();
    try {
      const caller: NodeCaller = {
        peer: this.#controller.identities.check(certifiedKey(peer.certificateChainPem)),
        from: peer.from,
        expiresAtMs: Number.MAX_SAFE_INTEGER,
        session: { from: peer.from, claims: undefined, account: peer.from, destroy: () => call.destroy() },
      };
      const { clock, timers } = this.#world;
      new LinkCall(call, caller, {
        edge: this.#edge(),
        gate: this.#controller.core.gate,
        clock,
        timers,
        counters: this.#counters,
        limits: DEFAULT_LIMITS,
        strings: this.#strings,
        uplinks: NO_UPLINKS,
      }).start();
      this.#calls.add(call);
      call.once('close', () => this.#calls.delete(call));
    } catch (thrown) {
      call.emit('error', toServiceError(thrown));
    }
  }

  async enroll({ step }: EnrollRequest, from: string): Promise<EnrollResponse> {
    const { enrollments } = this.#controller;
    if (step?.$case === 'challenge') {
      return writeOutcome(await enrollments.ask({ kind: 'challenge', spkiDer: step.value.spkiDer }, from));
    }
    if (step?.$case === 'proof')
      return writeOutcome(await enrollments.ask({ kind: 'proof', ...readProof(step.value) }, from));
    throw new BrambleError('unsupported', 'no such step');
  }

  async renew(peer: SimPeer, request: Parameters<SimServer['renew']>[1]): ReturnType<SimServer['renew']> {
    const who = this.#controller.identities.check(certifiedKey(peer.certificateChainPem));
    return { credential: writeCredential(await this.#controller.renewals.renew(who, request)) };
  }

  upload(): never {
    throw new BrambleError('unsupported', 'nothing is uploaded in this simulation');
  }

  destroyAll(): void {
    for (const call of this.#calls) call.destroy();
  }

  /** LinkCall asks the edge for one thing: the status of a failure. A failure that is a bug ends the run. */
  #edge(): Edge {
    const failed = (_call: unknown, thrown: unknown) => {
      if (BrambleError.from(thrown).code === 'internal') this.#onBug(thrown);
      return toServiceError(thrown);
    };
    return { failed } as unknown as Edge; // LinkCall uses no more of it
  }
}
