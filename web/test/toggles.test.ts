/** One button, or one key, turns a source on and off. */

import { Store, type LocalMedia, type LocalSource, type LocalState } from "@connect/client";
import { expect, test, vi } from "vitest";

import { toggleCamera, toggleMicrophone } from "../src/ui/toggles";

const OFF: LocalSource = { track: null, on: false, pending: false, problem: null };

test.each([
  ["off", OFF, true],
  ["on", { ...OFF, on: true }, false],
  ["on its way", { ...OFF, pending: true }, false],
])("a source that is %s", (_, source, becomes) => {
  const media = mediaWith(source);
  toggleMicrophone(media);
  toggleCamera(media);
  expect(media.setMicrophone).toHaveBeenCalledExactlyOnceWith(becomes);
  expect(media.setCamera).toHaveBeenCalledExactlyOnceWith(becomes);
});

function mediaWith(source: LocalSource): LocalMedia {
  const state = new Store({ microphone: source, camera: source } as LocalState);
  return { state, setMicrophone: vi.fn(), setCamera: vi.fn() } as unknown as LocalMedia;
}
