import type { Experiment } from '../../experiment.js';
import { certificateFaults } from './certificate-faults.js';
import { tlsGraders } from './graders.js';
import { tenThousandCertificates } from './ten-thousand-certificates.js';
import { tlsBench } from './tls-bench.js';

export const tls: readonly Experiment[] = [tlsBench, certificateFaults, tenThousandCertificates, tlsGraders];
