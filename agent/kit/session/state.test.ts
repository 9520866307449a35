import { expect, test } from 'vitest';
import { GoodbyeReason } from '../../../proto/gen/bramble/agent/v1/link.js';
import { type Frame, goodbye, live, started, welcome } from '../testing/session-machine.js';
import { DEFAULT_CADENCE } from './cadence.js';

test('it dials at once, says hello when the stream is open, and goes live with the Welcome', () => {
  const machine = started();
  expect(machine.last).toEqual({ kind: 'dial', stream: 1, endpointIndex: 0 });
  machine.take({ kind: 'opened', stream: 1 });
  expect(machine.last).toEqual({ kind: 'send-hello' });
  machine.frame(welcome);
  expect(machine.effects.at(-2)).toMatchObject({ kind: 'go-live' });
  expect(machine.last).toEqual({ kind: 'offer-events', after: 0, limit: 64 });
  expect(machine.phase).toBe('live');
});

test.for<[string, number, number]>([
  ['the first failure', 1, 500],
  ['the fourth failure', 4, 4_000],
  ['any later failure', 40, 150_000],
])('after %s it waits with full jitter, bounded by five minutes', ([, failures, waitMs]) => {
  const machine = started();
  for (let n = 1; n <= failures; n++) {
    machine.take({ kind: 'lost', stream: machine.state.stream, isRefused: false });
    if (n < failures) machine.sleep();
  }
  expect(machine.waitMs).toBe(waitMs); // half of the bound, because the random number is a half
});

test('a dial that gives no answer is given up after a minute, and so is a hello', () => {
  const machine = started();
  expect(machine.waitMs).toBe(60_000);
  machine.sleep();
  expect(machine.last).toEqual({ kind: 'close', stream: 1 });
  machine.sleep();
  machine.take({ kind: 'opened', stream: 2 });
  expect(machine.waitMs).toBe(60_000);
  machine.sleep();
  expect([machine.last, machine.phase]).toEqual([{ kind: 'close', stream: 2 }, 'waiting']);
});

test('a lone agent whose stream drops is back within two seconds, at the same address', () => {
  const machine = live(3);
  machine.nowMs += 60_000;
  machine.take({ kind: 'lost', stream: 1, isRefused: false });
  expect(machine.last).toEqual({ kind: 'go-offline' });
  expect(machine.waitMs).toBe(1_000);
  machine.sleep();
  expect(machine.last).toEqual({ kind: 'dial', stream: 2, endpointIndex: 0 });
});

test('streams that drop again and again count as failures', () => {
  const machine = live();
  for (const waitMs of [500, 1_000, 2_000]) {
    machine.take({ kind: 'lost', stream: machine.state.stream, isRefused: false });
    expect(machine.waitMs).toBe(waitMs);
    machine.sleep();
    machine.goLive();
  }
});

test('addresses take turns while none answers', () => {
  const machine = started(3);
  const dialled = (): number[] => machine.effects.flatMap((each) => (each.kind === 'dial' ? [each.endpointIndex] : []));
  for (let n = 0; n < 4; n++) {
    machine.take({ kind: 'lost', stream: machine.state.stream, isRefused: false });
    machine.sleep();
  }
  expect(dialled()).toEqual([0, 1, 2, 0, 1]);
});

test.for<[string, Frame, number]>([
  ['restarts, spreads its agents over a minute', goodbye(GoodbyeReason.SHUTDOWN), 30_000],
  ['restarts and says when it is back, is asked after that', goodbye(GoodbyeReason.SHUTDOWN, 20_000), 50_000],
  ['has revoked us, is asked in half an hour', goodbye(GoodbyeReason.REVOKED), 32.5 * 60_000],
  ['has frozen us, is asked in half an hour', goodbye(GoodbyeReason.FROZEN), 32.5 * 60_000],
  ['has a newer stream of ours, is asked a little later', goodbye(GoodbyeReason.SUPERSEDED), 5_500],
  ['is over its limit with us, is asked after a minute', goodbye(GoodbyeReason.OVER_LIMIT), 60_500],
  ['says something newer, is asked soon', goodbye(99 as GoodbyeReason), 500],
])('a controller that %s', ([, frame, waitMs]) => {
  const machine = live();
  machine.frame(frame);
  expect(machine.phase).toBe('waiting');
  expect(machine.open.size).toBe(0);
  expect(machine.waitMs).toBe(waitMs);
});

test('refused at one of two addresses it tries the other; refused at both it waits long', () => {
  const machine = started(2);
  machine.take({ kind: 'lost', stream: 1, isRefused: true });
  expect(machine.waitMs).toBe(500);
  machine.sleep();
  machine.take({ kind: 'lost', stream: 2, isRefused: true });
  expect(machine.waitMs).toBe(32.5 * 60_000);
  machine.sleep();
  machine.take({ kind: 'lost', stream: 3, isRefused: true });
  expect(machine.waitMs).toBe(32.5 * 60_000);
});

test('a stream on which nothing is heard for three probe intervals is dead', () => {
  const machine = live();
  machine.nowMs += 100_000;
  machine.frame({ $case: 'reportAck', value: { throughSequence: 1 } });
  expect(machine.waitMs).toBe(150_000);
  machine.take({ kind: 'cadence', cadence: { ...DEFAULT_CADENCE, probeAfterMs: 10_000 } });
  expect(machine.waitMs).toBe(30_000);
  machine.sleep();
  expect(machine.effects.slice(-2)).toEqual([{ kind: 'close', stream: 1 }, { kind: 'go-offline' }]);
  expect(machine.phase).toBe('waiting');
});

test('what waits in the outbox goes out within the window, moves with the acknowledgements, and is sent again on a new stream', () => {
  const machine = started();
  for (let sequence = 1; sequence <= 100; sequence++) machine.outbox.add(sequence);
  machine.goLive();
  expect(machine.sentNow).toHaveLength(64);
  machine.frame({ $case: 'eventAck', value: { throughSequence: 10 } });
  expect(machine.sentNow.at(-1)).toBe(74);
  machine.outbox.add(101);
  machine.take({ kind: 'events-waiting' });
  expect(machine.sentNow).toHaveLength(74); // the window is full
  machine.take({ kind: 'lost', stream: 1, isRefused: false });
  machine.sleep();
  machine.sentNow.length = 0;
  machine.goLive();
  expect([machine.sentNow[0], machine.sentNow.length]).toEqual([11, 64]);
});

test('events that nobody acknowledges are sent again after a minute on the same stream', () => {
  const machine = live();
  machine.outbox.add(7);
  machine.take({ kind: 'events-waiting' });
  machine.nowMs += 59_999;
  machine.take({ kind: 'wake' });
  expect(machine.sentNow).toEqual([7]);
  machine.nowMs += 1;
  machine.take({ kind: 'wake' });
  expect(machine.sentNow).toEqual([7, 7]);
});

test('a credential is renewed when it is due and the stream is live, and shown on a new stream at once', () => {
  const machine = live();
  machine.take({ kind: 'renewal-due', atMs: machine.nowMs + 5_000 });
  machine.sleep();
  expect(machine.last).toEqual({ kind: 'renew', endpointIndex: 0 });
  machine.take({ kind: 'renewal-failed' });
  expect(machine.waitMs).toBe(145_000); // the next try is later than the silence that would end the stream
  machine.nowMs += 140_000;
  machine.frame({ $case: 'reportAck', value: { throughSequence: 1 } });
  machine.nowMs += 140_000;
  machine.frame({ $case: 'reportAck', value: { throughSequence: 2 } });
  machine.nowMs += 50_000;
  machine.take({ kind: 'wake' });
  expect(machine.last).toEqual({ kind: 'renew', endpointIndex: 0 });
  machine.take({ kind: 'renewed', endpointsCount: 1, nextAtMs: undefined });
  expect(machine.effects.slice(-3).map(({ kind }) => kind)).toEqual(['close', 'go-offline', 'dial']);
});

test('with a tunnel in place a stream that goes around it is moved into it, and tried again an hour later', () => {
  const machine = started(2);
  machine.take({ kind: 'lost', stream: 1, isRefused: false });
  machine.sleep();
  machine.goLive();
  machine.take({ kind: 'tunnel-in-place' });
  expect(machine.waitMs).toBe(15_000);
  machine.sleep();
  expect(machine.effects.slice(-3)).toEqual([
    { kind: 'close', stream: 2 },
    { kind: 'go-offline' },
    { kind: 'dial', stream: 3, endpointIndex: 0 },
  ]);
  machine.take({ kind: 'lost', stream: 3, isRefused: false, reach: 'no-answer' });
  expect(machine.waitMs).toBeLessThan(500); // the way around it is open
  machine.sleep();
  expect(machine.last).toEqual({ kind: 'dial', stream: 4, endpointIndex: 1 });
  machine.goLive();
  machine.take({ kind: 'cadence', cadence: { ...DEFAULT_CADENCE, probeAfterMs: 10_000_000 } });
  expect(machine.waitMs).toBeGreaterThan(3_500_000);
  machine.sleep();
  expect(machine.last).toEqual({ kind: 'dial', stream: 5, endpointIndex: 0 });
});

test('a stream through the tunnel stays when the tunnel is put in place anew', () => {
  const machine = live(2);
  machine.take({ kind: 'tunnel-in-place' });
  const { length } = machine.effects;
  machine.sleep();
  expect([machine.effects.length, machine.phase]).toEqual([length, 'live']);
});

test('frames become what they ask for', () => {
  const machine = live();
  const command = { payload: Buffer.alloc(0), keyId: 'k', signature: Buffer.alloc(0) };
  machine.frame({ $case: 'probe', value: { nonce: 'x' } });
  machine.frame({ $case: 'resync', value: {} });
  machine.frame({ $case: 'command', value: command });
  machine.frame({ $case: 'desiredStateChanged', value: { revision: 4 } });
  machine.frame({ $case: 'desiredState', value: { revision: 4, cadence: undefined, config: undefined } });
  expect(machine.effects.slice(-5)).toEqual([
    { kind: 'answer-probe', nonce: 'x' },
    { kind: 'report-in-full' },
    { kind: 'take-command', command },
    { kind: 'consider-revision', revision: 4 },
    { kind: 'apply', desired: { revision: 4, cadence: undefined } },
  ]);
});

test('words of an older stream change nothing, and one that opens too late is closed', () => {
  const machine = started();
  machine.sleep();
  machine.sleep();
  const { state } = machine;
  machine.take({ kind: 'lost', stream: 1, isRefused: true });
  machine.take({ kind: 'frame', stream: 1, frame: goodbye(GoodbyeReason.REVOKED) });
  expect(machine.state).toEqual(state);
  machine.take({ kind: 'opened', stream: 1 });
  expect(machine.last).toEqual({ kind: 'close', stream: 1 });
  expect(machine.state).toEqual(state);
});

test('stopping says goodbye on a live stream, closes one that is not, and ends everything', () => {
  const machine = live();
  machine.take({ kind: 'stop' });
  expect(machine.effects.slice(-2)).toEqual([{ kind: 'go-offline' }, { kind: 'say-goodbye' }]);
  const dialing = started();
  dialing.take({ kind: 'stop' });
  expect(dialing.last).toEqual({ kind: 'close', stream: 1 });
  dialing.take({ kind: 'opened', stream: 1 });
  dialing.take({ kind: 'wake' });
  expect(dialing.phase).toBe('stopped');
});

test('told to stay away it drops its stream, dials nobody for so long, and comes back by its own clock', () => {
  const machine = live(2);
  machine.take({ kind: 'stay-away', forMs: 60_000, way: 'all' });
  expect(machine.effects.slice(-2)).toEqual([{ kind: 'close', stream: 1 }, { kind: 'go-offline' }]);
  machine.take({ kind: 'lost', stream: 1, isRefused: false }); // the end of what it has closed
  expect(machine.waitMs).toBe(61_000);
  machine.pass(59_999);
  expect([machine.phase, machine.open.size]).toEqual(['waiting', 0]);
  machine.sleep();
  expect(machine.last).toEqual({ kind: 'dial', stream: 2, endpointIndex: 0 });
});

test('told to leave its address it takes another at once, and that one only until the drill is over', () => {
  const machine = live(3);
  machine.take({ kind: 'stay-away', forMs: 60_000, way: 'current' });
  expect(machine.waitMs).toBe(250);
  const dialled = (): unknown => machine.effects.findLast(({ kind }) => kind === 'dial');
  machine.sleep();
  expect(dialled()).toMatchObject({ stream: 2, endpointIndex: 1 });
  machine.take({ kind: 'lost', stream: 2, isRefused: false, reach: 'no-answer' });
  machine.sleep();
  expect(dialled()).toMatchObject({ endpointIndex: 2 });
  machine.take({ kind: 'lost', stream: 3, isRefused: false, reach: 'no-answer' });
  machine.sleep();
  expect(dialled(), 'the one that is left is passed over').toMatchObject({ endpointIndex: 1 });
  machine.nowMs += 60_000;
  machine.take({ kind: 'lost', stream: 4, isRefused: false });
  machine.sleep();
  machine.take({ kind: 'lost', stream: 5, isRefused: false });
  machine.sleep();
  expect(dialled(), 'the drill is over').toMatchObject({ endpointIndex: 0 });
});

test('whoever is not wanted does not come earlier because of a drill', () => {
  const machine = live();
  machine.frame(goodbye(GoodbyeReason.REVOKED));
  const { waitMs } = machine;
  machine.take({ kind: 'stay-away', forMs: 10_000, way: 'all' });
  expect(machine.waitMs).toBe(waitMs);
});

test('an agent with one address dials it whatever it was told to leave', () => {
  const machine = live(2);
  machine.take({ kind: 'stay-away', forMs: 60_000, way: 'current' });
  machine.take({ kind: 'renewed', endpointsCount: 1, nextAtMs: undefined });
  machine.sleep();
  expect(machine.last).toEqual({ kind: 'dial', stream: 2, endpointIndex: 0 });
});
