import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { Rack } from '../lab/rack.js';
import { debianPackages } from './debian.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** The name of the rack that is up, or why there is none. */
    readonly rack: { readonly id: string } | { readonly missing: string };
  }
}

const CHECKOUT = path.resolve(import.meta.dirname, '../..');
const PIS = 2;

/**
 * Boots one rack for all suites that need it, and ends it after the last one. Where the environment names one that is up, as
 * BRAMBLE_RACK=rack does after `npm run lab -- up`, they run on that one, and it stays.
 */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const standing = process.env['BRAMBLE_RACK'];
  if (standing !== undefined) {
    Rack.open(standing); // or say that there is none
    project.provide('rack', { id: standing });
    return undefined;
  }
  const missing = await whyNot();
  if (missing !== undefined) {
    console.log(`skipped: the virtual rack: ${missing}`);
    project.provide('rack', { missing });
    return undefined;
  }
  const id = `test-${process.pid}`;
  const say = (line: string): void => console.log(`rack: ${line}`);
  const startedAtMs = performance.now();
  const rack = await Rack.start({ id, pis: PIS, isOwned: true, withAgents: true, checkout: CHECKOUT, say });
  say(
    `the machines have begun, and the Pis have power, after ${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s`,
  );
  project.provide('rack', { id });
  return () => rack.down();
}

async function whyNot(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'not root on Linux';
  const { missing } = await debianPackages();
  const absent = Object.entries(missing).filter(([, why]) => why.includes('the virtual rack'));
  return absent.length === 0 ? undefined : absent.map(([name, why]) => `package ${name}: ${why}`).join('; ');
}
