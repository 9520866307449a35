import type { TestProject } from 'vitest/node';
import { type DebianReport, debianPackages } from './debian.js';
import { type NodeRuntime, nodeRuntimes } from './node-runtimes.js';

declare module 'vitest' {
  interface ProvidedContext {
    readonly nodeRuntimes: readonly NodeRuntime[];
    readonly debian: DebianReport;
  }
}

/** Runs once before the system tests; they read the results by inject('nodeRuntimes') and inject('debian'). */
export default async function setup(project: TestProject): Promise<void> {
  const [runtimes, debian] = await Promise.all([nodeRuntimes(), debianPackages()]);
  for (const runtime of runtimes) if ('missing' in runtime) console.log(`skipped: ${runtime.name} ${runtime.missing}`);
  for (const [name, why] of Object.entries(debian.missing)) console.log(`skipped: package ${name}: ${why}`);
  project.provide('nodeRuntimes', runtimes);
  project.provide('debian', debian);
}
