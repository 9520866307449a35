import { parse } from 'yaml';
import * as z from 'zod/mini';
import { BrambleError } from '../../proto/contract/errors.js';
import type { JoinFile } from '../kit/enroll/join.js';

const PATH = z.string().check(z.regex(/^\/[^\0]*$/));

/** What `npm start` writes for the program of the demo site. */
const CONFIG = z.strictObject({
  stateDir: PATH,
  /** Number of the first Pi, from 0: a site may be divided among processes. */
  first: z.number().check(z.int(), z.minimum(0), z.maximum(200)),
  pis: z.number().check(z.int(), z.minimum(1), z.maximum(200)),
  seed: z.number().check(z.int()),
  troubles: z.boolean(),
  /** Where the fileserver of the site writes down boots. */
  bootLogFile: z.optional(PATH),
  /** What visitors have broken: written by `npm start`. */
  breaksFile: z.optional(PATH),
  /** Pis whose system stands still: each written by a process of boards, all of them read by the fileserver. */
  stillFiles: z.optional(z.array(PATH)),
  /** Pis whose root panics: written by the fileserver, which serves it, and read by the boards. */
  rootsFile: z.optional(PATH),
  /** Files between the boards of the site and its switch. */
  cables: z.optional(
    z.strictObject({
      powerFile: PATH,
      linkFiles: z.array(PATH),
    }),
  ),
  join: z.optional(z.strictObject({ controller: z.string(), pin: z.string(), tokenFile: z.string() })),
});
export type SiteConfig = z.infer<typeof CONFIG>;

/** @throws BrambleError `invalid-argument` */
export function parseSiteConfig(text: string, name: string): SiteConfig {
  const judged = CONFIG.safeParse(parse(text));
  if (judged.success) return judged.data;
  const problems = judged.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  throw new BrambleError('invalid-argument', `${name}: ${problems}`, { hint: 'npm start writes it at every start' });
}

/** The token is in a file of its own, which is gone once every Pi has enrolled. */
export function joinOf({ join }: SiteConfig, token: string | undefined): JoinFile | undefined {
  if (join === undefined || token === undefined) return undefined;
  return { controller: join.controller, pin: join.pin, token: token.trim() };
}
