import si from 'systeminformation';
import { describeHardware } from './describe.js';

/**
 * Prints what is built into this machine as JSON and ends. A program of its own: the library starts a dozen others and takes
 * as much memory as the whole agent, which both end with it.
 */
const [disks, usb, bios, memory] = [await si.diskLayout(), await si.usb(), await si.bios(), await si.memLayout()];
process.stdout.write(`${JSON.stringify(describeHardware({ disks, usb, bios, memory }))}\n`);
