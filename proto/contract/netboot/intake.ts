import { BOARD_CLASS_NAMES, type BoardClassName, kernelOf } from './board-class.js';
import { renderSharedCommandLine } from './cmdline.js';
import type { PortSubnet } from './subnet.js';

/** What the firmware calls each class in a condition of config.txt. Source: Raspberry Pi documentation, "Conditional filters". */
const FILTERS: Readonly<Record<BoardClassName, string>> = {
  pi1: 'pi1',
  pi2: 'pi2',
  pi3: 'pi3',
  pi4: 'pi4',
  pi5: 'pi5',
};

/** Files for a board of which nothing is known, not even its class: the firmware itself picks what is for it. */
export function intakeFiles(
  subnet: PortSubnet,
  image: string,
): readonly { readonly path: string; readonly text: string }[] {
  const sections = BOARD_CLASS_NAMES.map((name) => {
    const bits = kernelOf(name, 64) === undefined ? 32 : 64;
    return [
      `[${FILTERS[name]}]`,
      `arm_64bit=${bits === 64 ? 1 : 0}`,
      `kernel=${kernelOf(name, bits) ?? ''}`,
      `cmdline=cmdline-${name}.txt`,
    ].join('\n');
  });
  const config = `# Written by the fileserver agent: for boards that nobody knows yet.\n${sections.join('\n')}\n[all]\nenable_uart=1\n`;
  const lines = BOARD_CLASS_NAMES.map((boardClass) => ({
    path: `cmdline-${boardClass}.txt`,
    text: `${renderSharedCommandLine({ boardClass, hasBootCard: false }, subnet, image)}\n`,
  }));
  return [{ path: 'config.txt', text: config }, ...lines];
}
