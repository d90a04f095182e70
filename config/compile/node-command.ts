/** The in-process command line: options of node, the entry, the arguments of the application. */

export interface NodeCommand {
  readonly nodeOptions: readonly string[];
  /** '' = none was given. */
  readonly entry: string;
  readonly arguments: readonly string[];
}

/** Options of node that take the next word as their value when written without `=`. */
const optionsWithValue: ReadonlySet<string> = new Set(
  (
    '-r --require --import -C --conditions --loader --experimental-loader --env-file --env-file-if-exists --title ' +
    '--icu-data-dir --dns-result-order --diagnostic-dir --openssl-config --trace-event-categories ' +
    '--trace-event-file-pattern --unhandled-rejections --inspect-port --debug-port --heapsnapshot-signal ' +
    '--heapsnapshot-near-heap-limit --disable-warning --redirect-warnings --report-dir --report-directory ' +
    '--report-filename --report-signal --secure-heap --secure-heap-min --max-http-header-size --disable-proto ' +
    '--input-type --experimental-default-type --localstorage-file --allow-fs-read --allow-fs-write --cpu-prof-dir ' +
    '--cpu-prof-name --cpu-prof-interval --heap-prof-dir --heap-prof-name --heap-prof-interval --tls-cipher-list ' +
    '--tls-keylog --v8-pool-size --network-family-autoselection-attempt-timeout'
  ).split(' '),
);

/** Options that leave no application to host. */
const refused: ReadonlySet<string> = new Set(
  '-e --eval -p --print -pe -c --check -i --interactive -v --version -h --help --test --run --watch --watch-path -'.split(
    ' ',
  ),
);

export function parseNodeCommand(words: readonly string[]): NodeCommand | { readonly refused: string } {
  const nodeOptions: string[] = [];
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at] ?? '';
    if (!word.startsWith('-')) break;
    if (word === '--') {
      at++;
      break;
    }
    if (refused.has(word.split('=')[0] ?? word)) return { refused: word };
    nodeOptions.push(word);
    const value = words[at + 1];
    if (optionsWithValue.has(word) && value !== undefined) {
      nodeOptions.push(value);
      at++;
    }
  }
  return { nodeOptions, entry: words[at] ?? '', arguments: words.slice(at + 1) };
}
