/** The worker's SRTP, which the recipe replaces most of, driven by mediasoup's own library. */

import { test } from 'node:test';

import * as mediasoup from 'mediasoup';

import { obtainWorker } from '../src/binary/obtain.js';
import { until } from './support/until.js';

/** @type {import('mediasoup').types.RouterRtpCodecCapability[]} */
const MEDIA_CODECS = [{ kind: 'audio', mimeType: 'audio/opus', clockRate: 48_000, channels: 2 }];

const SSRC = 1234;
const PAYLOAD_TYPE = 111;

/** @param {number} sequenceNumber */
function rtpPacket(sequenceNumber) {
  const packet = Buffer.alloc(60);
  packet[0] = 0x80;
  packet[1] = PAYLOAD_TYPE;
  packet.writeUInt16BE(sequenceNumber, 2);
  packet.writeUInt32BE(sequenceNumber * 960, 4);
  packet.writeUInt32BE(SSRC, 8);
  return packet;
}

test('packets pass from one worker to another over SRTP', async (t) => {
  const { bin } = await obtainWorker(process.env, new AbortController().signal);
  const workers = await Promise.all([bin, bin].map((workerBin) => mediasoup.createWorker({ workerBin })));
  t.after(() => workers.forEach((worker) => worker.close()));
  const settings = { mediaCodecs: MEDIA_CODECS };
  const [near, far] = await Promise.all(workers.map((worker) => worker.createRouter(settings)));
  const producer = await (await near.createDirectTransport()).produce({
    kind: 'audio',
    rtpParameters: {
      codecs: [{ mimeType: 'audio/opus', payloadType: PAYLOAD_TYPE, clockRate: 48_000, channels: 2 }],
      encodings: [{ ssrc: SSRC }],
    },
  });
  const listenInfo = /** @type {const} */ ({ protocol: 'udp', ip: '127.0.0.1' });
  await near.pipeToRouter({ producerId: producer.id, router: far, enableSrtp: true, listenInfo });
  const consumer = await (await far.createDirectTransport()).consume({
    producerId: producer.id,
    rtpCapabilities: far.rtpCapabilities,
  });
  let received = 0;
  consumer.on('rtp', () => {
    received += 1;
  });
  let sent = 0;
  // Sent until enough came through: UDP may lose some.
  await until(() => {
    producer.send(rtpPacket((sent += 1)));
    return received >= 100;
  }, '100 packets');
});
