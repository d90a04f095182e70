import type { Experiment } from '../../experiment.js';
import { certificateFaults } from './certificate-faults.js';
import { tenThousandCertificates } from './ten-thousand-certificates.js';

export const tls: readonly Experiment[] = [certificateFaults, tenThousandCertificates];
