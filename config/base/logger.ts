/** Fields of one log record; values a tenant influenced are escaped by the sink. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** What every layer may call; the sink (pino) is chosen by the process entry. */
export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
