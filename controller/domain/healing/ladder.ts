/** The remedies, gentlest first. */

export const RUNGS = ['R0', 'R1', 'R2', 'R3', 'R4', 'R5', 'R6', 'R7', 'R8', 'R9'] as const;
export type Rung = (typeof RUNGS)[number];

/** Without one of these a rung is skipped. */
export type Need = 'agent' | 'root' | 'fileserver' | 'power' | 'snapshot' | 'image' | 'spare' | 'rescue';

export interface RungTerms {
  readonly title: string;
  readonly needs: readonly Need[];
  /** Takes the node away from whoever uses it. */
  readonly isDisruptive: boolean;
  /** Loses something on the node. */
  readonly isDestructive: boolean;
  /** Starts the board, and so takes part in boot admission. */
  readonly boots: boolean;
  /** From the end of the action to a node that answers. */
  readonly verifyWithinMs: number;
}

const MINUTE_MS = 60_000;
const gentle = { isDisruptive: false, isDestructive: false, boots: false };
const boots = { isDisruptive: true, isDestructive: false, boots: true };

/**
 * A soft and a cold reboot are different medicines. R4 keeps the power off for 15 s at least, verified. R8 fences the old
 * board first. R9 hands over to people.
 */
export const LADDER: Readonly<Record<Rung, RungTerms>> = {
  R0: { ...gentle, title: 'watch', needs: [], verifyWithinMs: 5 * MINUTE_MS },
  R1: { ...gentle, title: 'repair in place', needs: ['root'], verifyWithinMs: 2 * MINUTE_MS },
  R2: { ...boots, title: 'reboot', needs: ['agent'], verifyWithinMs: 10 * MINUTE_MS },
  R3: { ...gentle, title: 'repair its boot path', needs: ['fileserver'], verifyWithinMs: MINUTE_MS },
  R4: { ...boots, title: 'cut its power and give it back', needs: ['power'], verifyWithinMs: 10 * MINUTE_MS },
  R5: {
    ...boots,
    title: 'boot the rescue system',
    needs: ['fileserver', 'power', 'rescue'],
    verifyWithinMs: 20 * MINUTE_MS,
  },
  R6: {
    ...boots,
    title: 'roll its root back',
    isDestructive: true,
    needs: ['snapshot', 'power'],
    verifyWithinMs: 15 * MINUTE_MS,
  },
  R7: {
    ...boots,
    title: 'give it a fresh root',
    isDestructive: true,
    needs: ['image', 'power'],
    verifyWithinMs: 30 * MINUTE_MS,
  },
  R8: {
    ...boots,
    title: 'move it to a spare board',
    isDestructive: true,
    needs: ['spare', 'power'],
    verifyWithinMs: 15 * MINUTE_MS,
  },
  R9: { ...gentle, title: 'ask for hands', needs: [], verifyWithinMs: MINUTE_MS },
};

export function rungNumber(rung: Rung): number {
  return RUNGS.indexOf(rung);
}
