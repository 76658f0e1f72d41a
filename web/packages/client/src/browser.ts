/** What this browser is and can do. */

import { detectDevice } from "mediasoup-client";

import type { DeviceInfo } from "./wire.js";

/** Whether mediasoup-client can make calls in this browser. */
export function canCall(): boolean {
  return typeof RTCPeerConnection === "function" && detectDevice() !== undefined;
}

/** Phones can't. */
export function canShareScreen(): boolean {
  return typeof navigator.mediaDevices?.getDisplayMedia === "function";
}

// In this order: Edge and Opera also say "Chrome", and Chrome says "Safari".
const BROWSERS: readonly [flag: string, name: string, version: RegExp][] = [
  ["edge", "Edge", /Edg\/([\d.]+)/],
  ["opera", "Opera", /OPR\/([\d.]+)/],
  ["firefox", "Firefox", /Firefox\/([\d.]+)/],
  ["chrome", "Chrome", /(?:Headless)?Chrome\/([\d.]+)/],
  ["safari", "Safari", /Version\/([\d.]+).*Safari/],
];

/** Name this browser for the others, from what it says of itself. */
export function deviceInfo(userAgent: string = navigator.userAgent): DeviceInfo {
  for (const [flag, name, pattern] of BROWSERS) {
    const version = pattern.exec(userAgent)?.[1];
    if (version) return { flag, name, version };
  }
  return { flag: "unknown", name: "Unknown browser", version: null };
}
