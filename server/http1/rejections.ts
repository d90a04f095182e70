import type { Rejection } from './types.js';

/**
 * Every verdict of this folder: status for the client, reason for log and counter. The vocabulary is
 * closed, so that a counter per reason stays bounded and no client byte reaches a log.
 */
function request(status: number, reason: string, subStatus = 0): Rejection {
  return Object.freeze({ status, subStatus, reason });
}

export const badRequest = {
  bareLf: request(400, 'BareLf'),
  bareCr: request(400, 'BareCr'),
  control: request(400, 'ControlCharacter'),
  requestLine: request(400, 'RequestLine'),
  target: request(400, 'RequestTarget'),
  version: request(400, 'HttpVersion'),
  fieldName: request(400, 'FieldName'),
  fieldWithoutColon: request(400, 'FieldWithoutColon'),
  obsFold: request(400, 'ObsFold'),
  headerBlockTooLarge: request(431, 'HeaderBlockTooLarge'),
  tooManyFields: request(431, 'TooManyFields'),
  hostMissing: request(400, 'HostMissing'),
  hostRepeated: request(400, 'HostRepeated'),
  hostInvalid: request(400, 'HostInvalid'),
  hostDiffers: request(400, 'HostDiffersFromTarget'),
  contentLength: request(400, 'ContentLength'),
  contentLengthRepeated: request(400, 'ContentLengthRepeated'),
  transferEncoding: request(400, 'TransferEncoding'),
  transferEncodingRepeated: request(400, 'TransferEncodingRepeated'),
  bothFramings: request(400, 'ContentLengthAndTransferEncoding'),
  chunkedHttp10: request(400, 'TransferEncodingInHttp10'),
  framingTwin: request(400, 'FramingNameLookAlike'),
  connection: request(400, 'Connection'),
  upgradeWithBody: request(400, 'UpgradeWithBody'),
  trailer: request(400, 'Trailer'),
  underscoreName: request(400, 'UnderscoreName'),
  chunkSize: request(400, 'ChunkSize'),
  chunkExtension: request(400, 'ChunkExtension'),
  chunkExtensionTooLong: request(400, 'ChunkExtensionTooLong'),
  chunkData: request(400, 'ChunkDataEnd'),
  chunkFraming: request(400, 'ChunkFramingRatio'),
} as const;

export const methodNotAllowed = request(405, 'Connect');
export const lengthRequired = request(411, 'LengthRequired');
export const contentLengthTooLarge = request(413, 'ContentLengthRange', 1);
export const requestLineTooLong = request(414, 'RequestLineTooLong');
export const expectationFailed = request(417, 'Expectation');
export const methodUnknown = request(501, 'MethodUnknown');
export const transferCodingUnknown = request(501, 'TransferCodingUnknown');
export const versionNotSupported = request(505, 'HttpVersionNotSupported');

/** An answer of a worker that breaks the rules: always 502.3, the reason tells which rule. */
function answer(reason: string): Rejection {
  return Object.freeze({ status: 502, subStatus: 3, reason });
}

export const badAnswer = {
  bareLf: answer('AnswerBareLf'),
  bareCr: answer('AnswerBareCr'),
  control: answer('AnswerControlCharacter'),
  statusLine: answer('AnswerStatusLine'),
  status: answer('AnswerStatus'),
  version: answer('AnswerHttpVersion'),
  fieldName: answer('AnswerFieldName'),
  fieldWithoutColon: answer('AnswerFieldWithoutColon'),
  obsFold: answer('AnswerObsFold'),
  headerBlockTooLarge: answer('AnswerHeaderBlockTooLarge'),
  tooManyFields: answer('AnswerTooManyFields'),
  contentLength: answer('AnswerContentLength'),
  contentLengthRepeated: answer('AnswerContentLengthRepeated'),
  transferEncoding: answer('AnswerTransferEncoding'),
  bothFramings: answer('AnswerContentLengthAndTransferEncoding'),
  chunkedHttp10: answer('AnswerTransferEncodingInHttp10'),
  framingTwin: answer('AnswerFramingNameLookAlike'),
  connection: answer('AnswerConnection'),
  interimFraming: answer('AnswerInterimWithFraming'),
} as const;
