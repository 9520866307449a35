import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ExecLimits, Host, KernelLogRecord } from '../host/ports.js';

/** One host to try, and what it takes to try it. */
export interface HostRig {
  readonly host: Host;
  /** Absolute path of a directory for the suite; need not exist yet. */
  readonly directory: string;
  /** A unit that runs and may be restarted. */
  readonly unit: string;
  /** Lets time pass until the promise settles: at once on a real host, by playing the world on a simulated one. */
  settle<T>(promise: Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (content: Uint8Array): string => new TextDecoder().decode(content);
const never = (): AbortSignal => new AbortController().signal;
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** What every host must do, real or simulated. The simulated one needs `printf`, `cat`, `false` and `sleep`. */
export function describeHost(name: string, makeRig: () => Promise<HostRig>): void {
  describe(`${name} keeps the promises of the host ports`, () => {
    let rig: HostRig;
    const path = (file: string): string => `${rig.directory}/${file}`;
    beforeEach(async () => {
      rig = await makeRig();
    });
    afterEach(() => rig.close());

    describeClock(() => rig);
    describeFiles(() => rig, path);
    describeLogs(() => rig, path);
    describeExec(() => rig, path);
    describeKernel(() => rig);
    describeKernelLog(() => rig);
    describeKeys(() => rig);
    describeServices(() => rig);
    describeGzip(() => rig);
  });
}

function describeClock(rig: () => HostRig): void {
  test('the monotonic clock never goes back, and a sleep moves it on', async () => {
    const { host, settle } = rig();
    const before = host.clock.monotonicMs();
    await settle(host.clock.sleep(30, never()));
    const after = host.clock.monotonicMs();
    expect(after - before).toBeGreaterThanOrEqual(29);
    for (let i = 0; i < 1000; i++) expect(host.clock.monotonicMs()).toBeGreaterThanOrEqual(after);
  });

  test('a sleep ends as cancelled when its signal aborts, before or meanwhile', async () => {
    const { host, settle } = rig();
    const stop = new AbortController();
    const sleeping = host.clock.sleep(3_600_000, stop.signal);
    stop.abort();
    await expect(settle(sleeping)).rejects.toMatchObject({ code: 'cancelled' });
    await expect(settle(host.clock.sleep(1, stop.signal))).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('randomness has the range and length that was asked for', () => {
    const { random } = rig().host;
    const units = Array.from({ length: 200 }, () => random.unit());
    expect(units.every((unit) => unit >= 0 && unit < 1)).toBe(true);
    expect(new Set(units).size).toBeGreaterThan(190);
    expect([random.bytes(0).length, random.bytes(33).length]).toEqual([0, 33]);
  });
}

function describeFiles(rig: () => HostRig, path: (file: string) => string): void {
  test('a file that does not exist reads as undefined, and can be removed', async () => {
    const { host, settle } = rig();
    expect(await settle(host.files.readText(path('none')))).toBeUndefined();
    await settle(host.files.remove(path('none')));
  });

  test('writeAtomic makes the directory, replaces the content, and takes text or bytes', async () => {
    const { host, settle } = rig();
    await settle(host.files.writeAtomic(path('deep/er/file'), 'größer'));
    expect(await settle(host.files.readText(path('deep/er/file')))).toBe('größer');
    await settle(host.files.writeAtomic(path('deep/er/file'), bytes('new')));
    expect(await settle(host.files.readText(path('deep/er/file')))).toBe('new');
    await settle(host.files.remove(path('deep/er/file')));
    expect(await settle(host.files.readText(path('deep/er/file')))).toBeUndefined();
  });

  test('writers of one path at the same time leave the content of one of them, whole', async () => {
    const { host, settle } = rig();
    const contents = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(50_000));
    await settle(Promise.all(contents.map((content) => host.files.writeAtomic(path('file'), content))));
    expect(contents).toContain(await settle(host.files.readText(path('file'))));
  });

  test('a text over 4 MiB is refused, one of exactly 4 MiB is read', async () => {
    const { host, settle } = rig();
    await settle(host.files.writeAtomic(path('large'), 'x'.repeat(4 * 2 ** 20)));
    expect(await settle(host.files.readText(path('large')))).toHaveLength(4 * 2 ** 20);
    await settle(host.files.writeAtomic(path('large'), 'x'.repeat(4 * 2 ** 20 + 1)));
    await expect(settle(host.files.readText(path('large')))).rejects.toMatchObject({ code: 'failed-precondition' });
  });
}

function describeLogs(rig: () => HostRig, path: (file: string) => string): void {
  test('a log makes its directory, grows at its end, and keeps what it holds when it is opened again', async () => {
    const { host, settle } = rig();
    const log = await settle(host.files.openLog(path('sub/log')));
    expect(await settle(log.readAll())).toEqual(new Uint8Array());
    await settle(log.append(bytes('one ')));
    await settle(log.append(bytes('two ')));
    await settle(log.sync());
    await settle(log.close());
    const again = await settle(host.files.openLog(path('sub/log')));
    await settle(again.append(bytes('three')));
    expect(text(await settle(again.readAll()))).toBe('one two three');
    await settle(again.close());
  });

  test('a log that was cut goes on at its new end', async () => {
    const { host, settle } = rig();
    const log = await settle(host.files.openLog(path('log')));
    await settle(log.append(bytes('0123456789')));
    await settle(log.truncate(4));
    await settle(log.append(bytes('abc')));
    await settle(log.sync());
    expect(text(await settle(log.readAll()))).toBe('0123abc');
    await settle(log.close());
  });

  test('a log opened after its file was replaced sees the new file', async () => {
    const { host, settle } = rig();
    const log = await settle(host.files.openLog(path('log')));
    await settle(log.append(bytes('old')));
    await settle(host.files.writeAtomic(path('log'), 'new'));
    const again = await settle(host.files.openLog(path('log')));
    await settle(log.append(bytes('lost')));
    expect(text(await settle(again.readAll()))).toBe('new');
    await settle(Promise.all([log.close(), again.close()]));
  });
}

function describeExec(rig: () => HostRig, path: (file: string) => string): void {
  const limits = (more: Partial<ExecLimits> = {}): ExecLimits => ({ signal: never(), timeoutMs: 10_000, ...more });

  test('arguments reach a program as they are: there is no shell to read them', async () => {
    const { host, settle } = rig();
    const argument = `$(touch ${path('x')}); "a  b" *`;
    const result = await settle(host.exec.run(['printf', '%s\n', argument, ''], limits()));
    expect(result).toEqual({ status: 0, stdout: `${argument}\n\n`, stderr: '' });
    expect(await settle(host.files.readText(path('x')))).toBeUndefined();
  });

  test('standard input is written and closed', async () => {
    const { host, settle } = rig();
    const result = await settle(host.exec.run(['cat'], limits({ input: 'über' })));
    expect(result).toEqual({ status: 0, stdout: 'über', stderr: '' });
    expect((await settle(host.exec.run(['cat'], limits()))).stdout).toBe('');
  });

  test('a non-zero exit is a result, not an exception', async () => {
    const { host, settle } = rig();
    expect((await settle(host.exec.run(['false'], limits()))).status).toBe(1);
  });

  test('a program that does not exist is not-found', async () => {
    const { host, settle } = rig();
    await expect(settle(host.exec.run(['no-such-program'], limits()))).rejects.toMatchObject({ code: 'not-found' });
  });

  test('a program that takes too long is ended', async () => {
    const { host, settle } = rig();
    const before = host.clock.monotonicMs();
    const running = settle(host.exec.run(['sleep', '30'], limits({ timeoutMs: 50 })));
    await expect(running).rejects.toMatchObject({ code: 'deadline-exceeded' });
    expect(host.clock.monotonicMs() - before).toBeLessThan(10_000);
  });

  test('a program is ended when its signal aborts, and is not started after that', async () => {
    const { host, settle } = rig();
    const stop = new AbortController();
    const running = host.exec.run(['sleep', '30'], limits({ signal: stop.signal }));
    stop.abort();
    await expect(settle(running)).rejects.toMatchObject({ code: 'cancelled' });
    const late = host.exec.run(['printf', '%s\n', 'x'], limits({ signal: stop.signal }));
    await expect(settle(late)).rejects.toMatchObject({ code: 'cancelled' });
  });
}

function describeKernel(rig: () => HostRig): void {
  test('kernel files are read, again and again; what is absent or no file is undefined', () => {
    const { kernel } = rig().host;
    const first = kernel.readText(BOOT_ID);
    expect(first).toMatch(/^[0-9a-f-]{36}\n$/);
    for (let i = 0; i < 300; i++) expect(kernel.readText(BOOT_ID)).toBe(first);
    expect(kernel.readText('/proc/no/such/file')).toBeUndefined();
    expect(kernel.readText('/proc/sys/kernel/random')).toBeUndefined();
  });

  test('directories are listed in order; an absent one is undefined', () => {
    const { kernel } = rig().host;
    const names = kernel.list('/proc/sys/kernel/random') ?? [];
    expect(names).toContain('boot_id');
    expect(names).toEqual([...names].sort());
    expect(kernel.list('/proc/no/such/directory')).toBeUndefined();
  });

  test('the root filesystem has a size; an absent mount point is undefined', () => {
    const { kernel } = rig().host;
    const stat = kernel.statFilesystem('/');
    expect(stat?.blocks).toBeGreaterThan(0);
    expect((stat?.blocksAvailable ?? 0) <= (stat?.blocks ?? 0)).toBe(true);
    expect(kernel.statFilesystem('/no/such/mount')).toBeUndefined();
  });
}

function describeKernelLog(rig: () => HostRig): void {
  const readAll = (): readonly KernelLogRecord[] | 'unsupported' => {
    const { kernelLog } = rig().host;
    const all: KernelLogRecord[] = [];
    try {
      // A bound of its own: a kernel may talk faster than it is read.
      for (let batches = 0; batches < 1_000; batches++) {
        const { records } = kernelLog.read(100);
        expect(records.length).toBeLessThanOrEqual(100);
        all.push(...records);
        if (records.length === 0) break;
      }
      return all;
    } catch (error) {
      expect(error).toMatchObject({ code: 'unsupported' });
      return 'unsupported';
    }
  };

  test('the kernel log is read in order, each record once, or says that it cannot be read', () => {
    const first = readAll();
    const second = readAll();
    if (first === 'unsupported' || second === 'unsupported') {
      expect(second).toBe(first);
      return;
    }
    const sequences = [...first, ...second].map(({ sequence }) => sequence);
    expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b));
    const nowMs = rig().host.clock.monotonicMs();
    expect(first.every(({ atMs, level }) => atMs <= nowMs && level >= 0 && level <= 7)).toBe(true);
  });

  test('the end of the kernel log can be looked at without moving on in it', () => {
    const { kernelLog } = rig().host;
    let last: readonly KernelLogRecord[];
    try {
      last = kernelLog.last(5);
    } catch (error) {
      expect(error).toMatchObject({ code: 'unsupported' });
      return;
    }
    expect(last.length).toBeLessThanOrEqual(5);
    const all = readAll();
    const newest = last.at(-1);
    if (newest !== undefined) expect(all).toContainEqual(newest);
  });
}

/** Source: RFC 8032, section 7.1, test 2, with the key as SubjectPublicKeyInfo (RFC 8410, section 4). */
const ED25519 = {
  spki: fromHex('302a300506032b65700321003d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'),
  message: fromHex('72'),
  signature: fromHex(
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ),
} as const;

function describeKeys(rig: () => HostRig): void {
  test('Ed25519 signatures are verified; one flipped bit, another key or garbage is refused without a throw', () => {
    const { keys } = rig().host;
    const { spki, message, signature } = ED25519;
    expect(keys.verifyEd25519(spki, message, signature)).toBe(true);
    for (let bit = 0; bit < signature.length * 8; bit += 37) {
      expect(keys.verifyEd25519(spki, message, flip(signature, bit))).toBe(false);
    }
    expect(keys.verifyEd25519(spki, flip(message, 0), signature)).toBe(false);
    expect(keys.verifyEd25519(flip(spki, 300), message, signature)).toBe(false);
    expect(keys.verifyEd25519(new Uint8Array(), message, signature)).toBe(false);
    expect(keys.verifyEd25519(bytes('garbage'), message, bytes('garbage'))).toBe(false);
  });

  test('keys are made anew each time, and sign', () => {
    const { keys } = rig().host;
    const [one, other] = [keys.makeKeyPair(), keys.makeKeyPair()];
    expect(one.spkiDer).not.toEqual(other.spkiDer);
    expect(one.privateKeyPem).toContain('PRIVATE KEY');
    expect(keys.sign(one.privateKeyPem, bytes('x')).length).toBeGreaterThanOrEqual(64);
    expect(() => keys.sign('no key', bytes('x'))).toThrow(expect.objectContaining({ code: 'data-loss' }));
  });

  test('SHA-256 is that of FIPS 180-4', () => {
    const { keys } = rig().host;
    const digest = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(keys.sha256(bytes('abc'))).toEqual(fromHex(digest));
  });
}

function describeServices(rig: () => HostRig): void {
  test('a restart gives a unit a new invocation, and leaves it active', async () => {
    const { host, unit, settle } = rig();
    const before = await settle(host.services.state(unit, never()));
    expect(before).toMatchObject({ active: 'active', invocationId: expect.stringMatching(/^[0-9a-f]{32}$/) });
    await settle(host.services.restart(unit, never()));
    const after = await settle(host.services.state(unit, never()));
    expect(after.active).toBe('active');
    expect(after.invocationId).not.toBe(before.invocationId);
    expect(await settle(host.services.state(unit, never()))).toEqual(after);
  });

  test('an unknown unit is not-found', async () => {
    const { host, settle } = rig();
    const unknown = 'unknown.service';
    await expect(settle(host.services.state(unknown, never()))).rejects.toMatchObject({ code: 'not-found' });
    await expect(settle(host.services.restart(unknown, never()))).rejects.toMatchObject({ code: 'not-found' });
  });
}

function flip(content: Uint8Array, bit: number): Uint8Array {
  return content.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function describeGzip(rig: () => HostRig): void {
  async function* parts(): AsyncGenerator<Uint8Array> {
    for (const part of ['a'.repeat(100_000), '', 'ende']) yield bytes(part);
  }

  test('what is packed is a gzip file, smaller than what went in, and the same every time', async () => {
    const { host, settle } = rig();
    const packed = await settle(host.gzip.pack(parts()));
    expect([...packed.slice(0, 3)]).toEqual([0x1f, 0x8b, 8]);
    expect(packed.length).toBeLessThan(1_000);
    expect(await settle(host.gzip.pack(parts()))).toEqual(packed);
  });

  test('a part that cannot be had fails the whole', async () => {
    const { host, settle } = rig();
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield bytes('x');
      throw new Error('no more');
    }
    await expect(settle(host.gzip.pack(broken()))).rejects.toThrow('no more');
  });
}
