import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { IncidentDetail, IncidentList } from '../../proto/contract/api/incidents.js';
import { CommandList } from '../../proto/contract/api/lists.js';
import { RolloutList } from '../../proto/contract/api/rollout.js';
import { bramble, endAll, getJson, Run } from '../system/quickstart-rig.js';

const MINUTE_MS = 60_000;
/** One of them has no card. */
const PIS = 4;

/** What a visitor of the demo site breaks, from `npm start` to the end of its incident. */
describe('the demo site of npm start', () => {
  let data = '';
  let url = '';

  const ask = async (...words: readonly string[]): Promise<unknown> => {
    const { status, out, err } = await bramble(data, ...words, '-o', 'json');
    expect([status, err]).toEqual([0, '']);
    return JSON.parse(out);
  };
  const causes = async (): Promise<readonly string[]> =>
    IncidentList.parse(await ask('incident', 'list')).incidents.map(({ cause }) => cause);
  const newest = async (cause: string): Promise<IncidentDetail | undefined> => {
    const { incidents } = IncidentList.parse(await ask('incident', 'list', '--all'));
    const found = incidents.find((incident) => incident.cause === cause);
    return found === undefined ? undefined : IncidentDetail.parse(await ask('incident', 'show', found.id));
  };
  const within = (minutes: number) => ({ timeout: minutes * MINUTE_MS, interval: 2_000 });
  /** Orders that a switch got. */
  const cuts = async (): Promise<number> => {
    const { commands } = CommandList.parse(await getJson(`${url}/api/v1/commands?limit=200`));
    return commands.filter(({ action }) => action.kind === 'switch-power').length;
  };

  beforeAll(async () => {
    data = mkdtempSync(path.join(tmpdir(), 'bramble-heals-'));
    url = await new Run(data, '--port', '0', '--demo-pis', String(PIS), '--demo-calm').up();
  });
  afterAll(async () => {
    await endAll();
    rmSync(data, { recursive: true, force: true });
  });

  test('exports are full: the fileserver is to blame, no Pi is touched, and it is over when mended', {
    timeout: 6 * MINUTE_MS,
  }, async () => {
    const before = await cuts();
    await bramble(data, 'demo', 'break', 'fill-export');
    await expect.poll(async () => (await newest('fileserver:demo-fs'))?.row, within(3)).toContain('ExportFull');
    await bramble(data, 'demo', 'mend');
    await expect.poll(causes, within(3)).not.toContain('fileserver:demo-fs');
    expect(await cuts()).toBe(before);
  });

  test('the uplink is cut: one incident for the whole site, and nobody is power-cycled', {
    timeout: 12 * MINUTE_MS,
  }, async () => {
    const before = await cuts();
    await bramble(data, 'demo', 'break', 'cut-uplink');
    await expect.poll(causes, within(3)).toContain('site:demo');
    await expect.poll(async () => (await newest('site:demo'))?.members.length, within(2)).toBe(PIS);
    expect((await causes()).filter((cause) => /^(switch|fileserver):/.test(cause))).toEqual([]);
    await bramble(data, 'demo', 'mend');
    // Agents may be in the middle of their back-off.
    await expect.poll(causes, within(8)).not.toContain('site:demo');
    expect(await cuts()).toBe(before);
  });

  test('a bad image: its rollout stops at the first Pi, which is back on the root before, and nobody else gets it', {
    timeout: 12 * MINUTE_MS,
  }, async () => {
    const imageOf = async (): Promise<string> => (await bramble(data, 'get', 'roots')).out;
    const rollouts = async () => RolloutList.parse(await getJson(`${url}/api/v1/rollouts`)).rollouts;
    const before = await imageOf();
    await bramble(data, 'demo', 'break', 'bad-image');
    await expect.poll(async () => (await rollouts())[0]?.state, within(8)).toBe('failed');
    const [rollout] = await rollouts();
    expect(rollout?.nodes.map(({ name, state }) => [name, state])).toEqual([['demo-02', 'taken-back']]);
    expect(rollout?.why).toMatch(/demo-02, follow its boot: it began to boot \d times/);
    await expect.poll(causes, within(4)).not.toContain('node:demo-02');
    await bramble(data, 'demo', 'mend');
    await expect.poll(imageOf, within(2)).toBe(before);
  });

  test('a plug is pulled and a card dies: nothing from here can help, and somebody is asked to go there', {
    timeout: 24 * MINUTE_MS,
  }, async () => {
    await bramble(data, 'demo', 'break', 'pull-plug', 'demo-03');
    await bramble(data, 'demo', 'break', 'kill-sd', 'demo-04');
    for (const name of ['demo-03', 'demo-04']) {
      const state = async () => (await newest(`node:${name}`))?.members[0]?.state;
      // Its power is cycled once before, and the boot that does not come is waited for.
      await expect.poll(state, within(15)).toBe('await-hands');
      expect((await bramble(data, 'why', name)).out).toContain('Somebody has to go there');
    }
    await bramble(data, 'demo', 'mend');
    // What a card has counted stays counted for a while.
    await expect.poll(causes, within(6)).not.toContain('node:demo-03');
  });

  test('a Pi hangs and a disk fails: the one is healed and verified, the other told', {
    timeout: 12 * MINUTE_MS,
  }, async () => {
    await bramble(data, 'demo', 'break', 'hang', 'demo-02');
    await bramble(data, 'demo', 'break', 'fail-disk');
    await expect.poll(causes, within(2)).toContain('fileserver:demo-fs');
    await expect.poll(causes, within(4)).toContain('node:demo-02');
    await expect.poll(async () => (await newest('node:demo-02'))?.state, within(8)).toBe('closed');
    const healed = await newest('node:demo-02');
    expect(healed?.row).toBe('hung');
    expect(healed?.sides.map(({ side }) => side)).toEqual(['agent', 'fileserver', 'switch']);
    const kinds = healed?.timeline.map(({ kind }) => kind) ?? [];
    for (const kind of ['signal', 'decision', 'action', 'verification'] as const) expect(kinds).toContain(kind);
    expect(healed?.timeline.some(({ words }) => words.startsWith('cut its power and give it back: done'))).toBe(true);
    // The new disk is copied for eleven minutes: until then another failure would cost data, and it is said.
    expect(await causes()).toContain('fileserver:demo-fs');
  });
});
