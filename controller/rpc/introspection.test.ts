import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { Client, credentials, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LinkService } from '../../proto/gen/bramble/agent/v1/link.js';
import { HEALTH_WATCHERS_MAX } from './health-service.js';
import { type Introspection, startIntrospection } from './introspection.js';

let introspection: Introspection;
let client: Client;
beforeEach(async () => {
  introspection = await startIntrospection(0);
  client = new Client(`127.0.0.1:${introspection.port}`, credentials.createInsecure());
});
afterEach(async () => {
  client.close();
  await introspection.close();
});

const asIs = (bytes: Buffer): Buffer => bytes;
const text = (field: number, value: string): Buffer =>
  Buffer.from(new BinaryWriter().tag(field, WireType.LengthDelimited).string(value).finish());

/** Every field with a length, by number. */
function fields(bytes: Uint8Array): Map<number, Buffer[]> {
  const found = new Map<number, Buffer[]>();
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited)
      found.set(field, [...(found.get(field) ?? []), Buffer.from(reader.bytes())]);
    else reader.skip(wireType, field);
  }
  return found;
}

function reflect(request: Buffer, name = 'v1'): Promise<Map<number, Buffer[]>> {
  const call = client.makeBidiStreamRequest(
    `/grpc.reflection.${name}.ServerReflection/ServerReflectionInfo`,
    asIs,
    asIs,
  );
  return new Promise((resolve, reject) => {
    call.on('data', (bytes: Buffer) => {
      call.end();
      resolve(fields(bytes));
    });
    call.on('error', reject);
    call.write(request);
  });
}

function check(service: string): Promise<Buffer | number> {
  return new Promise((resolve) => {
    client.makeUnaryRequest('/grpc.health.v1.Health/Check', asIs, asIs, text(1, service), (error, answer) => {
      resolve(error === null ? (answer ?? Buffer.alloc(0)) : error.code);
    });
  });
}

const namesIn = (list: Buffer | undefined): readonly string[] =>
  (fields(list ?? Buffer.alloc(0)).get(1) ?? []).map((service) => String(fields(service).get(1)?.[0]));

test.for(['v1', 'v1alpha'])('%s lists the services of the contract', async (version) => {
  const answer = await reflect(text(7, '*'), version);
  const names = namesIn(answer.get(6)?.[0]);
  const link = LinkService.connect.path.split('/')[1];
  expect(names).toEqual([...names].sort());
  for (const name of [link, 'grpc.health.v1.Health', 'grpc.reflection.v1.ServerReflection']) {
    expect(names).toContain(name);
  }
});

test('a symbol leads to its file and to all that the file leans on', async () => {
  const link = LinkService.connect.path.split('/')[1] ?? '';
  const files = fields((await reflect(text(4, link))).get(4)?.[0] ?? Buffer.alloc(0)).get(1) ?? [];
  const names = files.map((file) => String(fields(file).get(1)?.[0]));
  expect(names[0]).toBe('bramble/agent/v1/link.proto');
  const imported = files.flatMap((file) => (fields(file).get(3) ?? []).map(String));
  expect(imported.length).toBeGreaterThan(2);
  for (const one of imported) expect(names).toContain(one);
  const byName = await reflect(text(3, 'bramble/agent/v1/link.proto'));
  expect(byName.get(4)).toEqual((await reflect(text(4, `${link}.Connect`))).get(4));
});

test.for<[string, Buffer, number]>([
  ['a symbol that nobody knows', text(4, 'no.Such'), status.NOT_FOUND],
  ['a file that nobody knows', text(3, '../etc/passwd'), status.NOT_FOUND],
  ['extensions, of which there are none', text(6, 'a.B'), status.UNIMPLEMENTED],
  ['no message at all', Buffer.of(0xff, 0xff), status.UNIMPLEMENTED],
])('%s is answered with an error, and the stream goes on', async ([, request, code]) => {
  const error = (await reflect(request)).get(7)?.[0] ?? Buffer.alloc(0);
  const reader = new BinaryReader(error);
  reader.tag();
  expect(reader.int32()).toBe(code);
});

test('health of the whole, of a service, and of none', async () => {
  expect(await check('')).toEqual(Buffer.of(0x08, 1));
  expect(await check(LinkService.connect.path.split('/')[1] ?? '')).toEqual(Buffer.of(0x08, 1));
  expect(await check('no.Such')).toBe(status.NOT_FOUND);
});

/** Statuses as a watcher gets them, and how its stream ended. */
function watch(service: string, from: Client = client) {
  const call = from.makeServerStreamRequest('/grpc.health.v1.Health/Watch', asIs, asIs, text(1, service));
  const seen: number[] = [];
  const first = new Promise<void>((resolve) => {
    call.on('data', (bytes: Buffer) => {
      seen.push(bytes[1] ?? 0);
      resolve();
    });
  });
  const over = new Promise<number>((resolve) => {
    call.on('status', ({ code }) => resolve(code));
  });
  call.on('error', () => undefined);
  return { call, seen, first, over };
}

test('a watcher stays, and is told when the controller stops serving', async () => {
  const [known, unknown] = [watch(''), watch('no.Such')];
  await Promise.all([known.first, unknown.first]);
  expect([known.seen, unknown.seen]).toEqual([[1], [3]]);
  await introspection.close();
  await known.over;
  expect(known.seen).toEqual([1, 2]);
});

test('watchers are limited, and those who leave make room', async () => {
  // A connection may have few streams, so there are many connections.
  const clients = Array.from({ length: HEALTH_WATCHERS_MAX }, () => {
    const own = { 'grpc.use_local_subchannel_pool': 1 };
    return new Client(`127.0.0.1:${introspection.port}`, credentials.createInsecure(), own);
  });
  try {
    const all = clients.map((one) => watch('', one));
    await Promise.all(all.map(({ first }) => first));
    expect(await watch('').over).toBe(status.RESOURCE_EXHAUSTED);
    all[0]?.call.cancel();
    await all[0]?.over;
    const tryAgain = async (): Promise<unknown> => {
      const { first, over, call } = watch('');
      const outcome = await Promise.race([first.then(() => 'in'), over]);
      call.cancel();
      return outcome;
    };
    await expect.poll(tryAgain).toBe('in');
  } finally {
    for (const one of clients) one.close();
  }
});

test('a port in use is a clear error', async () => {
  await expect(startIntrospection(introspection.port)).rejects.toMatchObject({
    code: 'failed-precondition',
    hint: expect.stringContaining('introspection.port'),
  });
});
