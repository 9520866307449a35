import { expect, test } from 'vitest';
import { seededRandom } from '../../../proto/contract/random.js';
import { failOnce } from './sim-disk.js';
import { makeSimHost } from './sim-host.js';
import { SimInode } from './sim-inode.js';
import { SimWorld } from './sim-world.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Everything that a power cut may leave of the file, over many cuts. */
function outcomes(write: (inode: SimInode) => void): Set<string> {
  const seen = new Set<string>();
  for (let seed = 0; seed < 500; seed++) {
    const inode = new SimInode();
    write(inode);
    inode.crash(seededRandom(seed));
    seen.add(new TextDecoder().decode(inode.read()).replaceAll('\0', '0'));
  }
  return seen;
}

test('what was synced stays; what was not is torn at any byte, or zeros stand in its place', () => {
  const seen = outcomes((inode) => {
    inode.append(bytes('AB'));
    inode.sync();
    inode.append(bytes('xyz'));
  });
  expect([...seen].sort()).toEqual(['AB', 'AB0', 'AB00', 'AB000', 'ABx', 'ABx0', 'ABx00', 'ABxy', 'ABxy0', 'ABxyz']);
});

test('changes reach the medium in their order: a later one never without the earlier', () => {
  const seen = outcomes((inode) => {
    inode.append(bytes('ABCD'));
    inode.sync();
    inode.truncate(1);
    inode.append(bytes('x'));
  });
  expect([...seen].sort()).toEqual(['A', 'A0', 'ABCD', 'Ax']);
});

test('after a sync that failed, a later sync that succeeds proves nothing', () => {
  const seen = outcomes((inode) => {
    inode.append(bytes('AB'));
    inode.sync();
    inode.append(bytes('xy'));
    inode.failSync(seededRandom(3));
    inode.sync();
    inode.append(bytes('z'));
    inode.sync();
  });
  expect([...seen]).toEqual(['AB00z']);
});

test('a name that was not synced to its directory comes and goes', async () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 50; seed++) {
    const host = makeSimHost(new SimWorld(seed), 'a');
    await host.files.writeAtomic('/state/file', 'old');
    host.board.disk.fault = ({ kind }) => (kind === 'sync-directory' ? 'EIO' : undefined);
    await expect(host.files.writeAtomic('/state/file', 'new')).rejects.toThrow('EIO');
    host.board.disk.fault = () => undefined;
    host.crash('power');
    seen.add((await host.restart().files.readText('/state/file')) ?? 'nothing');
  }
  expect([...seen].sort()).toEqual(['new', 'old']);
});

test('an atomic write leaves the old or the new content, wherever it is cut or fails', async () => {
  for (let index = 0; index < 4; index++) {
    for (const harm of ['EIO', 'ENOSPC', 'power'] as const) {
      const world = new SimWorld(index);
      const host = makeSimHost(world, 'a');
      await host.files.writeAtomic('/state/file', 'old');
      const at = host.board.disk.operations + index;
      host.board.disk.fault =
        harm === 'power'
          ? (operation) => {
              if (operation.index === at) host.crash('power');
              return undefined;
            }
          : failOnce(at, harm);
      void host.files.writeAtomic('/state/file', 'new').catch(() => undefined);
      await world.runFor(1);
      host.board.disk.fault = () => undefined;
      if (harm !== 'power') host.crash('power');
      expect(['old', 'new']).toContain(await host.restart().files.readText('/state/file'));
    }
  }
});

test('space is counted over all files, and comes back when one is removed', async () => {
  const { files, board } = makeSimHost(new SimWorld(1), 'a');
  board.disk.capacityBytes = 100;
  await files.writeAtomic('/state/a', 'x'.repeat(60));
  await expect(files.writeAtomic('/state/b', 'x'.repeat(60))).rejects.toMatchObject({ code: 'resource-exhausted' });
  expect(board.disk.usedBytes).toBe(60);
  await files.remove('/state/a');
  await files.writeAtomic('/state/b', 'x'.repeat(60));
  expect(board.disk.paths).toEqual(['/state/b']);
});

test('a read-only volume is read, and refuses everything else', async () => {
  const { files, board } = makeSimHost(new SimWorld(1), 'a');
  const log = await files.openLog('/state/log');
  await log.append(bytes('one'));
  board.disk.readOnly = true;
  const refusal = { code: 'failed-precondition', hint: expect.stringContaining('read-only') };
  await expect(log.append(bytes('two'))).rejects.toMatchObject(refusal);
  await expect(files.writeAtomic('/state/a', 'x')).rejects.toMatchObject(refusal);
  await expect(files.openLog('/state/new')).rejects.toMatchObject(refusal);
  const again = await files.openLog('/state/log');
  expect(await again.readAll()).toEqual(bytes('one'));
});
