/**
 * The words of IIS's appcmd: `sluice list apppool`, `sluice recycle apppool /apppool.name:shop`. They are rewritten to
 * our own verbs before anything is parsed; what appcmd has and we do not is refused with the place where it is done.
 */
import { SluiceError } from '../../config/base/errors.js';

type Noun = 'apppool' | 'site' | 'app' | 'wp' | 'request' | 'cert';

const verbs = new Set(['list', 'start', 'stop', 'recycle', 'add', 'set', 'delete']);
const nouns: Readonly<Record<string, Noun>> = {
  apppool: 'apppool',
  apppools: 'apppool',
  site: 'site',
  sites: 'site',
  app: 'app',
  apps: 'app',
  wp: 'wp',
  wps: 'wp',
  request: 'request',
  requests: 'request',
  cert: 'cert',
  certs: 'cert',
};

/** Filter of appcmd -> option of ours; `` = the name that the command is about. */
const filters: Readonly<Record<Noun, Readonly<Record<string, string>>>> = {
  apppool: { name: '', 'apppool.name': '', state: '--state' },
  site: { name: '', 'site.name': '' },
  app: { 'app.name': '', 'site.name': '--site', 'apppool.name': '--pool' },
  wp: { 'wp.name': '', 'apppool.name': '--pool' },
  request: { 'apppool.name': '--pool', 'site.name': '--site', 'wp.name': '--worker', elapsed: '--min-time' },
  cert: {},
};

/** `args`: behind the name of the program. Returns them rewritten, or as they are when they are our own words. */
export function fromAppcmd(args: readonly string[]): readonly string[] {
  const [verb = '', word = '', ...rest] = args;
  const noun = nouns[word.toLowerCase()];
  if (noun === undefined || !verbs.has(verb)) return args;
  // `sluice start FOLDER` is ours too: with nothing behind it `apppool` is a folder.
  if (verb === 'start' && rest.length === 0) return args;
  if (verb === 'add' || verb === 'set' || verb === 'delete') {
    const remedy = 'edit sluice.yaml, which the running server takes over by itself, or see `sluice config --help`';
    throw new SluiceError('appcmd-not-here', `\`${verb} ${word}\` is done in the configuration`, remedy);
  }
  const { name, options } = split(noun, rest);
  return [...ours(verb, noun, name), ...options];
}

const lists: Readonly<Record<Noun, readonly string[]>> = {
  apppool: ['pool', 'list'],
  site: ['site', 'list'],
  app: ['app', 'list'],
  wp: ['worker', 'list'],
  request: ['requests'],
  cert: ['cert', 'list'],
};

/** What shows one of them by its name; request and certificate have none. */
const shows: Readonly<Partial<Record<Noun, readonly string[]>>> = {
  apppool: ['pool', 'show'],
  site: ['site', 'show'],
  app: ['app', 'list', '--id'],
  wp: ['worker', 'list', '--worker'],
};

function list(noun: Noun, name: string): readonly string[] {
  if (name === '') return lists[noun];
  const shown = shows[noun];
  if (shown !== undefined) return [...shown, name];
  const known = Object.keys(filters[noun]).map((one) => `/${one}:`);
  const remedy = `without it all are listed; filters: ${known.join(', ') || 'none'}`;
  throw new SluiceError('appcmd-not-here', `\`list ${noun}\` takes no name: ${name}`, remedy);
}

function ours(verb: string, noun: Noun, name: string): readonly string[] {
  if (verb === 'list') return list(noun, name);
  if (noun !== 'apppool') {
    const remedy = noun === 'site' ? 'sluice app offline SITE/PATH' : 'sluice pool stop, start or recycle';
    throw new SluiceError('appcmd-not-here', `\`${verb} ${noun}\` does not exist: only pools have a state`, remedy);
  }
  return name === '' ? ['pool', verb] : ['pool', verb, name];
}

/** Everything behind the noun: a bare name, `/filter:value` and our own options. */
function split(noun: Noun, words: readonly string[]): { readonly name: string; readonly options: readonly string[] } {
  let name = '';
  const options: string[] = [];
  for (const word of words) {
    const filter = /^\/([\w.]+):(.*)$/.exec(word);
    if (filter === null) {
      if (word.startsWith('-') || options.at(-1)?.startsWith('-') === true || name !== '') options.push(word);
      else name = word;
      continue;
    }
    const [, key = '', value = ''] = filter;
    const option = filters[noun][key.toLowerCase()];
    if (option === undefined) {
      const known = Object.keys(filters[noun]).map((one) => `/${one}:`);
      throw new SluiceError('appcmd-not-here', `${word} is not known here`, `known: ${known.join(', ') || 'none'}`);
    }
    if (option === '') name = value;
    else options.push(option, value);
  }
  return { name, options };
}
