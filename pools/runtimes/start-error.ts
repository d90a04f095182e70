/** How a start fails inside the runtimes: a stable code, a cause and a remedy; see `StartFailure`. */
import { messageOf, SluiceError } from '../../config/base/errors.js';
import { isStartFailureCode, type StartFailureCode } from '../../config/base/start-failures.js';

export interface FailureStatus {
  readonly status: number;
  readonly subStatus: number;
}

export class StartError extends Error {
  override readonly name = 'StartError';
  readonly code: StartFailureCode;
  readonly remedy: string;
  /** Repeating the attempt cannot help (missing file, wrong setting). */
  readonly final: boolean;
  /** Only where it differs from the runtime's usual one. */
  readonly status: FailureStatus | null;

  constructor(
    code: StartFailureCode,
    cause: string,
    remedy: string,
    final = true,
    status: FailureStatus | null = null,
  ) {
    super(cause);
    this.code = code;
    this.remedy = remedy;
    this.final = final;
    this.status = status;
  }

  /** Anything else that is thrown while a worker is prepared: a system call that failed; it gets `status`. */
  static from(error: unknown, status: FailureStatus | null = null): StartError {
    if (error instanceof StartError) return error;
    if (error instanceof SluiceError) {
      return new StartError(isStartFailureCode(error.code) ? error.code : 'start-error', error.message, error.remedy);
    }
    return new StartError('start-error', messageOf(error), 'See the log of the server.', false, status);
  }
}
