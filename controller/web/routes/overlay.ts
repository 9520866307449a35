import { noOverlay, type OverlayDesk } from '../../usecases/overlay/overlay-view.js';
import type { Handlers } from '../mount.js';
import type { WebOptions } from '../options.js';
import type { OVERLAY_ROUTES } from '../table/overlay.js';

export function overlayHandlers({ overlay }: Pick<WebOptions, 'overlay'>): Handlers<typeof OVERLAY_ROUTES> {
  const desk = (): OverlayDesk => {
    if (overlay === undefined) throw noOverlay();
    return overlay;
  };
  return {
    getOverlay: ({ caller }) => desk().view(caller),
    diffOverlay: ({ caller }) => desk().diff(caller),
    changeOverlayKey: ({ body, caller }) => desk().changeKey(body, caller),
  };
}
