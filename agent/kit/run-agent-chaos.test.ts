import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CommandState } from '../../proto/gen/bramble/agent/v1/command.js';
import { SIM_UNITS, SimSite } from './testing/sim-site.js';

const MINUTE_MS = 60_000;
const { SUCCEEDED, FAILED, REJECTED, UNKNOWN } = CommandState;
const FINAL: readonly CommandState[] = [SUCCEEDED, FAILED, REJECTED, UNKNOWN];

const trouble = fc.record({
  what: fc.constantFrom(
    'kill',
    'power',
    'cut',
    'reset',
    'controller',
    'disk',
    'clock',
    'command',
    'command',
    'command',
  ),
  thenMs: fc.oneof(fc.nat(300), fc.nat(20_000), fc.nat(300_000)),
  unit: fc.double({ min: -1, max: 1, noNaN: true }),
});
type Trouble = typeof trouble extends fc.Arbitrary<infer T> ? T : never;

function happen(site: SimSite, { what, unit }: Trouble, nextCommand: () => number): void {
  const { host, controller, path } = site;
  switch (what) {
    case 'kill':
      site.restart('kill');
      break;
    case 'power':
      path.reset(); // the switch sees the link go
      site.restart('power');
      break;
    case 'cut':
      path.cut(unit > 0.3 ? 'both' : unit > -0.3 ? 'to-agent' : 'to-controller');
      break;
    case 'reset':
      path.reset();
      path.heal();
      break;
    case 'controller':
      controller.die();
      break;
    case 'disk':
      host.board.disk.fault = unit > 0 ? () => undefined : ({ kind }) => (kind === 'read' ? undefined : 'EIO');
      break;
    case 'clock':
      host.board.clock.jump(unit * 1e12);
      break;
    default:
      if (controller.isConnected) controller.command(site.restartUnit(nextCommand()));
  }
}

test('property: whatever breaks, no command runs twice, each one that arrived gets a result, and what was told stays true', async () => {
  let succeeded = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(trouble, { maxLength: 25 }), fc.nat(), async (troubles, seed) => {
      const site = new SimSite(seed);
      site.host.board.disk.latencyMs = () => 4;
      site.start();
      await site.pass(10_000);
      let commands = 0;
      for (const each of troubles) {
        happen(site, each, () => (commands < SIM_UNITS.length ? commands++ : commands - 1));
        await site.pass(each.thenMs);
      }
      site.host.board.disk.fault = () => undefined;
      site.path.reset();
      site.path.heal();
      await site.pass(30 * MINUTE_MS);
      const { controller } = site;
      expect(controller.isConnected).toBe(true);
      expect(controller.facts.get('agent_outbox_events_count')).toBe(0);
      for (let n = 0; n < commands; n++) {
        const story = site.storyOf(n);
        expect(site.restartsOf(n), 'at most once').toBeLessThanOrEqual(1);
        if (story.length > 0)
          expect(
            story.some((state) => FINAL.includes(state)),
            `${n} has a result`,
          ).toBe(true);
        if (!story.includes(SUCCEEDED)) continue;
        succeeded += 1;
        // A power cut starts the unit anew as well: then the command's aim is met without it.
        if (!troubles.some(({ what }) => what === 'power')) expect(site.restartsOf(n)).toBe(1);
        else expect(site.startsOf(n)).toBeGreaterThan(1);
      }
      const sequences = controller.events.map(({ bootId, sequence }) => `${bootId} ${sequence}`);
      expect(new Set(sequences).size).toBe(sequences.length);
    }),
    { numRuns: 40 },
  );
  expect(succeeded).toBeGreaterThan(5); // else nothing was put to the test
}, 60_000);
