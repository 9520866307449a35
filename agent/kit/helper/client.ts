import { BrambleError } from '../../../proto/contract/errors.js';
import type { Progress } from '../../../proto/contract/progress.js';
import type { Exec, Machine, OrderCaller, Services, StorageQuestion } from '../host/ports.js';
import { parseTraffic } from '../host/traffic.js';
import { checkUnitName, readUnitState } from '../host/unit-state.js';
import type { TunnelActuator } from '../tunnel/order.js';
import { type HelperRequest, parseReply, renderLine } from './protocol.js';
import { requestOf } from './raid-verbs.js';

/**
 * One line to the helper, its answer back; a connection of its own for each.
 * @throws BrambleError `unavailable` (nobody listens, no answer), `permission-denied`, `deadline-exceeded`, `cancelled`
 */
export type HelperCall = (line: string, limits: HelperLimits) => Promise<string>;

export interface HelperLimits {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** Called for each line of progress. */
  readonly tell?: ((progress: Progress) => void) | undefined;
  /** Asks the helper to end what it does; its answer is waited for. */
  readonly stopped?: AbortSignal | undefined;
}

/** A little more than the helper itself allows. */
const RESTART_TIMEOUT_MS = 5 * 60_000 + 10_000;
const REBOOT_TIMEOUT_MS = 40_000;
const REMOUNT_TIMEOUT_MS = 70_000;
const STEP_TIMEOUT_MS = RESTART_TIMEOUT_MS;
const READ_TIMEOUT_MS = 40_000;
const STORAGE_TIMEOUT_MS = 75_000;
/** As long as any helper may live: an image is unpacked and copied, where nothing can be shared. */
const OWN_TIMEOUT_MS = 45 * 60_000;
/** A node program takes seconds to start on the smallest boards. */
const START_MS = 20_000;

type Ask = (request: HelperRequest, timeoutMs: number, signal: AbortSignal, caller?: OrderCaller) => Promise<string>;

/** Services of an unprivileged agent: it looks for itself, and asks its helper to act. */
export function makeHelperServices(exec: Exec, call: HelperCall): Services {
  const ask = asker(call);
  return {
    state: (unit, signal) => readUnitState(exec, unit, signal),
    restart: async (unit, signal) => {
      checkUnitName(unit);
      await ask({ verb: 'restart-unit', unit }, RESTART_TIMEOUT_MS, signal);
    },
    reboot: async (signal) => {
      await ask({ verb: 'reboot' }, REBOOT_TIMEOUT_MS, signal);
    },
  };
}

/**
 * The machine as an unprivileged agent may change it: by its helper.
 * @param ownCall to the helper for orders of the agent's own kind, where that one has a sandbox of its own
 */
export function makeHelperMachine(call: HelperCall, ownCall: HelperCall = call): Machine {
  const ask = asker(call);
  const askOwn = asker(ownCall);
  return {
    remount: async (mountPoint, access, signal) => {
      await ask({ verb: 'remount', mountPoint, access }, REMOUNT_TIMEOUT_MS, signal);
    },
    stepClock: async (signal) => {
      await ask({ verb: 'step-clock' }, STEP_TIMEOUT_MS, signal);
    },
    blink: async (forMs, signal) => {
      await ask({ verb: 'identify', forMs }, forMs + START_MS, signal);
    },
    endBlink: async (signal) => {
      await ask({ verb: 'identify-end' }, START_MS, signal);
    },
    journal: (source, lines, signal) => {
      const request =
        source.kind === 'kernel'
          ? ({ verb: 'kernel-log', lines } as const)
          : ({ verb: 'journal', unit: source.unit, lines } as const);
      return ask(request, READ_TIMEOUT_MS, signal);
    },
    storage: (question, signal) => ask(questionOf(question), STORAGE_TIMEOUT_MS, signal),
    raid: async (order, signal) => {
      await ask(requestOf(order), STORAGE_TIMEOUT_MS, signal);
    },
    own: (order, signal, caller) => askOwn({ verb: 'own', order }, OWN_TIMEOUT_MS, signal, caller),
    traffic: async (interfaces, signal) =>
      parseTraffic(await ask({ verb: 'traffic', interfaces }, STORAGE_TIMEOUT_MS, signal)),
  };
}

/** The tunnel of an unprivileged agent: its helper keeps the files and restarts the unit. */
export function makeHelperTunnel(call: HelperCall): TunnelActuator {
  const ask = asker(call);
  return {
    apply: async (order, signal) => {
      await ask({ verb: 'tunnel', order }, RESTART_TIMEOUT_MS, signal);
    },
  };
}

function questionOf(question: StorageQuestion): HelperRequest {
  switch (question.kind) {
    case 'smart':
      return { verb: 'smart', disk: question.disk };
    case 'thin-pools':
      return { verb: 'thin-pools' };
    case 'raid-member':
      return { verb: 'raid-member', member: question.member };
  }
}

/** Answers with the text of the reply; empty where there is none. */
function asker(call: HelperCall): Ask {
  return async (request, timeoutMs, signal, caller) => {
    const reply = parseReply(await call(renderLine(request), { signal, timeoutMs, ...caller }));
    if (reply.ok) return reply.text ?? '';
    throw new BrambleError(reply.code, reply.message, reply.hint === undefined ? {} : { hint: reply.hint });
  };
}
