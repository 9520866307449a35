import { type KeyChange, KeyChangeView, OverlayChanges, OverlayView } from '../../proto/contract/api/overlay.js';
import type { Ask } from './image-api.js';

/** What of the controller's HTTP API is about the overlay. */
export class OverlayApi {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  view(): Promise<OverlayView> {
    return this.#ask('GET', '/api/v1/overlay', OverlayView);
  }

  diff(): Promise<OverlayChanges> {
    return this.#ask('GET', '/api/v1/overlay/diff', OverlayChanges);
  }

  changeKey(change: KeyChange): Promise<{ readonly behind: readonly string[] }> {
    return this.#ask('POST', '/api/v1/overlay/key-change', KeyChangeView, change);
  }
}
