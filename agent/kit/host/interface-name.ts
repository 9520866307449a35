/** Source: Linux include/uapi/linux/if.h, IFNAMSIZ; no name that needs quoting anywhere. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/;

/** A name of a network interface such as "eth0.10": no path, no option, no pattern. */
export function isInterfaceName(text: string): boolean {
  return NAME.test(text);
}
