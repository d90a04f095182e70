import type { Experiment } from '../../experiment.js';
import { certificateFaults } from './certificate-faults.js';
import { tlsGraders } from './graders.js';
import { tenThousandCertificates } from './ten-thousand-certificates.js';

export const tls: readonly Experiment[] = [certificateFaults, tenThousandCertificates, tlsGraders];
