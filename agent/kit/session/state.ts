import { assertNever } from '../../../proto/contract/assert.js';
import type { Cadence } from '../../../proto/gen/bramble/agent/v1/desired.js';
import type { ControllerFrame, Goodbye, Welcome } from '../../../proto/gen/bramble/agent/v1/link.js';
import { type Away, addressToDial } from './away.js';
import {
  afterAway,
  afterGoodbye,
  afterLoss,
  afterRefusal,
  afterRenewalFailure,
  DIAL_LIMIT_MS,
  GREETING_LIMIT_MS,
  PREFER_AGAIN_MS,
  TUNNEL_UP_MS,
} from './waits.js';
import type { LivePhase, Moment, SessionEffect, SessionEvent, SessionState, Step } from './words.js';

/**
 * The session of an agent with its controller, as a pure machine: (state, event, moment) -> state and effects.
 *
 * Invariants:
 * - there is at most one stream: every way out of dialing, greeting and live closes it before anything else is dialled;
 * - until it is stopped something is always pending: `wakeAtMs` names a moment in every phase but `stopped`, and a wake at
 *   that moment moves it forward;
 * - words of a stream that is no longer the newest change nothing;
 * - an event of the outbox is sent again on every new stream, and on the same one after a while, until it is acknowledged;
 *   never are more than WINDOW_EVENTS under way;
 * - all moments are monotonic: no step of a wall clock shortens or lengthens anything here.
 */

/** Events that may be sent and not acknowledged. */
export const WINDOW_EVENTS = 64;
/** A controller that takes so long to commit has lost them; it stores what comes twice once. */
const RESEND_AFTER_MS = 60_000;
/** Silence of so many probe intervals means that nobody is there. */
const DEAD_AFTER_PROBES = 3;

/** `cadence`: what holds until a Welcome says otherwise. */
export function initialSession(endpointsCount: number, cadence: Cadence): SessionState {
  return {
    phase: { kind: 'waiting', untilMs: Number.POSITIVE_INFINITY },
    stream: 0,
    endpoints: { count: endpointsCount, index: 0 },
    failures: 0,
    refusals: 0,
    cadence,
    renewAtMs: undefined,
    preferAtMs: undefined,
    shunned: undefined,
  };
}

/** When the machine wants to look at the time again; `undefined` once it is stopped. */
export function wakeAtMs({ phase, cadence, renewAtMs, preferAtMs }: SessionState): number | undefined {
  switch (phase.kind) {
    case 'waiting':
    case 'dialing':
    case 'greeting':
      return phase.untilMs;
    case 'live':
      return Math.min(
        ...[deadAtMs(phase, cadence), phase.resendAtMs ?? Infinity, renewAtMs ?? Infinity, preferAtMs ?? Infinity],
      );
    case 'stopped':
      return undefined;
    default:
      return assertNever(phase, 'session phase');
  }
}

export function step(state: SessionState, event: SessionEvent, moment: Moment): Step {
  if (state.phase.kind === 'stopped') return lateWord(state, event);
  switch (event.kind) {
    case 'start':
      return dial(state, moment);
    case 'wake':
      return wake(state, moment);
    case 'opened':
      return opened(state, event.stream, moment);
    case 'lost':
      return event.stream === state.stream ? lost(state, event, moment) : same(state);
    case 'frame':
      return event.stream === state.stream ? heard(state, event.frame, moment) : same(state);
    case 'events-waiting':
      return offer(state);
    case 'events-sent':
      return event.stream === state.stream ? sent(state, event.sequences, moment) : same(state);
    case 'cadence':
      return same({ ...state, cadence: event.cadence });
    case 'renewal-due':
      return same({ ...state, renewAtMs: event.atMs });
    case 'renewed':
      return renewed(state, event, moment);
    case 'renewal-failed':
      return same({ ...state, renewAtMs: moment.nowMs + afterRenewalFailure(moment.unit) });
    case 'tunnel-in-place':
      return same({ ...state, preferAtMs: moment.nowMs + TUNNEL_UP_MS });
    case 'stay-away':
      return stayAway(state, event, moment);
    case 'stop':
      return stop(state);
    default:
      return assertNever(event, 'session event');
  }
}

function same(state: SessionState): Step {
  return { state, effects: [] };
}

function lateWord(state: SessionState, event: SessionEvent): Step {
  return { state, effects: event.kind === 'opened' ? [{ kind: 'close', stream: event.stream }] : [] };
}

function dial(state: SessionState, { nowMs }: Moment): Step {
  const stream = state.stream + 1;
  const index = addressToDial(state.endpoints, state.shunned, nowMs);
  const endpoints = { ...state.endpoints, index };
  return {
    state: { ...state, endpoints, stream, phase: { kind: 'dialing', untilMs: nowMs + DIAL_LIMIT_MS } },
    effects: [{ kind: 'dial', stream, endpointIndex: index }],
  };
}

function wake(state: SessionState, moment: Moment): Step {
  const { phase, stream, cadence, renewAtMs, preferAtMs } = state;
  const { nowMs } = moment;
  switch (phase.kind) {
    case 'waiting':
      return nowMs >= phase.untilMs ? dial(state, moment) : same(state);
    case 'dialing':
    case 'greeting':
      return nowMs >= phase.untilMs ? closing(stream, lost(state, { isRefused: false }, moment)) : same(state);
    case 'live': {
      if (nowMs >= deadAtMs(phase, cadence)) return closing(stream, lost(state, { isRefused: false }, moment));
      if (phase.resendAtMs !== undefined && nowMs >= phase.resendAtMs) {
        return offer({ ...state, phase: { ...phase, unacknowledged: [], offeredThrough: 0, resendAtMs: undefined } });
      }
      if (preferAtMs !== undefined && nowMs >= preferAtMs) return prefer(state, moment);
      if (renewAtMs === undefined || nowMs < renewAtMs) return same(state);
      const effects = [{ kind: 'renew', endpointIndex: state.endpoints.index }] as const;
      return { state: { ...state, renewAtMs: undefined }, effects };
    }
    case 'stopped':
      return same(state);
    default:
      return assertNever(phase, 'session phase');
  }
}

function opened(state: SessionState, stream: number, { nowMs }: Moment): Step {
  if (stream !== state.stream || state.phase.kind !== 'dialing') return lateWord(state, { kind: 'opened', stream });
  const phase = { kind: 'greeting', untilMs: nowMs + GREETING_LIMIT_MS } as const;
  return { state: { ...state, phase }, effects: [{ kind: 'send-hello' }] };
}

/** The newest stream is over, or never came to be. */
function lost(
  state: SessionState,
  { isRefused, reach = 'reached' }: Pick<Extract<SessionEvent, { kind: 'lost' }>, 'isRefused' | 'reach'>,
  { nowMs, unit }: Moment,
): Step {
  const { phase, endpoints } = state;
  if (phase.kind === 'waiting' || phase.kind === 'stopped') return same(state);
  const wasLive = phase.kind === 'live';
  const effects: readonly SessionEffect[] = wasLive ? [{ kind: 'go-offline' }] : [];
  // An address that worked until now is tried once more; one that did not makes room for the next.
  const index = wasLive ? endpoints.index : (endpoints.index + 1) % endpoints.count;
  const next = { ...state, endpoints: { ...endpoints, index } };
  if (isRefused) {
    const refusals = state.refusals + 1;
    const waitMs = afterRefusal(refusals, endpoints.count, state.failures, unit);
    return { state: waiting({ ...next, refusals, failures: state.failures + 1 }, nowMs + waitMs), effects };
  }
  const livedMs = wasLive ? nowMs - phase.sinceMs : undefined;
  const { waitMs, failures } = afterLoss(state.failures, unit, { reach, hasOther: index !== 0, livedMs });
  return { state: waiting({ ...next, failures, refusals: 0 }, nowMs + waitMs), effects };
}

function waiting(state: SessionState, untilMs: number): SessionState {
  return { ...state, phase: { kind: 'waiting', untilMs } };
}

function closing(stream: number, { state, effects }: Step): Step {
  return { state, effects: [{ kind: 'close', stream }, ...effects] };
}

/** A frame of the newest stream: whatever it says, somebody is there. */
function heard(state: SessionState, frame: ControllerFrame['frame'], moment: Moment): Step {
  const { phase } = state;
  if (phase.kind === 'greeting') {
    if (frame?.$case === 'welcome') return goLive(state, frame.value, moment);
    if (frame?.$case === 'goodbye') return toldGoodbye(state, frame.value, moment);
    return same(state); // a newer controller may say more before it welcomes us
  }
  if (phase.kind !== 'live') return same(state);
  const live: LivePhase = { ...phase, heardAtMs: moment.nowMs };
  return takeFrame({ ...state, phase: live }, live, frame, moment);
}

function takeFrame(state: SessionState, live: LivePhase, frame: ControllerFrame['frame'], moment: Moment): Step {
  const doing = (effect: SessionEffect): Step => ({ state, effects: [effect] });
  switch (frame?.$case) {
    case 'eventAck':
      return acknowledged(state, live, frame.value.throughSequence, moment);
    case 'goodbye':
      return toldGoodbye(state, frame.value, moment);
    case 'resync':
      return doing({ kind: 'report-in-full' });
    case 'probe':
      return doing({ kind: 'answer-probe', nonce: frame.value.nonce });
    case 'command':
      return doing({ kind: 'take-command', command: frame.value });
    case 'desiredStateChanged':
      return doing({ kind: 'consider-revision', revision: frame.value.revision });
    case 'desiredState':
      return doing({ kind: 'apply', desired: frame.value });
    case 'reportAck':
      return doing({ kind: 'report-acknowledged', throughSequence: frame.value.throughSequence });
    case 'auditHead':
      return doing({ kind: 'remember-head', head: frame.value });
    case 'tunnelProfile':
      return doing({ kind: 'take-tunnel', profile: frame.value });
    case 'welcome': // one is enough
    case undefined: // of a newer controller
      return same(state);
    default:
      return assertNever(frame, 'frame of the controller');
  }
}

function goLive(state: SessionState, welcome: Welcome, { nowMs }: Moment): Step {
  const phase: LivePhase = {
    kind: 'live',
    sinceMs: nowMs,
    heardAtMs: nowMs,
    unacknowledged: [],
    offeredThrough: 0,
    resendAtMs: undefined,
  };
  const live = { ...state, phase, refusals: 0 };
  const { effects } = offer(live);
  return { state: live, effects: [{ kind: 'go-live', welcome }, ...effects] };
}

function toldGoodbye(state: SessionState, goodbye: Goodbye, { nowMs, unit }: Moment): Step {
  const { waitMs, isFailure } = afterGoodbye(goodbye, state.cadence.reconnectSpreadMs, state.failures, unit);
  const effects: SessionEffect[] = [{ kind: 'close', stream: state.stream }];
  if (state.phase.kind === 'live') effects.push({ kind: 'go-offline' });
  return { state: waiting({ ...state, failures: isFailure ? state.failures + 1 : 0 }, nowMs + waitMs), effects };
}

function offer(state: SessionState): Step {
  const { phase } = state;
  if (phase.kind !== 'live') return same(state);
  const limit = WINDOW_EVENTS - phase.unacknowledged.length;
  if (limit <= 0) return same(state);
  return { state, effects: [{ kind: 'offer-events', after: phase.offeredThrough, limit }] };
}

function sent(state: SessionState, sequences: readonly number[], { nowMs }: Moment): Step {
  const { phase } = state;
  const last = sequences.at(-1);
  if (phase.kind !== 'live' || last === undefined) return same(state);
  const unacknowledged = [...phase.unacknowledged, ...sequences];
  const resendAtMs = phase.resendAtMs ?? nowMs + RESEND_AFTER_MS;
  return same({ ...state, phase: { ...phase, unacknowledged, offeredThrough: last, resendAtMs } });
}

function acknowledged(state: SessionState, live: LivePhase, throughSequence: number, { nowMs }: Moment): Step {
  const unacknowledged = live.unacknowledged.filter((sequence) => sequence > throughSequence);
  const isDone = unacknowledged.length === 0;
  const phase: LivePhase = {
    ...live,
    unacknowledged,
    // With nothing under way the whole outbox is offered again: what came into it out of order is not forgotten.
    offeredThrough: isDone ? 0 : live.offeredThrough,
    resendAtMs: isDone ? undefined : nowMs + RESEND_AFTER_MS,
  };
  const more = offer({ ...state, phase });
  return { state: more.state, effects: [{ kind: 'acknowledge', throughSequence }, ...more.effects] };
}

/** The new identity is shown at once, so that the old one can be refused from then on. */
function renewed(
  state: SessionState,
  { endpointsCount, nextAtMs }: Extract<SessionEvent, { kind: 'renewed' }>,
  moment: Moment,
): Step {
  const index = Math.min(state.endpoints.index, endpointsCount - 1);
  const next = { ...state, endpoints: { count: endpointsCount, index }, renewAtMs: nextAtMs };
  return state.phase.kind === 'waiting' ? same(next) : redial(next, moment);
}

/** Another stream in place of the newest one. */
function redial(state: SessionState, moment: Moment): Step {
  const again = dial(state, moment);
  const offline: readonly SessionEffect[] = state.phase.kind === 'live' ? [{ kind: 'go-offline' }] : [];
  return { state: again.state, effects: [{ kind: 'close', stream: state.stream }, ...offline, ...again.effects] };
}

/** Back into the tunnel from a way around it; a tunnel that does not answer costs some seconds, and that only seldom. */
function prefer(state: SessionState, moment: Moment): Step {
  const next = { ...state, preferAtMs: moment.nowMs + PREFER_AGAIN_MS };
  const first = { ...state.endpoints, index: 0 };
  if (addressToDial(first, state.shunned, moment.nowMs) === state.endpoints.index) return same(next);
  return redial({ ...next, endpoints: first }, moment);
}

/** As though nobody answered any more, at its present address or at all of them. It comes back by its own clock, whoever dies. */
function stayAway(state: SessionState, { forMs, way }: Away, { nowMs, unit }: Moment): Step {
  const { phase, endpoints } = state;
  const earliestMs = phase.kind === 'waiting' ? phase.untilMs : 0; // whoever waits longer for another reason goes on to
  const shunned = way === 'current' ? { index: endpoints.index, untilMs: nowMs + forMs } : state.shunned;
  const next = waiting({ ...state, shunned }, Math.max(earliestMs, nowMs + afterAway(forMs, way, unit)));
  if (phase.kind === 'waiting') return same(next);
  const offline: readonly SessionEffect[] = phase.kind === 'live' ? [{ kind: 'go-offline' }] : [];
  return { state: next, effects: [{ kind: 'close', stream: state.stream }, ...offline] };
}

function stop(state: SessionState): Step {
  const { phase, stream } = state;
  const stopped = { ...state, phase: { kind: 'stopped' } } as const;
  if (phase.kind === 'live') return { state: stopped, effects: [{ kind: 'go-offline' }, { kind: 'say-goodbye' }] };
  return { state: stopped, effects: phase.kind === 'waiting' ? [] : [{ kind: 'close', stream }] };
}

function deadAtMs({ heardAtMs }: LivePhase, { probeAfterMs }: Cadence): number {
  return heardAtMs + DEAD_AFTER_PROBES * probeAfterMs;
}
