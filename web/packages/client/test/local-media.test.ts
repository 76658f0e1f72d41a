import { beforeEach, describe, expect, test, vi } from "vitest";

import { LocalMedia } from "../src/local-media";
import { FakeMediaDevices, unplug } from "./fakes";

describe("LocalMedia", () => {
  let devices: FakeMediaDevices;
  let media: LocalMedia;

  beforeEach(() => {
    devices = FakeMediaDevices.install();
    media = new LocalMedia();
  });

  const now = () => media.state.get();

  test("opens camera and microphone with one question", async () => {
    await media.open();
    expect(devices.asked).toHaveLength(1);
    expect(now().microphone).toMatchObject({ on: true, problem: null, track: { kind: "audio" } });
    expect(now().camera).toMatchObject({ on: true, problem: null, track: { kind: "video" } });
    expect(now().microphones.map(({ label }) => label)).toEqual(["Microphone"]);
    expect(now().cameras.map(({ label }) => label)).toEqual(["Camera"]);
    expect(now().speakers.map(({ label }) => label)).toEqual(["Speaker"]);
  });

  test("a missing camera leaves the microphone on, and says what to do", async () => {
    devices.failures.video = "NotFoundError";
    await media.open();
    expect(now().microphone.on).toBe(true);
    expect(now().camera).toMatchObject({ on: false, track: null, pending: false });
    expect(now().camera.problem).toMatchObject({ code: "device_missing" });
  });

  test.each([
    ["NotAllowedError", "permission_denied"],
    ["NotReadableError", "device_busy"],
    ["OverconstrainedError", "device_missing"],
    ["TypeError", "device_failed"],
  ])("%s is told as %s", async (error, code) => {
    devices.failures.audio = error;
    await media.setMicrophone(true);
    expect(now().microphone.problem?.code).toBe(code);
  });

  test("without a secure context there are no devices, and nothing breaks", async () => {
    vi.stubGlobal("navigator", {});
    const insecure = new LocalMedia();
    await insecure.open();
    await insecure.startScreen();
    expect(insecure.state.get().camera.problem?.code).toBe("insecure_context");
    insecure.stop();
  });

  test("a muted microphone stays open, a camera that is off is closed", async () => {
    await media.open();
    const { microphone, camera } = now();
    await media.setMicrophone(false);
    await media.setCamera(false);
    expect(microphone.track).toMatchObject({ readyState: "live", enabled: false });
    expect(now().microphone).toMatchObject({ on: false, track: microphone.track });
    expect(camera.track?.readyState).toBe("ended");
    expect(now().camera).toMatchObject({ on: false, track: null });
  });

  test("what fails can be tried again", async () => {
    devices.failures.video = "NotReadableError";
    await media.setCamera(true);
    delete devices.failures.video;
    await media.setCamera(true);
    expect(now().camera).toMatchObject({ on: true, problem: null });
  });

  test("another microphone replaces the first, muted if that one was", async () => {
    await media.open();
    await media.setMicrophone(false);
    const first = now().microphone.track;
    await media.chooseMicrophone("mic-2");
    expect(devices.asked.at(-1)?.audio).toMatchObject({ deviceId: { exact: "mic-2" } });
    expect(first?.readyState).toBe("ended");
    expect(now().microphone.on).toBe(false);
    expect(now().microphone.track?.enabled).toBe(false);
  });

  test.each(["camera", "microphone"] as const)("another %s replaces one that is unplugged", async (name) => {
    await media.open();
    const first = now()[name].track;
    unplug(first);
    await vi.waitFor(() => expect(now()[name].problem?.code).toBe("device_replaced"));
    expect(now()[name]).toMatchObject({ on: true, track: { readyState: "live" } });
    expect(now()[name].track).not.toBe(first);
  });

  test("a microphone that replaces a muted one is muted", async () => {
    await media.open();
    await media.setMicrophone(false);
    unplug(now().microphone.track);
    await vi.waitFor(() => expect(now().microphone.problem?.code).toBe("device_replaced"));
    expect(now().microphone).toMatchObject({ on: false, track: { enabled: false } });
  });

  test("a device that replaces another and fails, too, is off, and says why", async () => {
    await media.open();
    devices.failures.video = "NotReadableError";
    unplug(now().camera.track);
    await vi.waitFor(() => expect(now().camera).toMatchObject({ on: false, problem: { code: "device_busy" } }));
  });

  test("an unplugged camera, the only one, is off, and told", async () => {
    await media.open();
    devices.enumerateDevices = async () => [];
    unplug(now().camera.track);
    await vi.waitFor(() => expect(now().camera.problem?.code).toBe("device_lost"));
    expect(now().camera).toMatchObject({ on: false, track: null });
    expect(now().camera.problem?.code).toBe("device_lost");
    media.dismissProblems();
    expect(now().camera.problem).toBeNull();
  });

  test("a screen comes with its sound, and goes with it when the browser's own bar ends it", async () => {
    await media.startScreen();
    const { screen, screenAudio } = now();
    expect([screen.on, screenAudio.on]).toEqual([true, true]);
    unplug(screen.track);
    expect([now().screen.on, now().screenAudio.on]).toEqual([false, false]);
    expect(now().screen.problem).toBeNull();
    expect(screenAudio.track?.readyState).toBe("ended");
  });

  test("choosing no screen is no problem", async () => {
    devices.failures.screen = "NotAllowedError";
    await media.startScreen();
    expect(now().screen).toMatchObject({ on: false, pending: false, problem: null });
  });

  test("quick clicks end where the last one wanted", async () => {
    await Promise.all([media.setCamera(true), media.setCamera(false), media.setCamera(true)]);
    expect(now().camera.on).toBe(true);
    await Promise.all([media.setCamera(false), media.setCamera(true), media.setCamera(false)]);
    expect(now().camera.on).toBe(false);
    expect(devices.opened.filter(({ readyState }) => readyState === "live")).toEqual([]);
  });

  test("muting does not wait for the choice of a screen", async () => {
    await media.open();
    devices.getDisplayMedia = () => new Promise(() => undefined);
    void media.startScreen();
    await media.setMicrophone(false);
    expect(now().microphone.on).toBe(false);
    await media.setCamera(false);
    expect(now().camera.on).toBe(false);
  });

  test("another microphone in a muted call is never on, not for a moment", async () => {
    await media.open();
    await media.setMicrophone(false);
    const seen: boolean[] = [];
    media.state.subscribe(() => seen.push(now().microphone.on));
    await media.chooseMicrophone("mic-2");
    expect(seen).not.toContain(true);
  });

  test("nothing stays open after the end, not even what was still being opened", async () => {
    const opening = media.open();
    media.stop();
    await opening;
    expect(devices.opened).toHaveLength(2);
    expect(devices.opened.every(({ readyState }) => readyState === "ended")).toBe(true);
    expect(now().camera.track).toBeNull();
  });
});
