/**
 * The codec alone, with the functions that mediasoup's library itself calls: its serializers, its parsers, and the code that
 * flatc generated for it.
 */

import { flatbuffers, inside, mediasoup, scenario } from './library.mjs';

const fbs = (name) => inside(`fbs/${name}.js`);
const { Message, Body: MessageBody } = fbs('message');
const { Request, Method, Body: RequestBody } = fbs('request');
const { Notification } = fbs('notification');
const { Response } = fbs('response');
const { ConsumeRequest } = fbs('transport');
const FbsProducer = fbs('producer');
const { MediaKind, Type } = fbs('rtp-parameters');
const { serializeRtpParameters, serializeRtpEncodingParameters } = inside('rtpParametersFbsUtils.js');
const { parseRtpStreamRecvStats } = inside('rtpStreamStatsFbsUtils.js');
const { parseVector } = inside('fbsUtils.js');
const ortc = inside('ortc.js');

const [TRANSPORT_ID, CONSUMER_ID, PRODUCER_ID] = [0, 1, 2].map((n) => `3f3c3e3a-000${n}-4222-8333-444455556666`);

const builder = new flatbuffers.Builder(1024);

/** Completes a request, as Channel.request() does. */
function request(method, handlerId, bodyType, body) {
  const handler = builder.createString(handlerId);
  const made = Request.createRequest(builder, 7, method, handler, bodyType, body);
  builder.finishSizePrefixed(Message.createMessage(builder, MessageBody.Request, made));
  const frame = new Uint8Array(builder.asUint8Array());
  builder.clear();
  return frame;
}

/** The video producer's parameters as its router tells them, and as one consumer gets them. */
function parameters() {
  const router = ortc.generateRouterRtpCapabilities(scenario.mediaCodecs);
  const sent = structuredClone(scenario.video);
  ortc.validateAndNormalizeRtpParameters(sent);
  const mapping = ortc.getProducerRtpParametersMapping(sent, router);
  const consumable = ortc.getConsumableRtpParameters('video', sent, router, mapping);
  const remoteRtpCapabilities = structuredClone(scenario.rtpCapabilities);
  ortc.validateAndNormalizeRtpCapabilities(remoteRtpCapabilities);
  const options = { consumableRtpParameters: consumable, remoteRtpCapabilities, pipe: false, enableRtx: true };
  return { consumable, consumer: { ...ortc.getConsumerRtpParameters(options), mid: '0' } };
}

function consumeEncode() {
  const { consumable, consumer } = parameters();
  return () => {
    const rtpParameters = serializeRtpParameters(builder, consumer);
    const consumerId = builder.createString(CONSUMER_ID);
    const producerId = builder.createString(PRODUCER_ID);
    const encodings = serializeRtpEncodingParameters(builder, consumable.encodings);
    ConsumeRequest.startConsumeRequest(builder);
    ConsumeRequest.addConsumerId(builder, consumerId);
    ConsumeRequest.addProducerId(builder, producerId);
    ConsumeRequest.addKind(builder, MediaKind.VIDEO);
    ConsumeRequest.addRtpParameters(builder, rtpParameters);
    ConsumeRequest.addType(builder, Type.SIMULCAST);
    ConsumeRequest.addConsumableRtpEncodings(builder, encodings);
    ConsumeRequest.addPaused(builder, true);
    ConsumeRequest.addIgnoreDtx(builder, false);
    const body = ConsumeRequest.endConsumeRequest(builder);
    return request(Method.TRANSPORT_CONSUME, TRANSPORT_ID, RequestBody.Transport_ConsumeRequest, body);
  };
}

/** The root of a message, as Channel reads it. */
function read(message) {
  return Message.getRootAsMessage(new flatbuffers.ByteBuffer(new Uint8Array(message)));
}

function score(row) {
  return { encodingIdx: row.encodingIdx(), ssrc: row.ssrc(), rid: row.rid() ?? undefined, score: row.score() };
}

function scoreDecode(message) {
  return () => {
    const notification = new Notification();
    read(message).data(notification);
    const body = new FbsProducer.ScoreNotification();
    notification.body(body);
    return [notification.handlerId(), notification.event(), parseVector(body, 'scores', score)];
  };
}

function statsDecode(message) {
  return () => {
    const response = new Response();
    read(message).data(response);
    const body = new FbsProducer.GetStatsResponse();
    response.body(body);
    return [response.id(), response.accepted(), parseVector(body, 'stats', parseRtpStreamRecvStats)];
  };
}

export const cases = {
  consume_encode: consumeEncode,
  // To this side the first is like all others.
  consume_encode_first: consumeEncode,
  pause_encode: () => () => request(Method.CONSUMER_PAUSE, CONSUMER_ID, RequestBody.NONE, 0),
  score_decode: scoreDecode,
  stats_decode: statsDecode,
};
