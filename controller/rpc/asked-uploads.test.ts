import { expect, test } from 'vitest';
import { commandId, nodeId } from '../../proto/contract/ids.js';
import { AskedUploads } from './asked-uploads.js';
import type { UploadOrder } from './upload-sink.js';

const NODE = nodeId('n-0000000000001');
const OTHER = nodeId('n-0000000000002');
const COMMAND = commandId('01890a5d-ac96-774b-bcce-b302099a8057');

function setUp(awaitedOf: string | undefined) {
  const opened: UploadOrder[] = [];
  const writer = { write: async () => undefined, finish: async () => undefined, abandon: async () => undefined };
  const inner = {
    open: async (order: UploadOrder) => {
      opened.push(order);
      return writer;
    },
  };
  const uploads = new AskedUploads(inner, async (id) =>
    id === COMMAND && awaitedOf !== undefined ? nodeId(awaitedOf) : undefined,
  );
  return { opened, open: (of = NODE) => uploads.open({ nodeId: of, commandId: COMMAND, name: 'a', sizeBytes: 1 }) };
}

test('what a node was asked for is taken', async () => {
  const { opened, open } = setUp(NODE);
  await open();
  expect(opened).toHaveLength(1);
});

test.for<[string, string | undefined]>([
  ['an upload that nobody asked for', undefined],
  ['an upload under the command of another node', OTHER],
])('%s is refused, and nothing is stored', async ([, awaitedOf]) => {
  const { opened, open } = setUp(awaitedOf);
  await expect(open()).rejects.toMatchObject({ code: 'permission-denied' });
  expect(opened).toEqual([]);
});
