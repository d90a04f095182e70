/** Colours for people: on a terminal only, and never where NO_COLOR is set (https://no-color.org). */

const codes = { red: 31, green: 32, yellow: 33, blue: 34, grey: 90, bold: 1, reverse: 7 } as const;
export type Colour = keyof typeof codes;
export type Paint = (colour: Colour | null, text: string) => string;

export function painter(stream: { readonly isTTY?: boolean }, environment: NodeJS.ProcessEnv = process.env): Paint {
  const isColoured = stream.isTTY === true && (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb';
  if (!isColoured) return (_colour, text) => text;
  return (colour, text) => (colour === null ? text : `\x1b[${codes[colour]}m${text}\x1b[0m`);
}

const states: Readonly<Record<string, Colour>> = {
  Started: 'green',
  ready: 'green',
  running: 'green',
  good: 'green',
  Starting: 'yellow',
  starting: 'yellow',
  Stopping: 'yellow',
  draining: 'yellow',
  stopping: 'yellow',
  'backing-off': 'yellow',
  suspended: 'blue',
  Stopped: 'red',
  failed: 'red',
  'rapid-failed': 'red',
  misconfigured: 'red',
  offline: 'red',
};

/** Of the state of a pool, application or worker; null = as the rest. */
export function colourOf(state: string): Colour | null {
  return states[state] ?? null;
}
