import { ErrorCode } from './codes.js';
import type { ConnectionFailure } from './types.js';

/** The closed vocabulary of what ends a connection: the code for the peer, the reason for log and counter. */
function failure(code: number, reason: string): ConnectionFailure {
  return Object.freeze({ code, reason });
}

const { protocolError, frameSizeError, flowControlError, streamClosed, compressionError, enhanceYourCalm } = ErrorCode;

export const failures = {
  preface: failure(protocolError, 'Http2Preface'),
  settingsFirst: failure(protocolError, 'Http2SettingsFirst'),
  frameSize: failure(frameSizeError, 'Http2FrameSize'),
  frameStream: failure(protocolError, 'Http2FrameStream'),
  padding: failure(protocolError, 'Http2Padding'),
  continuation: failure(protocolError, 'Http2Continuation'),
  pushPromise: failure(protocolError, 'Http2PushPromise'),
  setting: failure(protocolError, 'Http2Setting'),
  settingWindow: failure(flowControlError, 'Http2SettingWindow'),
  compression: failure(compressionError, 'Http2Compression'),
  idleStream: failure(protocolError, 'Http2IdleStream'),
  streamId: failure(protocolError, 'Http2StreamId'),
  closedStream: failure(streamClosed, 'Http2ClosedStream'),
  windowIncrement: failure(protocolError, 'Http2WindowIncrement'),
  windowOverflow: failure(flowControlError, 'Http2WindowOverflow'),
  windowExceeded: failure(flowControlError, 'Http2WindowExceeded'),
  selfDependency: failure(protocolError, 'Http2SelfDependency'),
  headerBlock: failure(enhanceYourCalm, 'Http2HeaderBlock'),
  resets: failure(enhanceYourCalm, 'Http2Resets'),
  frames: failure(enhanceYourCalm, 'Http2Frames'),
  unreadAnswers: failure(enhanceYourCalm, 'Http2UnreadAnswers'),
  stalledReader: failure(enhanceYourCalm, 'Http2StalledReader'),
} as const;
