/** The site of the simulated Pis, their fileserver and their switch. */
export const DEMO_SITE = 'demo';
/** As their programs call them. */
export const DEMO_FILESERVER = 'demo-fs';
export const DEMO_SWITCH = 'demo-sw';

/** As the program of the demo site calls them. */
export function demoPiName(index: number): string {
  return `demo-${String(index + 1).padStart(2, '0')}`;
}
