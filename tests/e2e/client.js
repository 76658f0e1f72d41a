// @connect/client by itself in a page, for tests: `join(options)` makes `window.call`, `show(…)` lays out a video.

import { Call, Door, LocalMedia, mediaFor } from "@connect/client";

window.join = async ({ roomId, displayName, ...options }) => {
  const media = new LocalMedia();
  await media.open();
  const door = new Door({ roomId, peerId: displayName });
  const call = (window.call = new Call({ door, displayName, media, ...options }));
  window.heard = [];
  call.meeting.on("reaction", (reaction) => heard.push(reaction));
  call.meeting.on("data", ({ topic, payload, from }) => heard.push({ topic, payload, from }));
  call.on("data", ({ label, message, peerId }) => heard.push({ label, message, peerId }));
  const { status } = await call.state.until(({ status }) => status === "joined" || status === "ended");
  return status;
};

window.cameraOf = (peerId) => {
  const peer = call.state.get().peers.find(({ id }) => id === peerId);
  return peer && mediaFor(peer, "camera");
};

/** Show the camera of a peer as high as that, instead of what was shown of it; 0 is out of sight. */
let hide = () => {};
window.show = (peerId, height) => {
  const element = document.querySelector("video") ?? document.body.appendChild(document.createElement("video"));
  const media = cameraOf(peerId);
  element.srcObject = new MediaStream([media.track]);
  Object.assign(element, { autoplay: true, muted: true });
  element.style.cssText = height ? `display: block; height: ${height}px` : "display: none";
  hide();
  hide = call.subscriptions.observeVideo(element, media);
};

/** The sizes of the camera that the browser sends. */
window.sizesSent = async () => {
  const report = (await call.sendStats()).get("camera");
  const streams = [...(report?.values() ?? [])].filter(({ type, active }) => type === "outbound-rtp" && active);
  return streams.map(({ rid }) => rid).sort();
};

/** How high the camera's video is that the browser sends; 0 when it sends none. */
window.heightSent = async () => {
  const report = (await call.sendStats()).get("camera");
  const streams = [...(report?.values() ?? [])].filter(({ type, active }) => type === "outbound-rtp" && active);
  return Math.max(0, ...streams.map(({ frameHeight }) => frameHeight ?? 0));
};

/** The methods of all that was sent over the websocket, and the latest one of these. */
window.asked = [];
let websocket;
const { send } = WebSocket.prototype;
WebSocket.prototype.send = function (data) {
  websocket = this;
  asked.push(JSON.parse(data).method);
  return send.call(this, data);
};

/** Have the connection to the server break. */
window.disconnect = () => websocket.close();
