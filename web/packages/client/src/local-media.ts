/** Your own camera, microphone and screen: what is on, from which device, and why something is not. */

import { deviceProblem, INSECURE_CONTEXT, type Problem } from "./problem.js";
import { Store } from "./store.js";
import type { Source } from "./wire.js";

/** One of your sources. `on` without a track never happens; a track that is not `on` is a muted microphone. */
export interface LocalSource {
  readonly track: MediaStreamTrack | null;
  readonly on: boolean;
  /** The browser, or the person, has been asked and has not answered yet. */
  readonly pending: boolean;
  readonly problem: Problem | null;
}

export interface LocalState {
  readonly microphone: LocalSource;
  readonly camera: LocalSource;
  readonly screen: LocalSource;
  /** The sound of what is shown, when the browser gives it. */
  readonly screenAudio: LocalSource;
  /** Nameless until the person has allowed a device once. */
  readonly microphones: readonly MediaDeviceInfo[];
  readonly cameras: readonly MediaDeviceInfo[];
  /** Where the others can be heard; an element's `setSinkId()` takes one. */
  readonly speakers: readonly MediaDeviceInfo[];
}

type Device = "microphone" | "camera" | "screen";

type SourceName = "microphone" | "camera" | "screen" | "screenAudio";

const OFF: LocalSource = { track: null, on: false, pending: false, problem: null };

const MICROPHONE: MediaTrackConstraints = {
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
};

const CAMERA: MediaTrackConstraints = {
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 30 },
};

const SCREEN: DisplayMediaStreamOptions = {
  video: { frameRate: { ideal: 15 } },
  // Browsers would take music for the noise around a voice.
  audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
};

/**
 * Owns the tracks that it opens and stops them: nobody else does.
 *
 * Nothing here throws because of a device: what went wrong is the source's `problem`. Calls that concern one device run
 * one after another, so that the last one decides.
 */
export class LocalMedia {
  readonly state = new Store<LocalState>({
    microphone: OFF,
    camera: OFF,
    screen: OFF,
    screenAudio: OFF,
    microphones: [],
    cameras: [],
    speakers: [],
  });
  /** One for each device: a question about the screen, open for minutes, must not keep anyone from muting. */
  readonly #queues = { microphone: Promise.resolve(), camera: Promise.resolve(), screen: Promise.resolve() };
  #stopped = false;

  constructor() {
    navigator.mediaDevices?.addEventListener("devicechange", this.#listDevices);
  }

  /** Open what is wished for, asking the person once for both; each one that fails leaves the other on. */
  open({ microphone = true, camera = true } = {}): Promise<void> {
    return this.#enqueue(["microphone", "camera"], async () => {
      if (microphone && camera && (await this.#openBoth())) return;
      if (microphone) await this.#openMicrophone();
      if (camera) await this.#openCamera();
    });
  }

  /** Mute and unmute. A muted microphone stays open, so that unmuting is instant. */
  setMicrophone(on: boolean): Promise<void> {
    return this.#enqueue(["microphone"], async () => {
      const { track } = this.state.get().microphone;
      if (track) {
        track.enabled = on;
        this.#set("microphone", { on });
      } else if (on) {
        await this.#openMicrophone();
      }
    });
  }

  /** A camera that is off is closed: its light goes out. */
  setCamera(on: boolean): Promise<void> {
    return this.#enqueue(["camera"], async () => {
      if (!on) this.#close("camera");
      else if (!this.state.get().camera.track) await this.#openCamera();
    });
  }

  /** Use another microphone from now on, muted if the present one is. */
  chooseMicrophone(deviceId: string): Promise<void> {
    return this.#enqueue(["microphone"], async () => {
      const { on, track } = this.state.get().microphone;
      await this.#openMicrophone(deviceId, on || !track);
    });
  }

  /** Use another camera from now on, and turn it on. */
  chooseCamera(deviceId: string): Promise<void> {
    return this.#enqueue(["camera"], () => this.#openCamera(deviceId));
  }

  /** Let the person choose a screen, window or tab to show. Choosing none is no problem. */
  startScreen(): Promise<void> {
    return this.#enqueue(["screen"], async () => {
      if (this.state.get().screen.track) return;
      this.#set("screen", { pending: true, problem: null });
      const stream = await this.#open("screen", SCREEN, "display");
      if (!(stream instanceof MediaStream)) {
        this.#set("screen", { pending: false, problem: stream.code === "permission_denied" ? null : stream });
        return;
      }
      const [track] = stream.getVideoTracks();
      if (track) track.contentHint = "detail";
      this.#adopt("screen", track);
      this.#adopt("screenAudio", stream.getAudioTracks()[0]);
    });
  }

  stopScreen(): Promise<void> {
    return this.#enqueue(["screen"], async () => {
      this.#close("screen");
      this.#close("screenAudio");
    });
  }

  /** Turn off what shows as `source` with the others. */
  turnOff(source: Source): Promise<void> {
    if (source === "microphone") return this.setMicrophone(false);
    if (source === "camera") return this.setCamera(false);
    return this.stopScreen();
  }

  /** Take note of what does not work. */
  dismissProblems(): void {
    for (const name of ["microphone", "camera", "screen"] as const) this.#set(name, { problem: null });
  }

  /** Close everything, now and for good; what is still being opened is closed as soon as it comes. */
  stop(): void {
    this.#stopped = true;
    navigator.mediaDevices?.removeEventListener("devicechange", this.#listDevices);
    for (const name of ["microphone", "camera", "screen", "screenAudio"] as const) this.#close(name);
  }

  /** Returns whether it worked. */
  async #openBoth(): Promise<boolean> {
    this.#set("microphone", { pending: true });
    this.#set("camera", { pending: true });
    const stream = await this.#open("camera", { audio: MICROPHONE, video: CAMERA });
    if (!(stream instanceof MediaStream)) return false;
    this.#adopt("microphone", stream.getAudioTracks()[0]);
    this.#adopt("camera", stream.getVideoTracks()[0]);
    return true;
  }

  async #openMicrophone(deviceId?: string, on = true): Promise<void> {
    await this.#openDevice("microphone", { audio: withDevice(MICROPHONE, deviceId) }, on);
  }

  async #openCamera(deviceId?: string): Promise<void> {
    // Many cameras can be opened only once: the old one goes first, also when it is the same one.
    this.#close("camera");
    await this.#openDevice("camera", { video: withDevice(CAMERA, deviceId) });
  }

  async #openDevice(
    name: "microphone" | "camera",
    constraints: MediaStreamConstraints,
    on = true,
  ): Promise<void> {
    this.#set(name, { pending: true, problem: null });
    const stream = await this.#open(name, constraints);
    if (stream instanceof MediaStream) this.#adopt(name, stream.getTracks()[0], on);
    else this.#set(name, { pending: false, problem: stream });
  }

  async #open(
    device: string,
    constraints: MediaStreamConstraints,
    kind: "user" | "display" = "user",
  ): Promise<MediaStream | Problem> {
    const devices = navigator.mediaDevices;
    if (!devices) return INSECURE_CONTEXT;
    try {
      return kind === "user"
        ? await devices.getUserMedia(constraints)
        : await devices.getDisplayMedia(constraints);
    } catch (error) {
      return deviceProblem(device, error);
    } finally {
      await this.#listDevices();
    }
  }

  /** Make `track` the one of the source, and stop the one before. */
  #adopt(name: SourceName, track: MediaStreamTrack | undefined, on = true): void {
    this.#close(name);
    if (!track) return;
    if (this.#stopped) return track.stop();
    track.enabled = on;
    track.addEventListener("ended", () => this.#ended(name, track));
    this.#set(name, { track, on });
  }

  /** The device was unplugged, or the person ended the screen share in the browser's own bar. */
  #ended(name: SourceName, track: MediaStreamTrack): void {
    const { track: present, on } = this.state.get()[name];
    if (present !== track) return;
    this.#close(name);
    if (name === "screen") this.#close("screenAudio");
    if (name === "camera" || name === "microphone") void this.#enqueue([name], () => this.#replace(name, on));
  }

  /** Use another device instead of one that disappeared, on or muted as that one was. */
  async #replace(name: "camera" | "microphone", on: boolean): Promise<void> {
    // Somebody chose another one meanwhile, or left.
    if (this.state.get()[name].track || this.#stopped) return;
    const lost: Problem = { code: "device_lost", message: `Your ${name} was disconnected.` };
    this.#set(name, { problem: lost });
    await this.#listDevices();
    const { cameras, microphones } = this.state.get();
    if (!(name === "camera" ? cameras : microphones).length) return;
    if (name === "camera") await this.#openCamera();
    else await this.#openMicrophone(undefined, on);
    const { track } = this.state.get()[name];
    // If that one does not work either, it says why.
    if (!track) return;
    const message = `${lost.message} ${track.label || "Another one"} is used instead.`;
    this.#set(name, { problem: { code: "device_replaced", message } });
  }

  #close(name: SourceName): void {
    this.state.get()[name].track?.stop();
    this.state.update({ [name]: OFF });
  }

  #set(name: SourceName, changes: Partial<LocalSource>): void {
    this.state.update({ [name]: { ...this.state.get()[name], ...changes } });
  }

  readonly #listDevices = async (): Promise<void> => {
    const devices = await navigator.mediaDevices.enumerateDevices().catch((error: unknown) => {
      console.warn("devices can't be listed", error);
      return [];
    });
    this.state.update({
      microphones: devices.filter(({ kind }) => kind === "audioinput"),
      cameras: devices.filter(({ kind }) => kind === "videoinput"),
      speakers: devices.filter(({ kind }) => kind === "audiooutput"),
    });
  };

  /** Run `task` after everything that was asked of these devices before. */
  #enqueue(devices: Device[], task: () => Promise<void>): Promise<void> {
    const result = Promise.all(devices.map((device) => this.#queues[device])).then(task);
    // Its caller hears of a failure; the next in the queue starts all the same.
    for (const device of devices) this.#queues[device] = result.catch(() => undefined);
    return result;
  }
}

function withDevice(constraints: MediaTrackConstraints, deviceId?: string): MediaTrackConstraints {
  return deviceId ? { ...constraints, deviceId: { exact: deviceId } } : constraints;
}
