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
  /** Let no question be answered before the function is called that this returns. */
  const holdDevices = () => {
    const { getUserMedia } = devices;
    let letGo = () => {};
    const held = new Promise<void>((resolve) => (letGo = resolve));
    devices.getUserMedia = async (constraints) => {
      const answer = getUserMedia(constraints);
      await Promise.allSettled([answer, held]);
      return answer;
    };
    return letGo;
  };
  const asked = (times: number) => vi.waitFor(() => expect(devices.asked).toHaveLength(times));

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

  test("what was chosen is opened again after it was off", async () => {
    await media.open();
    await media.chooseCamera("cam-2");
    await media.setCamera(false);
    await media.setCamera(true);
    expect(devices.asked.at(-1)).toMatchObject({ video: { deviceId: { exact: "cam-2" } } });
  });

  test("a chosen microphone that can't be opened is the one to try again", async () => {
    devices.failures.audio = "NotReadableError";
    await media.chooseMicrophone("mic-2");
    delete devices.failures.audio;
    await media.setMicrophone(true);
    expect(devices.asked.at(-1)).toMatchObject({ audio: { deviceId: { exact: "mic-2" } } });
  });

  test("what was chosen on the visit before is opened with one question", async () => {
    await media.chooseCamera("cam-2");
    await media.chooseMicrophone("mic-2");
    const next = new LocalMedia(now().chosen);
    devices.asked.length = 0;
    await next.open();
    const [audio, video] = [{ deviceId: { exact: "mic-2" } }, { deviceId: { exact: "cam-2" } }];
    expect(devices.asked).toMatchObject([{ audio, video }]);
    next.stop();
  });

  test("another device is opened instead of a chosen one that is gone, which stays the chosen one", async () => {
    devices.gone.add("cam-2");
    const next = new LocalMedia({ camera: "cam-2" });
    await next.open();
    const { microphone, camera, chosen } = next.state.get();
    expect([microphone.on, camera.on, camera.problem]).toEqual([true, true, null]);
    expect(devices.asked.at(-1)?.video).not.toHaveProperty("deviceId");
    expect(chosen).toEqual({ microphone: null, camera: "cam-2" });
    next.stop();
  });

  test("devices are listed also where none is opened", async () => {
    await media.open({ microphone: false, camera: false });
    expect(devices.asked).toEqual([]);
    expect([now().microphones, now().cameras, now().speakers].map(({ length }) => length)).toEqual([1, 1, 1]);
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

  test("a camera that is turned off while it is being opened never shows", async () => {
    const letGo = holdDevices();
    const seen: boolean[] = [];
    media.state.subscribe(() => seen.push(now().camera.on));
    const opening = media.open();
    await asked(1);
    expect(now().camera.pending).toBe(true);
    const closing = media.setCamera(false);
    expect(now().camera.pending).toBe(false);
    letGo();
    await Promise.all([opening, closing]);
    expect(seen).not.toContain(true);
    expect(now().microphone.on).toBe(true);
    expect(devices.opened.map(({ kind, readyState }) => [kind, readyState])).toEqual([
      ["audio", "live"],
      ["video", "ended"],
    ]);
  });

  test("a camera that is turned off while both are asked for is not asked for alone", async () => {
    const letGo = holdDevices();
    devices.failures.video = "NotReadableError";
    const opening = media.open();
    await asked(1);
    const closing = media.setCamera(false);
    letGo();
    await Promise.all([opening, closing]);
    expect(devices.asked.map(({ video }) => Boolean(video))).toEqual([true, false]);
    expect(now().camera).toMatchObject({ on: false, pending: false, problem: null });
  });

  test("a microphone that is muted while it is being opened is never heard", async () => {
    const letGo = holdDevices();
    const seen: boolean[] = [];
    media.state.subscribe(() => seen.push(now().microphone.on));
    const opening = media.open();
    await asked(1);
    const muting = media.setMicrophone(false);
    expect(now().microphone.pending).toBe(false);
    letGo();
    await Promise.all([opening, muting]);
    expect(seen).not.toContain(true);
    expect(now().microphone).toMatchObject({ on: false, pending: false, track: { enabled: false } });
  });

  test("muting does not wait for another microphone, which comes muted", async () => {
    await media.open();
    const letGo = holdDevices();
    const choosing = media.chooseMicrophone("mic-2");
    await asked(2);
    const muting = media.setMicrophone(false);
    expect(now().microphone).toMatchObject({ on: false, track: { enabled: false } });
    letGo();
    await Promise.all([choosing, muting]);
    expect(now().microphone).toMatchObject({ on: false, track: { enabled: false } });
    await media.setMicrophone(true);
    expect(now().microphone).toMatchObject({ on: true, track: { enabled: true } });
  });

  test("clicks while a device is being opened switch on and off in turn", async () => {
    const letGo = holdDevices();
    const click = () => media.setCamera(!(now().camera.on || now().camera.pending));
    const first = click();
    await asked(1);
    const others = [click(), click(), click(), click()];
    letGo();
    await Promise.all([first, ...others]);
    expect(now().camera).toMatchObject({ on: true, pending: false });
  });

  test("who asks twice for a screen is asked once, and again after that", async () => {
    devices.failures.screen = "NotAllowedError";
    const question = vi.spyOn(devices, "getDisplayMedia");
    await Promise.all([media.startScreen(), media.startScreen()]);
    expect(question).toHaveBeenCalledTimes(1);
    delete devices.failures.screen;
    await Promise.all([media.startScreen(), media.stopScreen(), media.startScreen()]);
    expect(question).toHaveBeenCalledTimes(3);
    expect(now().screen.on).toBe(true);
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

  test("a listener that fails leaves no device half open", async () => {
    const reported = vi.spyOn(console, "error").mockReturnValue();
    media.state.subscribe(() => {
      throw new Error("broken");
    });
    await media.open();
    expect(now().microphone).toMatchObject({ on: true, pending: false });
    reported.mockRestore();
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
