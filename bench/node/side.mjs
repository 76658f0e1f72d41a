/**
 * Node's side of the comparison: mediasoup's own library drives a worker, and tells what it cost.
 *
 * It answers the same lines in the same words as bench/side.py, where they are explained.
 */

import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { mediasoup, scenario } from './library.mjs';
import * as codec from './side_codec.mjs';

const IN_FLIGHT = 64;
const JOINER_CONSUMERS = 20;
const FAN = 100;
const STORM_WORKER = fileURLToPath(new URL('../storm_worker.py', import.meta.url));

/** Measures what is done between its making and its end, in microseconds. */
class Meter {
  constructor() {
    globalThis.gc();
    this.wallStart = process.hrtime.bigint();
    this.cpuStart = process.cpuUsage();
  }

  end() {
    const { user, system } = process.cpuUsage(this.cpuStart);
    return { cpu: user + system, wall: Number(process.hrtime.bigint() - this.wallStart) / 1000 };
  }
}

/** A worker with a WebRTC server, and what is measured with them. */
class Bench {
  static async start(workerBin) {
    const worker = await mediasoup.createWorker({ workerBin });
    const webRtcServer = await worker.createWebRtcServer({ listenInfos: [{ protocol: 'udp', ip: '127.0.0.1' }] });
    return new Bench(worker, webRtcServer);
  }

  constructor(worker, webRtcServer) {
    this.worker = worker;
    this.webRtcServer = webRtcServer;
  }

  async request(operations) {
    return await this.withRouter(async (router) => {
      const transport = await this.transport(router);
      const meter = new Meter();
      for (let i = 0; i < operations; ++i) await transport.setMaxIncomingBitrate(1_000_000);
      return meter.end();
    });
  }

  async requests(operations) {
    return await this.withRouter(async (router) => {
      const transport = await this.transport(router);
      const ask = async () => {
        for (let i = 0; i < Math.floor(operations / IN_FLIGHT); ++i) await transport.setMaxIncomingBitrate(1_000_000);
      };
      const meter = new Meter();
      await Promise.all(Array.from({ length: IN_FLIGHT }, ask));
      return meter.end();
    });
  }

  async pause(operations) {
    return await this.withRouter(async (router) => {
      const transport = await this.transport(router);
      const consumer = await this.consume(transport, await this.produce(transport, 'v'), capabilities());
      const meter = new Meter();
      for (let i = 0; i < Math.floor(operations / 2); ++i) {
        await consumer.pause();
        await consumer.resume();
      }
      return meter.end();
    });
  }

  async create_transport(operations) {
    return await this.withRouter(async (router) => {
      const meter = new Meter();
      for (let i = 0; i < operations; ++i) await this.transport(router);
      return meter.end();
    });
  }

  async produce_video(operations) {
    return await this.withRouter(async (router) => {
      const transport = await this.transport(router);
      const meter = new Meter();
      for (let i = 0; i < operations; ++i) await this.produce(transport, String(i));
      return meter.end();
    });
  }

  async consume_video(operations) {
    return await this.withRouter(async (router) => {
      const transport = await this.transport(router);
      const producer = await this.produce(transport, 'v');
      const rtpCapabilities = capabilities();
      const meter = new Meter();
      for (let i = 0; i < operations; ++i) await this.consume(transport, producer, rtpCapabilities);
      return meter.end();
    });
  }

  async join(operations) {
    return await this.withRouter(async (router) => {
      const first = await this.transport(router);
      const present = [];
      for (let i = 0; i < JOINER_CONSUMERS; ++i) {
        present.push(await this.produce(first, String(i), i % 2 ? scenario.video : scenario.audio));
      }
      const joiners = Array.from({ length: operations }, capabilities);
      const meter = new Meter();
      for (const rtpCapabilities of joiners) await this.joinOne(router, present, rtpCapabilities);
      return meter.end();
    });
  }

  async joinOne(router, present, rtpCapabilities) {
    const [sending, receiving] = await Promise.all([this.transport(router), this.transport(router)]);
    await Promise.all([this.produce(sending, '0', scenario.audio), this.produce(sending, '1')]);
    await Promise.all(present.map((producer) => this.consume(receiving, producer, rtpCapabilities)));
  }

  async fan_out(operations) {
    return await this.withRouter(async (router) => {
      const sending = await this.transport(router);
      const receivers = [];
      for (let i = 0; i < FAN; ++i) receivers.push([await this.transport(router), capabilities()]);
      const meter = new Meter();
      for (let i = 0; i < operations; ++i) {
        const producer = await this.produce(sending, String(i));
        await Promise.all(receivers.map(([receiving, caps]) => this.consume(receiving, producer, caps)));
      }
      return meter.end();
    });
  }

  async storm(operations, producerId, frame) {
    return await this.withRouter(async (router) => {
      const transport = await this.transport(router);
      const producer = await transport.produce({ kind: 'video', rtpParameters: scenario.video, id: producerId });
      let heard = 0;
      const last = new Promise((resolve) => {
        producer.on('score', () => {
          if (++heard === operations) resolve();
        });
      });
      const count = Buffer.alloc(4);
      count.writeUInt32LE(operations);
      const meter = new Meter();
      connect(process.env.BENCH_STORM_SOCKET).end(Buffer.concat([count, frame]));
      await last;
      return meter.end();
    });
  }

  /** Runs with a router; when done, waits until the worker has closed it, so that it does not disturb what follows. */
  async withRouter(run) {
    const router = await this.worker.createRouter({ mediaCodecs: scenario.mediaCodecs });
    const result = await run(router);
    router.close();
    await this.worker.dump();
    return result;
  }

  transport(router) {
    return router.createWebRtcTransport({ webRtcServer: this.webRtcServer });
  }

  produce(transport, mid, what = scenario.video) {
    if (what === scenario.video) return transport.produce({ kind: 'video', rtpParameters: { ...what, mid } });
    // Every stream needs an SSRC of its own.
    const encodings = [{ ...what.encodings[0], ssrc: 1000 + Number(mid) }];
    return transport.produce({ kind: 'audio', rtpParameters: { ...what, mid, encodings } });
  }

  consume(transport, producer, rtpCapabilities) {
    return transport.consume({ producerId: producer.id, rtpCapabilities, paused: true });
  }
}

/** A receiver's capabilities, which nobody else has: as they come in a message of each client. */
function capabilities() {
  return JSON.parse(JSON.stringify(scenario.rtpCapabilities));
}

/** @param {() => unknown} operation */
function repeat(operation, operations) {
  const meter = new Meter();
  for (let i = 0; i < operations; ++i) operation();
  return meter.end();
}

const bench = await Bench.start(process.env.BENCH_WORKER_BIN);
let storm;
for await (const line of createInterface({ input: process.stdin })) {
  const task = JSON.parse(line);
  const message = Buffer.from(task.message, 'base64');
  let result;
  if (task.case in codec.cases) {
    result = repeat(codec.cases[task.case](message), task.operations);
  } else if (task.case === 'storm') {
    storm ??= await Bench.start(STORM_WORKER);
    result = await storm.storm(task.operations, task.producer_id, message);
  } else {
    result = await bench[task.case](task.operations);
  }
  console.log(JSON.stringify(result));
}
process.exit(0);
