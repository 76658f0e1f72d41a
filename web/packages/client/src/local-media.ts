/** Your own camera, microphone and screen: what is on, from which device, and why something is not. */

import { constraintsFor, SCREEN } from "./constraints.js";
import { initialLocalState, OFF, type ChosenDevices, type LocalSource, type LocalState } from "./local-state.js";
import { deviceProblem, INSECURE_CONTEXT, type Problem } from "./problem.js";
import { Store } from "./store.js";
import type { Source } from "./wire.js";

type DeviceName = "microphone" | "camera";

type SourceName = DeviceName | "screen" | "screenAudio";

/**
 * Owns the tracks that it opens and stops them: nobody else does.
 *
 * Nothing here throws because of a device: what went wrong is the source's `problem`. Calls that concern one device run
 * one after another, so that the last one decides. Turning something off holds at once: a device that is still being
 * opened then never shows.
 */
export class LocalMedia {
  readonly state: Store<LocalState>;
  /** One for each device: a question about the screen, open for minutes, must not keep anyone from muting. */
  readonly #queues = { microphone: Promise.resolve(), camera: Promise.resolve(), screen: Promise.resolve() };
  /** How many calls wait in the queue that turn the device off. */
  readonly #turningOff = { microphone: 0, camera: 0 };
  /** The question for a screen, until it is answered. */
  #asking: Promise<void> | null = null;
  #stopped = false;

  /** `chosen`: what was chosen before, as `state` had it then. */
  constructor(chosen: Partial<ChosenDevices> = {}) {
    this.state = new Store(initialLocalState(chosen));
    navigator.mediaDevices?.addEventListener("devicechange", this.#listDevices);
  }

  /** Open what is wished for, asking the person once for both; each one that fails leaves the other on. */
  open({ microphone = true, camera = true } = {}): Promise<void> {
    return this.#enqueue(["microphone", "camera"], async () => {
      if (microphone && camera && (await this.#openBoth())) return;
      if (microphone) await this.#openDevice("microphone");
      if (camera) await this.#openCamera();
      if (!microphone && !camera) await this.#listDevices();
    });
  }

  /** Mute and unmute. A muted microphone stays open, so that unmuting is instant. */
  setMicrophone(on: boolean): Promise<void> {
    // Who wants to be silent need not wait for another microphone that is being opened.
    if (!on) this.#enableMicrophone(false);
    return this.#turn("microphone", on, async () => {
      if (on && !this.state.get().microphone.track) await this.#openDevice("microphone");
      else if (!this.#turningOff.microphone) this.#enableMicrophone(on);
    });
  }

  /** A camera that is off is closed: its light goes out. */
  setCamera(on: boolean): Promise<void> {
    return this.#turn("camera", on, async () => {
      if (!on) this.#close("camera");
      else if (!this.state.get().camera.track) await this.#openCamera();
    });
  }

  /** Use another microphone from now on, muted if the present one is. */
  chooseMicrophone(deviceId: string): Promise<void> {
    this.#remember({ microphone: deviceId });
    return this.#enqueue(["microphone"], async () => {
      const { on, track } = this.state.get().microphone;
      await this.#openDevice("microphone", on || !track);
    });
  }

  /** Use another camera from now on, and turn it on. */
  chooseCamera(deviceId: string): Promise<void> {
    this.#remember({ camera: deviceId });
    return this.#enqueue(["camera"], () => this.#openCamera());
  }

  /** Let the person choose a screen, window or tab to show. Choosing none is no problem, and one question is enough. */
  startScreen(): Promise<void> {
    if (this.#asking) return this.#asking;
    const asking = this.#enqueue(["screen"], () => this.#openScreen()).finally(() => {
      if (this.#asking === asking) this.#asking = null;
    });
    this.#asking = asking;
    return asking;
  }

  stopScreen(): Promise<void> {
    // Who starts again after this is asked again.
    this.#asking = null;
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

  #remember(chosen: Partial<ChosenDevices>): void {
    this.state.update({ chosen: { ...this.state.get().chosen, ...chosen } });
  }

  /** Run `task`, which turns a device on or off, when it is its turn. Until then the device's state tells the wish. */
  #turn(name: DeviceName, on: boolean, task: () => Promise<void>): Promise<void> {
    if (!this.state.get()[name].track) this.#set(name, { pending: on });
    if (!on) this.#turningOff[name] += 1;
    return this.#enqueue([name], () => {
      if (!on) this.#turningOff[name] -= 1;
      return task();
    });
  }

  #enableMicrophone(on: boolean): void {
    const { track } = this.state.get().microphone;
    if (!track) return;
    track.enabled = on;
    this.#set("microphone", { on });
  }

  /** Returns whether it worked. */
  async #openBoth(): Promise<boolean> {
    this.#set("microphone", { pending: true });
    this.#set("camera", { pending: true });
    const stream = await this.#open("camera", constraintsFor(this.state.get().chosen));
    if (!(stream instanceof MediaStream)) return false;
    this.#adoptDevice("microphone", stream.getAudioTracks()[0]);
    this.#adoptDevice("camera", stream.getVideoTracks()[0]);
    return true;
  }

  async #openCamera(): Promise<void> {
    if (this.#turningOff.camera) return;
    // Many cameras can be opened only once: the old one goes first, also when it is the same one.
    this.#close("camera");
    await this.#openDevice("camera");
  }

  async #openScreen(): Promise<void> {
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
  }

  async #openDevice(name: DeviceName, on = true): Promise<void> {
    this.#set(name, { pending: true, problem: null });
    const stream = await this.#openChosen(name);
    if (stream instanceof MediaStream) this.#adoptDevice(name, stream.getTracks()[0], on);
    else this.#set(name, { pending: false, problem: stream });
  }

  async #openChosen(name: DeviceName): Promise<MediaStream | Problem> {
    const { [name]: chosen } = this.state.get().chosen;
    const stream = await this.#open(name, constraintsFor({ [name]: chosen }));
    // Better another one than none.
    const isGone = !(stream instanceof MediaStream) && stream.code === "device_missing";
    return chosen && isGone ? this.#open(name, constraintsFor({ [name]: null })) : stream;
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

  /** Adopt what was opened, unless the device was turned off meanwhile: then a microphone is muted, a camera closed. */
  #adoptDevice(name: DeviceName, track: MediaStreamTrack | undefined, on = true): void {
    const isOn = on && !this.#turningOff[name];
    if (name === "camera" && !isOn) track?.stop();
    else this.#adopt(name, track, isOn);
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
    else await this.#openDevice("microphone", on);
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
    if (!navigator.mediaDevices) return;
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
  #enqueue(devices: (DeviceName | "screen")[], task: () => Promise<void>): Promise<void> {
    const result = Promise.all(devices.map((device) => this.#queues[device])).then(task);
    // Its caller hears of a failure; the next in the queue starts all the same.
    for (const device of devices) this.#queues[device] = result.catch(() => undefined);
    return result;
  }
}
