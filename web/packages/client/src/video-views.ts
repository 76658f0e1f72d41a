/** Where videos are shown on the page, and what it follows that is wanted of them. */

import type { CallState } from "./call-state.js";
import type { Store } from "./store.js";
import type { RemoteMedia } from "./subscriber.js";
import type { Wish } from "./wire-values.js";

/** How long changes of the page are gathered before the server hears of them, in ms: scrolling makes many. */
const SETTLING = 200;

/** The largest size of a camera, in lines, as far as nothing else is known; also the most that a guess may be. */
const FULL_HEIGHT = 720;

/** A size is large enough for an element if it has this part of the element's lines. */
const ENOUGH = 0.8;

/** One element that shows a video. */
export interface View {
  readonly element: HTMLElement;
  readonly producerId: string;
  /** Whether some of it is within the window. */
  onScreen: boolean;
}

/** The smallest of `count` sizes, each twice the one before and the last of `full` lines, that is enough for `lines`. */
export function layerFor(lines: number, full: number, count: number): number {
  let layer = 0;
  while (layer < count - 1 && full / 2 ** (count - 1 - layer) < lines * ENOUGH) layer += 1;
  return layer;
}

export class VideoViews {
  readonly #views = new Map<HTMLElement, View>();
  /** What the server knows, by producer: only changes are told. */
  readonly #told = new Map<string, string>();
  #changed = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #observers: { sizes: ResizeObserver; places: IntersectionObserver } | null = null;
  /** Who was there, and which layer came of each producer, when that was looked at last. */
  #peers: CallState["peers"] = [];
  #layers = new Map<string, number | undefined>();
  #endWatching: (() => void) | null = null;
  /** Where the picture in picture is shown: there is one at most. */
  #ownWindow: PictureInPictureWindow | null = null;

  constructor(
    private readonly state: Store<CallState>,
    private readonly tell: (producerId: string, wish: Wish) => void,
  ) {}

  /** Watch `element`, which shows nothing else from now on. */
  add(element: HTMLElement, producerId: string): View {
    const before = this.#views.get(element);
    if (before) this.remove(before);
    const view = { element, producerId, onScreen: false };
    this.#views.set(element, view);
    // Videos tell their new size, and what an element holds is heard by it, too, before the video itself does.
    element.addEventListener("resize", this.#arrives, true);
    this.#endWatching ??= this.state.subscribe(this.#layersMayHaveChanged);
    const { sizes, places } = this.#observe();
    sizes.observe(element);
    places.observe(element);
    return view;
  }

  remove(view: View): void {
    if (this.#views.get(view.element) !== view) return;
    this.#views.delete(view.element);
    view.element.removeEventListener("resize", this.#arrives, true);
    this.#observers?.sizes.unobserve(view.element);
    this.#observers?.places.unobserve(view.element);
    this.#note(view);
  }

  /** Watch nothing any more, and tell nothing. */
  close(): void {
    clearTimeout(this.#timer);
    this.#endWatching?.();
    this.#endWatching = null;
    for (const element of this.#views.keys()) element.removeEventListener("resize", this.#arrives, true);
    this.#observers?.sizes.disconnect();
    this.#observers?.places.disconnect();
    this.#observers = null;
    this.#views.clear();
    this.#ownWindow?.removeEventListener("resize", this.#noteAll);
    globalThis.document?.removeEventListener("visibilitychange", this.#noteAll);
    globalThis.document?.removeEventListener("enterpictureinpicture", this.#windowOpens, true);
    globalThis.document?.removeEventListener("leavepictureinpicture", this.#noteAll, true);
  }

  #observe(): { sizes: ResizeObserver; places: IntersectionObserver } {
    if (this.#observers) return this.#observers;
    const sizes = new ResizeObserver((entries) => {
      for (const { target } of entries) this.#note(this.#views.get(target as HTMLElement));
    });
    const places = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        const view = this.#views.get(target as HTMLElement);
        if (view) view.onScreen = isIntersecting;
        this.#note(view);
      }
    });
    document.addEventListener("visibilitychange", this.#noteAll);
    document.addEventListener("enterpictureinpicture", this.#windowOpens, true);
    document.addEventListener("leavepictureinpicture", this.#noteAll, true);
    this.#observers = { sizes, places };
    return this.#observers;
  }

  readonly #noteAll = (): void => {
    for (const view of this.#views.values()) this.#note(view);
  };

  readonly #windowOpens = (event: Event): void => {
    this.#ownWindow?.removeEventListener("resize", this.#noteAll);
    this.#ownWindow = (event as PictureInPictureEvent).pictureInPictureWindow;
    this.#ownWindow.addEventListener("resize", this.#noteAll);
    this.#noteAll();
  };

  /** Pictures of another size are shown: what was made of the size before may have been wrong. */
  readonly #arrives = ({ currentTarget }: Event): void => this.#note(this.#views.get(currentTarget as HTMLElement));

  /** The server tells the layer that it sends, somewhat before or after its pictures are there. */
  readonly #layersMayHaveChanged = (): void => {
    const { peers } = this.state.get();
    if (peers === this.#peers) return;
    const media = peers.flatMap((peer) => peer.media);
    const layers = new Map(media.map(({ producerId, layers }) => [producerId, layers?.spatialLayer]));
    for (const view of this.#views.values()) {
      if (layers.get(view.producerId) !== this.#layers.get(view.producerId)) this.#note(view);
    }
    this.#peers = peers;
    this.#layers = layers;
  };

  #note(view: View | undefined): void {
    if (!view) return;
    this.#changed.add(view.producerId);
    this.#timer ??= setTimeout(() => this.#tellChanges(), SETTLING);
  }

  #tellChanges(): void {
    this.#timer = undefined;
    const changed = this.#changed;
    this.#changed = new Set();
    for (const producerId of changed) {
      const views = [...this.#views.values()].filter((view) => view.producerId === producerId);
      const wish = this.#wishFor(producerId, views.filter(isSeen));
      const text = JSON.stringify(wish);
      const told = this.#told.get(producerId);
      if (views.length) this.#told.set(producerId, text);
      else this.#told.delete(producerId);
      if (text !== told) this.tell(producerId, wish);
    }
  }

  /** What is wanted of a producer that is seen in `views`. */
  #wishFor(producerId: string, views: View[]): Wish {
    if (!views.length) return { visible: false };
    const media = this.#media(producerId);
    if (!media || media.spatialLayers < 2) return { visible: true };
    const lines = Math.max(...views.map((view) => this.#heightOf(view))) * (devicePixelRatio || 1);
    const spatialLayer = layerFor(lines, fullHeightOf(media), media.spatialLayers);
    const all = spatialLayer === media.spatialLayers - 1;
    return { visible: true, preferredLayers: all ? null : { spatialLayer } };
  }

  #heightOf({ element }: View): number {
    const isOutside = document.pictureInPictureElement === element;
    return (isOutside && this.#ownWindow?.height) || element.clientHeight;
  }

  #media(producerId: string): RemoteMedia | undefined {
    const media = this.state.get().peers.flatMap((peer) => peer.media);
    return media.find((one) => one.producerId === producerId);
  }
}

/** A video in a window of its own is seen wherever its page and its place there are. */
function isSeen({ element, onScreen }: View): boolean {
  return document.pictureInPictureElement === element || (!document.hidden && onScreen);
}

/** The lines of the largest size, from the one that arrives; a guess where size and layer are of different moments. */
function fullHeightOf({ track, layers, spatialLayers }: RemoteMedia): number {
  const { height } = track.getSettings();
  if (!height || !layers) return FULL_HEIGHT;
  return Math.min(FULL_HEIGHT, height * 2 ** (spatialLayers - 1 - layers.spatialLayer));
}
