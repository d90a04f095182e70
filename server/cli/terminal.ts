/** A full screen of the terminal for a live view; whatever happens, the terminal is given back as it was. */
import { SluiceError } from '../../config/base/errors.js';

const enter = '\x1b[?1049h\x1b[?25l';
const leave = '\x1b[?25h\x1b[?1049l';
const home = '\x1b[H';
const clearLine = '\x1b[K';
const clearBelow = '\x1b[J';
/** Of a terminal that does not tell its size. */
const usualRows = 24;
const usualColumns = 80;

export interface Screen {
  readonly rows: number;
  readonly columns: number;
  /** Lines beyond the screen are left out; each must fit `columns`. */
  draw(lines: readonly string[]): void;
  close(): void;
}

export interface ScreenEvents {
  key(key: string): void;
  resized(): void;
}

/** Throws SluiceError `no-terminal`; `remedy` names what works without one. */
export function openScreen(events: ScreenEvents, remedy: string): Screen {
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY) throw new SluiceError('no-terminal', 'a live view needs a terminal', remedy);
  let isOpen = true;
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    stdin.setRawMode(false);
    stdin.pause();
    stdin.off('data', onData);
    stdout.off('resize', onResize);
    stdout.write(leave);
  };
  const onResize = (): void => events.resized();
  const onData = (data: Buffer): void => events.key(data.toString('latin1'));
  // Also when an error or a signal ends us.
  process.once('exit', close);
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
  stdin.setRawMode(true);
  stdin.resume();
  stdin.on('data', onData);
  stdout.on('resize', onResize);
  stdout.write(enter);
  return {
    get rows() {
      return stdout.rows || usualRows;
    },
    get columns() {
      return stdout.columns || usualColumns;
    },
    draw(lines) {
      if (!isOpen) return;
      const shown = lines.slice(0, stdout.rows || usualRows).map((line) => `${line}${clearLine}`);
      stdout.write(`${home}${shown.join('\r\n')}${clearBelow}`);
    },
    close,
  };
}
