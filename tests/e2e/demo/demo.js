// A client as mediasoup-demo's page is one: protoo-client and mediasoup-client, and nothing that is Connect's own. It
// sends the same requests in the same order, and knows the same notifications.
//
// The address tells what to do: `roomId`, `peerId`, and `transportSettings` as JSON. What the
// tests use is in `window.connect`, under the names that Connect's page has there, and in `window.demo`.

import { Device } from "mediasoup-client";
import { Peer, WebSocketTransport } from "protoo-client";

/** The three sizes of a camera's picture, as mediasoup-demo sends them. */
const CAMERA_ENCODINGS = [
  { scaleResolutionDownBy: 4, maxBitrate: 500_000, scalabilityMode: "L1T3" },
  { scaleResolutionDownBy: 2, maxBitrate: 1_000_000, scalabilityMode: "L1T3" },
  { scaleResolutionDownBy: 1, maxBitrate: 5_000_000, scalabilityMode: "L1T3" },
];
const MICROPHONE_OPTIONS = { opusStereo: true, opusDtx: true, opusFec: true, opusNack: true };
const SCTP_CAPABILITIES = { numStreams: { OS: 1024, MIS: 1024 } };
const CHAT = { ordered: false, maxRetransmits: 1, label: "chat", priority: "medium", appData: { info: "my-chat" } };

class Demo {
  status = "connecting";
  peers = new Map();
  /** What the others said on their data channels. */
  messages = [];
  activeSpeaker = null;
  /** Methods that mediasoup-demo does not know: it logs them, and goes on. */
  unknown = new Set();
  #consumers = new Map();
  #dataConsumers = new Map();
  #transports = {};
  #producers = {};
  #chat = null;

  constructor({ roomId, peerId, transportSettings }) {
    this.peerId = peerId;
    this.transportSettings = transportSettings;
    const url = new URL("/", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    url.search = new URLSearchParams({ roomId, peerId });
    this.protoo = new Peer(new WebSocketTransport(url.href));
    this.protoo.on("open", () => this.#join());
    this.protoo.on("disconnected", () => (this.status = "reconnecting"));
    this.protoo.on("close", () => (this.status = "ended"));
    this.protoo.on("request", (request, accept, reject) => this.#request(request, accept, reject));
    this.protoo.on("notification", (notification) => this.#notification(notification));
  }

  async #join() {
    const device = await Device.factory();
    await device.load({ routerRtpCapabilities: await this.protoo.request("getRouterRtpCapabilities") });
    this.#transports.send = await this.#transport(device, "send");
    this.#transports.recv = await this.#transport(device, "recv");
    const { peers } = await this.protoo.request("join", {
      displayName: this.peerId,
      device: { flag: "chrome", name: "Chrome", version: "156" },
      rtpCapabilities: device.recvRtpCapabilities,
      sctpCapabilities: SCTP_CAPABILITIES,
    });
    for (const peer of peers) this.peers.set(peer.id, peer);
    this.status = "joined";
    this.#transports.send.on("connectionstatechange", (state) => {
      if (state === "connected") void this.#openChat();
    });
    await this.#produce("microphone", { audio: true }, { codecOptions: MICROPHONE_OPTIONS });
    await this.#produce(
      "camera",
      { video: { width: { ideal: 640 }, height: { ideal: 480 } } },
      { encodings: CAMERA_ENCODINGS, codecOptions: { videoGoogleStartBitrate: 1000 } },
    );
  }

  async #transport(device, direction) {
    const parameters = await this.protoo.request("createWebRtcTransport", {
      forceTcp: false,
      producing: direction === "send",
      consuming: direction === "recv",
      sctpCapabilities: SCTP_CAPABILITIES,
    });
    const make = direction === "send" ? "createSendTransport" : "createRecvTransport";
    const { id, iceParameters, iceCandidates, dtlsParameters, sctpParameters } = parameters;
    const transport = device[make]({
      id,
      iceParameters,
      iceCandidates,
      dtlsParameters: { ...dtlsParameters, role: "auto" },
      sctpParameters,
      ...this.transportSettings,
    });
    const ask = (method) => (data, done, failed) =>
      void this.protoo.request(method, { transportId: id, ...data }).then(done, failed);
    transport.on("connect", ask("connectWebRtcTransport"));
    transport.on("produce", ask("produce"));
    transport.on("producedata", ask("produceData"));
    return transport;
  }

  async #produce(name, constraints, options) {
    const stream = await navigator.mediaDevices.getUserMedia(constraints);
    const [track] = stream.getTracks();
    this.#producers[name] = await this.#transports.send.produce({ track, ...options });
  }

  async #openChat() {
    this.#chat ??= await this.#transports.send.produceData(CHAT);
  }

  async #request({ method, data }, accept, reject) {
    try {
      if (method === "newConsumer") await this.#consume(data);
      else if (method === "newDataConsumer") await this.#consumeData(data);
      // mediasoup-demo does not answer what it does not know.
      else return void this.unknown.add(method);
      accept();
    } catch (error) {
      reject(500, String(error));
    }
  }

  async #consume({ peerId, producerId, id, kind, rtpParameters, appData, producerPaused }) {
    const consumer = await this.#transports.recv.consume({
      id,
      producerId,
      kind,
      rtpParameters,
      streamId: `${peerId}-${appData.share ? "share" : "mic-webcam"}`,
      appData: { ...appData, peerId },
    });
    if (producerPaused) consumer.pause();
    this.#consumers.set(id, consumer);
    const element = document.body.appendChild(document.createElement(kind));
    Object.assign(element, { autoplay: true, muted: kind === "video", srcObject: new MediaStream([consumer.track]) });
    consumer.observer.on("close", () => {
      this.#consumers.delete(id);
      element.remove();
    });
  }

  async #consumeData({ peerId, dataProducerId, id, sctpStreamParameters, label, protocol, appData }) {
    const consumer = await this.#transports.recv.consumeData({
      id,
      dataProducerId,
      sctpStreamParameters,
      label,
      protocol,
      appData: { ...appData, peerId },
    });
    this.#dataConsumers.set(id, consumer);
    consumer.on("message", (text) => this.messages.push({ peerId, label, text }));
  }

  #notification({ method, data }) {
    const handle = this.#notifications[method];
    if (handle) handle(data);
    else this.unknown.add(method);
  }

  #notifications = {
    "mediasoup-version": () => {},
    newPeer: (peer) => this.peers.set(peer.id, peer),
    peerClosed: ({ peerId }) => this.peers.delete(peerId),
    peerDisplayNameChanged: ({ peerId, displayName }) => (this.peers.get(peerId).displayName = displayName),
    consumerClosed: ({ consumerId }) => this.#consumers.get(consumerId)?.close(),
    consumerPaused: ({ consumerId }) => this.#consumers.get(consumerId)?.pause(),
    consumerResumed: ({ consumerId }) => this.#consumers.get(consumerId)?.resume(),
    consumerLayersChanged: () => {},
    consumerScore: () => {},
    dataConsumerClosed: ({ dataConsumerId }) => {
      this.#dataConsumers.get(dataConsumerId)?.close();
      this.#dataConsumers.delete(dataConsumerId);
    },
    producerScore: () => {},
    downlinkBwe: () => {},
    activeSpeaker: ({ peerId }) => (this.activeSpeaker = peerId ?? null),
  };

  // What a person does

  say(text) {
    this.#chat.send(text);
  }

  async changeDisplayName(displayName) {
    await this.protoo.request("changeDisplayName", { displayName });
  }

  async setMuted(muted) {
    const { microphone } = this.#producers;
    if (muted) microphone.pause();
    else microphone.resume();
    await this.protoo.request(muted ? "pauseProducer" : "resumeProducer", { producerId: microphone.id });
  }

  async stopCamera() {
    const { camera } = this.#producers;
    camera.close();
    await this.protoo.request("closeProducer", { producerId: camera.id });
  }

  async restartIce() {
    await Promise.all(
      Object.values(this.#transports).map(async (transport) => {
        const iceParameters = await this.protoo.request("restartIce", { transportId: transport.id });
        await transport.restartIce({ iceParameters });
      }),
    );
  }

  // What a test looks at

  /** Sources of a peer that arrive and are not paused: "audio", "video". */
  heardOf(peerId) {
    const open = [...this.#consumers.values()].filter((each) => each.appData.peerId === peerId && !each.paused);
    return open.map(({ kind }) => kind).sort();
  }

  /** Whether there is a way for words from here to the server, and for those of that peer to here. */
  canChatWith(peerId) {
    const channels = [this.#chat, [...this.#dataConsumers.values()].find(({ appData }) => appData.peerId === peerId)];
    return channels.every((channel) => channel?.readyState === "open");
  }

  /** Whether there is a way for words from here to the server. */
  canSay() {
    return this.#chat?.readyState === "open";
  }

  async receiveStats() {
    return Promise.all([...this.#consumers.values()].map(statsOf));
  }
}

async function statsOf(consumer) {
  const report = await consumer.getStats();
  const { framesDecoded = 0, totalAudioEnergy = 0 } = [...report.values()].find(({ type }) => type === "inbound-rtp") ?? {};
  const { kind, appData } = consumer;
  const source = appData.source ?? (kind === "audio" ? "microphone" : "camera");
  return { peerId: appData.peerId, kind, source, framesDecoded, totalAudioEnergy };
}

const query = new URLSearchParams(location.search);
const demo = new Demo({
  roomId: query.get("roomId"),
  peerId: query.get("peerId"),
  transportSettings: JSON.parse(query.get("transportSettings") ?? "{}"),
});
window.demo = demo;
window.connect = {
  state: { get: () => ({ status: demo.status, peerId: demo.peerId, peers: [...demo.peers.values()] }) },
  receiveStats: () => demo.receiveStats(),
};
