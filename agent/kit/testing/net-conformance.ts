import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BrambleError } from '../../../proto/contract/errors.js';
import type { AgentFrame, ControllerFrame } from '../../../proto/gen/bramble/agent/v1/link.js';
import type { Endpoint, LinkStream, Net, TlsIdentity } from '../host/ports.js';

/** A network with one controller that does what {@link answerTo} says. */
export interface NetRig {
  readonly net: Net;
  readonly endpoint: Endpoint;
  /** Where nobody listens. */
  readonly deadEndpoint: Endpoint;
  /** One that the controller lets in. */
  readonly identity: TlsIdentity;
  /** Streams that the controller believes to be open. */
  openStreams(): number;
  /** Lets time pass until the promise settles. */
  settle<T>(promise: Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export type Answer =
  | { readonly kind: 'frame'; readonly frame: ControllerFrame }
  | { readonly kind: 'end' }
  | { readonly kind: 'fail'; readonly error: BrambleError };

/** The controller of the suite: a probe for each probe reply, with the same nonce; "end" and "fail" end the stream. */
export function answerTo({ frame }: AgentFrame): Answer {
  const nonce = frame?.$case === 'probeReply' ? frame.value.nonce : '';
  if (nonce === 'end') return { kind: 'end' };
  if (nonce === 'fail') return { kind: 'fail', error: new BrambleError('permission-denied', 'not you') };
  return { kind: 'frame', frame: { frame: { $case: 'probe', value: { nonce } } } };
}

const say = (nonce: string): AgentFrame => ({
  frame: { $case: 'probeReply', value: { nonce, bootId: '', processNonce: '' } },
});

/** What every Net must do on its streams, real or simulated. */
export function describeNet(name: string, makeRig: () => Promise<NetRig>): void {
  describe(`${name} keeps the promises of the net port`, () => {
    let rig: NetRig;
    beforeEach(async () => {
      rig = await makeRig();
    });
    afterEach(() => rig.close());
    const open = (signal: AbortSignal = new AbortController().signal): Promise<LinkStream> =>
      rig.settle(rig.net.openLink(rig.endpoint, rig.identity, signal));

    test('frames go both ways, in order', async () => {
      const stream = await open();
      const heard = read(stream);
      const nonces = Array.from({ length: 200 }, (_, index) => `${index}`);
      for (const nonce of nonces) stream.send(say(nonce));
      stream.send(say('end'));
      expect(await rig.settle(heard)).toEqual([...nonces, 'END']);
    });

    test('an end by the agent ends the stream cleanly, after what was sent before it', async () => {
      const stream = await open();
      const heard = read(stream);
      stream.send(say('last'));
      stream.end();
      expect((await rig.settle(heard)).at(-1)).toBe('END');
      expect(rig.openStreams()).toBe(0);
    });

    test('a stream that the controller fails throws its code at the reader', async () => {
      const stream = await open();
      const heard = read(stream);
      stream.send(say('first'));
      stream.send(say('fail'));
      expect(await rig.settle(heard)).toEqual(['first', 'permission-denied']);
    });

    test('an aborted signal ends the stream as cancelled, for both', async () => {
      const stop = new AbortController();
      const stream = await open(stop.signal);
      const heard = read(stream);
      stop.abort();
      expect(await rig.settle(heard)).toEqual(['cancelled']);
      const other = await open(); // by the time that another stream works, the first one is known to be gone
      const echoed = read(other);
      other.send(say('end'));
      await rig.settle(echoed);
      expect(rig.openStreams()).toBe(0);
    });

    test('a signal that was aborted before opens nothing', async () => {
      const stop = new AbortController();
      stop.abort();
      await expect(open(stop.signal)).rejects.toMatchObject({ code: 'cancelled' });
      expect(rig.openStreams()).toBe(0);
    });

    test('where nobody listens the stream fails as unavailable', async () => {
      const { signal } = new AbortController();
      const failure = openAndRead(rig.net, rig.deadEndpoint, rig.identity, signal);
      expect((await rig.settle(failure)).at(-1)).toBe('unavailable');
    });
  });
}

/** An adapter may notice at once or at the first read that nobody is there. */
async function openAndRead(
  net: Net,
  endpoint: Endpoint,
  identity: TlsIdentity,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    return await read(await net.openLink(endpoint, identity, signal));
  } catch (error) {
    return [BrambleError.from(error).code];
  }
}

/** Nonces of the probes that came, then "END" or the code of the error. */
async function read(stream: LinkStream): Promise<readonly string[]> {
  const heard: string[] = [];
  try {
    for await (const { frame } of stream.frames) heard.push(frame?.$case === 'probe' ? frame.value.nonce : 'other');
    heard.push('END');
  } catch (error) {
    heard.push(BrambleError.from(error).code);
  }
  return heard;
}
