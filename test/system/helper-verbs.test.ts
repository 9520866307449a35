import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/**
 * The built helper with root's rights and its real verbs, in a mount namespace of its own: it remounts real filesystems, and
 * blinks files that stand for an LED.
 */

const PROGRAM = resolve('dist/bramble-agent.mjs');
const ANSWER_MS_MAX = 20_000;

const whyNot = (): string | undefined => {
  if (process.platform !== 'linux') return 'mount namespaces are Linux’s';
  if (process.getuid?.() !== 0) return 'only root may mount';
  try {
    execFileSync('unshare', ['--mount', '--propagation', 'private', 'true'], { stdio: 'pipe' });
    return undefined;
  } catch {
    return 'this machine gives no mount namespaces';
  }
};
const missing = whyNot();
if (missing !== undefined) console.log(`skipped: helper verbs: ${missing}`);

describe.skipIf(missing !== undefined)('the helper, as root', () => {
  let dir: string;
  let keeper: ChildProcess;
  const inside = (...argv: readonly string[]): string[] => ['--target', String(keeper.pid), '--mount', '--', ...argv];
  /** Runs a program in the namespace of the helper. */
  const run = (...argv: readonly string[]): string => execFileSync('nsenter', inside(...argv), { encoding: 'utf8' });
  const policy = (fields: Readonly<Record<string, unknown>>): void => {
    writeFileSync(join(dir, 'policy'), JSON.stringify({ user: 65_534, ...fields }), { mode: 0o644 });
  };

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'bramble-verbs-'));
    keeper = spawn('unshare', ['--mount', '--propagation', 'private', 'cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const ready = once(keeper.stdout ?? process.stdin, 'data'); // cat answers: it runs, and the namespace is there
    keeper.stdin?.write('ready\n');
    await ready;
    // A /run of its own: no systemd that would act outside, and no record of another helper.
    run('mount', '-t', 'tmpfs', 'tmpfs', '/run');
    for (const name of ['mem', 'card', 'locked']) mkdirSync(join(dir, name));
    run('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', join(dir, 'mem'));
  });
  afterAll(async () => {
    keeper.stdin?.end(); // the last process of the namespace takes its mounts along
    await once(keeper, 'exit');
    rmSync(dir, { recursive: true });
  });

  const mountPoint = (name: string): string => join(dir, name);
  const superOptions = (name: string): string => {
    const line = run('cat', '/proc/self/mountinfo')
      .split('\n')
      .find((each) => each.includes(` ${mountPoint(name)} `));
    return line?.split(' ').at(-1) ?? 'not mounted';
  };
  const remount = (name: string, access: string, peer?: string) =>
    ask({ verb: 'remount', mountPoint: mountPoint(name), access }, peer);

  /** Starts the helper as systemd does, with pipes in place of the socket. */
  function start(request: unknown, peer = '0-1-0'): ChildProcess {
    const argv = [process.execPath, PROGRAM, 'helper', '--peer', peer, '--policy', join(dir, 'policy')];
    const child = spawn('nsenter', inside(...argv), { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin?.write(`${JSON.stringify(request)}\n`);
    return child;
  }

  async function answerOf(child: ChildProcess): Promise<unknown> {
    let answer = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      answer += chunk.toString();
    });
    await once(child, 'exit', { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    return JSON.parse(answer);
  }

  const ask = (request: unknown, peer?: string): Promise<unknown> => answerOf(start(request, peer));

  test('a filesystem is made read-only, and writable again', async () => {
    policy({ mounts: [mountPoint('mem')] });
    expect(await remount('mem', 'read-only')).toEqual({ ok: true });
    expect(superOptions('mem')).toMatch(/^ro/);
    expect(() => run('touch', join(mountPoint('mem'), 'x'))).toThrow(/Read-only/);
    expect(await remount('mem', 'read-write')).toEqual({ ok: true });
    run('touch', join(mountPoint('mem'), 'x'));
    expect(superOptions('mem')).toMatch(/^rw/);
  });

  test('T-59 what root’s list does not name stays as it is, whoever asks', async () => {
    policy({ mounts: [mountPoint('card')] });
    for (const peer of ['0-1-0', '0-1-65534']) {
      expect(await remount('mem', 'read-only', peer)).toMatchObject({ ok: false, code: 'permission-denied' });
    }
    expect(await remount('card', 'read-only', '0-1-1000')).toMatchObject({ ok: false, code: 'permission-denied' });
    expect(superOptions('mem')).toMatch(/^rw/);
  });

  test('a directory where nothing is mounted, and what is no storage, are refused', async () => {
    policy({ mounts: [mountPoint('card'), '/proc'] });
    expect(await remount('card', 'read-only')).toMatchObject({ ok: false, code: 'not-found' });
    const proc = { verb: 'remount', mountPoint: '/proc', access: 'read-only' };
    expect(await ask(proc)).toMatchObject({ ok: false, code: 'failed-precondition' });
  });

  test('a filesystem with a file open for writing cannot be made read-only, and says so', async () => {
    policy({ mounts: [mountPoint('mem')] });
    const writer = spawn('nsenter', inside('tee', join(mountPoint('mem'), 'open')), {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    writer.stdin?.write('x');
    await once(writer.stdout ?? process.stdin, 'data');
    expect(await remount('mem', 'read-only')).toMatchObject({
      code: 'failed-precondition',
      hint: expect.stringContaining('stop them first'),
    });
    writer.stdin?.end();
    await once(writer, 'exit');
    expect(superOptions('mem')).toMatch(/^rw/);
  });

  describe.skipIf(!hasLoopDevices())('with cards made of files', () => {
    const attach = (name: string, ...options: readonly string[]): string => {
      const image = join(dir, `${name}.img`);
      writeFileSync(image, Buffer.alloc(8 * 2 ** 20));
      execFileSync('mke2fs', ['-q', '-t', 'ext4', image]);
      const device = execFileSync('losetup', ['--find', '--show', ...options, image], { encoding: 'utf8' }).trim();
      devices.push(device);
      return device;
    };
    const devices: string[] = [];
    afterAll(() => {
      for (const name of ['card', 'locked']) run('umount', mountPoint(name));
      for (const device of devices) execFileSync('losetup', ['--detach', device]);
    });

    test('errors that have stopped all writing are told with fsck as the way out', async () => {
      const device = attach('card');
      run('mount', '-t', 'ext4', '-o', 'errors=remount-ro', device, mountPoint('card'));
      policy({ mounts: [mountPoint('card')] });
      writeFileSync(`/sys/fs/ext4/${device.replace('/dev/', '')}/trigger_fs_error`, '1');
      expect(superOptions('card')).toMatch(/^ro|emergency_ro/);
      const answer = await remount('card', 'read-write');
      // Kernels differ in whether they let go of an error that left no damage; none may call it a success and stay read-only.
      if (superOptions('card').includes('emergency_ro') || superOptions('card').startsWith('ro')) {
        expect(answer).toMatchObject({ code: 'failed-precondition', hint: expect.stringContaining('fsck') });
      } else {
        expect(answer).toEqual({ ok: true });
      }
    });

    test('a locked card is told as what the kernel refuses to write to', async () => {
      const device = attach('locked', '--read-only');
      run('mount', '-t', 'ext4', '-o', 'ro', device, mountPoint('locked'));
      policy({ mounts: [mountPoint('locked')] });
      expect(await remount('locked', 'read-write')).toMatchObject({
        ok: false,
        code: 'failed-precondition',
        message: expect.stringContaining('the kernel refuses'),
        hint: expect.stringContaining('fsck'),
      });
    });
  });

  describe('with files that stand for an LED', () => {
    const trigger = (): string => readFileSync(join(dir, 'leds/ACT/trigger'), 'utf8');
    /** The kernel's part: it shows what was written as the one of the triggers that is chosen. */
    const chosen = (name: string): void => {
      const words = ['none', 'mmc0', 'timer', 'heartbeat'].map((each) => (each === name ? `[${each}]` : each));
      writeFileSync(join(dir, 'leds/ACT/trigger'), `${words.join(' ')}\n`);
    };
    beforeAll(() => {
      mkdirSync(join(dir, 'leds/ACT'), { recursive: true });
      writeFileSync(join(dir, 'leds/ACT/brightness'), '0\n');
      run('mount', '-t', 'tmpfs', 'tmpfs', '/sys/class');
      run('mkdir', '/sys/class/leds');
      run('mount', '--bind', join(dir, 'leds'), '/sys/class/leds');
    });
    const blink = async (forMs: number): Promise<ChildProcess> => {
      chosen('mmc0');
      const child = start({ verb: 'identify', forMs });
      await expect.poll(trigger, { timeout: ANSWER_MS_MAX }).toBe('timer\n');
      chosen('timer');
      return child;
    };

    test('it blinks for so long, and is given back', async () => {
      policy({ identify: true });
      const startedMs = performance.now();
      expect(await answerOf(await blink(5_000))).toEqual({ ok: true });
      expect(performance.now() - startedMs).toBeGreaterThanOrEqual(5_000);
      expect(trigger()).toBe('mmc0\n');
    });

    test.for<[string, (child: ChildProcess) => unknown]>([
      ['its caller goes away', (child) => child.stdin?.end()],
      ['it is asked to end', (child) => child.kill('SIGTERM')],
    ])('it is given back at once when %s', async ([, end]) => {
      policy({ identify: true });
      const child = await blink(300_000);
      end(child);
      await once(child, 'exit');
      expect(trigger()).toBe('mmc0\n');
    });

    test('after SIGKILL the next helper gives it back, even one that refuses what it was asked', async () => {
      policy({ identify: true });
      const child = await blink(300_000);
      child.kill('SIGKILL');
      await once(child, 'exit');
      expect(trigger()).toContain('[timer]');
      expect(await ask({ verb: 'reboot' })).toMatchObject({ code: 'permission-denied' });
      expect(trigger()).toBe('mmc0\n');
    });

    test('a board without an LED is refused with the reason', async () => {
      policy({ identify: true });
      run('umount', '/sys/class/leds');
      expect(await ask({ verb: 'identify', forMs: 5_000 })).toMatchObject({
        ok: false,
        code: 'unsupported',
        message: expect.stringContaining('no activity LED'),
      });
    });
  });
});

function hasLoopDevices(): boolean {
  try {
    execFileSync('losetup', ['--find'], { stdio: 'pipe' });
    execFileSync('mke2fs', ['-V'], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}
