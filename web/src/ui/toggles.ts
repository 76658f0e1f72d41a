/** Turning a source on and off with the same button or key. */

import type { LocalMedia, LocalSource } from "@connect/client";

/** What a press makes of a source: what is on, or on its way, goes off. */
function turned({ on, pending }: LocalSource): boolean {
  return !(on || pending);
}

export function toggleMicrophone(media: LocalMedia): void {
  void media.setMicrophone(turned(media.state.get().microphone));
}

export function toggleCamera(media: LocalMedia): void {
  void media.setCamera(turned(media.state.get().camera));
}
