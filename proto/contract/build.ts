/** Put in by build.mjs; absent when the sources run as they are (tests). */
declare const __BRAMBLE_BUILD_TIME_MS__: number | undefined;

/** Version of every program of this package; a test holds it equal to package.json's. */
export const VERSION = '0.1.0';

/**
 * No earlier than this can it be now: the time of the commit that was built, ms since 1970-01-01 UTC. It floors the
 * clock of machines that have no battery behind theirs. From plain sources: 2026-11-01.
 */
export const BUILD_TIME_MS: number =
  typeof __BRAMBLE_BUILD_TIME_MS__ === 'number' ? __BRAMBLE_BUILD_TIME_MS__ : 1_793_491_200_000;
