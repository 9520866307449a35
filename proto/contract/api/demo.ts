import { z } from 'zod';

/** What a visitor can break in the demo site of `npm start`, and what one sees of it then. */
export const DEMO_BREAKS = {
  'pull-plug': { fits: 'pi', looks: 'its plug is out; nothing from here can put it back' },
  'kill-sd': { fits: 'card', looks: 'its card begins to fail' },
  'fill-export': { fits: 'fileserver', looks: 'its exports are full' },
  'fail-disk': { fits: 'fileserver', looks: 'one of its disks fails' },
  'cut-uplink': { fits: 'site', looks: 'the whole site is out of reach' },
  hang: { fits: 'diskless', looks: 'its kernel hangs' },
  'bad-image': { fits: 'diskless', looks: 'it gets a new image, whose kernel panics' },
} as const satisfies Record<string, { fits: 'pi' | 'card' | 'diskless' | 'fileserver' | 'site'; looks: string }>;

/** What the boards without a card boot from, by the names that images have there. */
export const DEMO_IMAGES = { installed: 'demo-image-1', bad: 'demo-image-2' } as const;

export type DemoBreak = keyof typeof DEMO_BREAKS;

export const DEMO_BREAK_NAMES = Object.keys(DEMO_BREAKS) as readonly DemoBreak[]; // its own keys

export const DemoOrder = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('break'),
    what: z.enum(Object.keys(DEMO_BREAKS) as [DemoBreak, ...DemoBreak[]]), // its own keys, and it has some
    node: z.string().max(63).optional(),
  }),
  z.strictObject({ kind: z.literal('mend') }),
]);
export type DemoOrder = z.infer<typeof DemoOrder>;

export const DemoAnswer = z.object({ said: z.string() });
export type DemoAnswer = z.infer<typeof DemoAnswer>;
