import type { Experiment } from '../../experiment.js';
import { experimentOf, type Group } from './group.js';
import { kestrelRequests } from './kestrel-requests.js';
import { kestrelServer } from './kestrel-server.js';
import { kestrelStarts } from './kestrel-starts.js';
import { kestrelStops } from './kestrel-stops.js';
import { realtime } from './realtime.js';
import { selfContained, templates } from './templates.js';

export const kestrel: Group = {
  name: 'kestrel',
  promise: 'what real Kestrel does under the module’s protocol, also where that is surprising, is served as it is',
  server: kestrelServer,
  checks: [...kestrelStarts, ...kestrelRequests, ...kestrelStops],
};

export const aspnetcore: readonly Experiment[] = [templates, realtime, kestrel, selfContained].map(experimentOf);
