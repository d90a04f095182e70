import type { Attack } from '../attack.js';
import { answers } from './answers.js';
import { channels } from './channels.js';
import { files } from './files.js';
import { lives } from './lives.js';
import { others } from './others.js';
import { resources } from './resources.js';

export const attacks: readonly Attack[] = [...resources, ...channels, ...lives, ...others, ...answers, ...files];
