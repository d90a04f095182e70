/** Puts the issuer together with real authorities, files and listeners. */
import type { Clock } from '../../../config/base/clock.js';
import type { Logger } from '../../../config/base/logger.js';
import type { AcmeConfig } from '../../../config/model.js';
import type { Challenges } from '../../../pools/protocol/primary-to-listener.js';
import type { Certificates } from '../certificates.js';
import { Authority } from './authority.js';
import { ChallengeBoard } from './challenge-board.js';
import { Issuer, type IssuerBackend } from './issuer.js';
import { AcmeStore } from './store.js';

export interface IssuerParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stateDir: string;
  /** Resolves when every listener has acknowledged. */
  publish(challenges: Challenges): Promise<void>;
  /** Told what is renewed, and what is not any more. */
  readonly certificates: Pick<Certificates, 'renewed' | 'forget'>;
  counted(result: 'success' | 'failure'): void;
}

export function createIssuer(parts: IssuerParts): Issuer {
  const { clock, logger } = parts;
  const board = new ChallengeBoard(
    (challenges) => parts.publish(challenges),
    () => clock.wallMs(),
  );
  const open = (config: AcmeConfig): IssuerBackend => {
    const authority = (directory: string): { readonly store: AcmeStore; readonly authority: Authority } => {
      const store = new AcmeStore(parts.stateDir, directory);
      return { store, authority: new Authority({ directory, config, store, board, clock }) };
    };
    const real = authority(config.directory);
    const rehearsal = config.rehearsal === '' ? null : authority(config.rehearsal);
    return {
      issue: (name, kind, isRehearsal) => (isRehearsal ? (rehearsal ?? real) : real).authority.issue(name, kind),
      store: (name, issued) => real.store.store(name, issued),
      find: (name) => real.store.find(name),
      fileOf: (name) => real.store.fileOf(name),
    };
  };
  return new Issuer({
    clock,
    logger,
    random: Math.random,
    open,
    renewed: (name) => parts.certificates.renewed(name),
    forgotten: (name) => parts.certificates.forget(name),
    counted: (result) => parts.counted(result),
  });
}
