/** Journals of provisioning and of rollouts. */

import { expect, test } from 'vitest';
import type { Saga, SagaWish } from '../../domain/provisioning/saga.js';
import { stepsOf } from '../../domain/provisioning/steps.js';
import { DEFAULT_TERMS, type Rollout, wavesOf } from '../../domain/rollout/rollout.js';
import type { Store } from '../../usecases/ports.js';
import { T0_MS } from './samples.js';

const WISH: SagaWish = { image: 'img', dataBytes: 1, freshData: false, rescue: 'there', authorizedKeys: [] };

function sagaOf(id: string, node: string, over: Partial<Saga> = {}): Saga {
  const plug = { switch: 'sw-1', port: 1 };
  const serials = { rootSerial: '00000001', boardSerial: '00000001', generation: 1, previousGeneration: 0 };
  return {
    ...{ id, kind: 'rollback', wish: WISH, direction: 'forward', state: 'running', steps: stepsOf('rollback', WISH) },
    target: { node, site: 'lab', fileserver: 'fs-1', plug, interfaceName: 'swp1', ...serials, spare: undefined },
    ...{ why: '', abort: '', actor: 'kim', reason: 'x', owner: '', startedAtMs: T0_MS, atMs: T0_MS },
    ...over,
  };
}

export function describeProvisioning(current: () => Store): void {
  const put = (saga: Saga) => current().transact((writer) => writer.provisioning.putSaga(saga));

  test('a journal comes back as it was written, and is found by its node while it is open and after', async () => {
    const saga = sagaOf('s-1', 'pi-1');
    await put(saga);
    const { provisioning } = current().reader;
    expect(await provisioning.saga('s-1')).toEqual(saga);
    expect(await provisioning.openSagas()).toEqual([saga]);
    await put({ ...saga, state: 'succeeded' });
    expect(await provisioning.openSagas()).toEqual([]);
    await put(sagaOf('s-2', 'pi-2'));
    expect((await provisioning.sagas('pi-1', 10)).map(({ id }) => id)).toEqual(['s-1']);
    expect((await provisioning.sagas(undefined, 10)).map(({ id }) => id)).toEqual(['s-2', 's-1']);
  });

  test('one thing at a time is under way with a node', async () => {
    await put(sagaOf('s-1', 'pi-1'));
    await expect(put(sagaOf('s-2', 'pi-1'))).rejects.toMatchObject({ code: 'already-exists' });
    await put(sagaOf('s-1', 'pi-1', { state: 'undone' }));
    await put(sagaOf('s-2', 'pi-1'));
    expect(await current().reader.provisioning.openSagas()).toHaveLength(1);
  });

  test('journals that are long over are removed, those that are open never', async () => {
    await put(sagaOf('s-1', 'pi-1', { state: 'undone' }));
    await put(sagaOf('s-2', 'pi-2'));
    const before = { eventsBeforeMs: 0, agentEventsBeforeMs: 0, historyBeforeMs: 0, commandsBeforeMs: T0_MS + 1 };
    await current().transact((writer) => writer.prune(before, 100));
    expect((await current().reader.provisioning.sagas(undefined, 10)).map(({ id }) => id)).toEqual(['s-2']);
  });

  test('a rollout comes back as it was written', async () => {
    const rollout: Rollout = {
      ...{ id: 'r-1', name: 'r', what: { kind: 'config', config: { hostname: 'pi' } }, terms: DEFAULT_TERMS },
      ...{
        state: 'running',
        wave: 0,
        waveEndedAtMs: undefined,
        nodes: wavesOf(['pi-1', 'pi-2'], DEFAULT_TERMS, T0_MS),
      },
      ...{ why: '', actor: 'kim', reason: 'x', startedAtMs: T0_MS, atMs: T0_MS },
    };
    await current().transact((writer) => writer.provisioning.putRollout(rollout));
    const { provisioning } = current().reader;
    expect(await provisioning.openRollouts()).toEqual([rollout]);
    await current().transact((writer) => writer.provisioning.putRollout({ ...rollout, state: 'aborted' }));
    expect(await provisioning.openRollouts()).toEqual([]);
    expect(await provisioning.rollout('r-1')).toMatchObject({ state: 'aborted' });
    expect(await provisioning.rollouts(10)).toHaveLength(1);
  });
}
