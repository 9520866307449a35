import type { VolumeName } from '../../../proto/contract/netboot/cmdline.js';
import type { VolumeId } from './ports.js';
import { generationFolder } from './record.js';

/** Folder of the images that are unpacked. */
export const IMAGES = 'images';

/** Ids of volumes, and folders below the pool. Serial numbers and image names were checked by whoever parsed them. */
export const imageVolume = (image: string): VolumeId => `${IMAGES}/${image}`;
export const boardFolder = (serial: string): string => `roots/${serial}`;
export const generationVolume = (serial: string, generation: number): VolumeId =>
  `${boardFolder(serial)}/${generationFolder(generation)}`;
export const keptVolume = (serial: string, name: VolumeName): VolumeId => `${boardFolder(serial)}/${name}`;

/** Root and boot files of a board hang off this one link: one rename changes both. */
export const CURRENT = 'current';
export const PREVIOUS = 'previous';
/** Trees of a generation and of an image. */
export const ROOT_TREE = 'root';
export const BOOT_TREE = 'boot';
