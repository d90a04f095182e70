/** Declares the verbs of daily operation; their code is loaded when one of them runs. */
import { Argument, type Command, Option } from 'commander';
import { flagged } from './admin-commands.js';
import type { DoctorFlags } from './doctor-command.js';
import type { AdminFlags } from './pool-command.js';
import type { ProfileFlags } from './profile-command.js';
import type { RequestFlags } from './requests-command.js';
import type { ApplicationFlags } from './site-command.js';
import { type Shell, shells } from './completion-command.js';

const profileKinds = ['cpu', 'heap', 'heap-statistics'];

export function addOperateCommands(program: Command, done: (code: number) => void): void {
  flagged(program.command('status').description('one screen: the server, its pools, what is wrong')).action(
    async (flags: AdminFlags) => done(await (await import('./status-command.js')).status(flags)),
  );
  flagged(program.command('requests').description('requests that are under way now, longest first'))
    .option('--pool <name>', 'of this pool only')
    .option('--site <name>', 'of this site only')
    .option('--worker <id>', 'of this worker only: its id or process id')
    .option('--min-time <time>', 'only those that take as long already: milliseconds, or seconds as 1.5s')
    .action(async (flags: RequestFlags) => done(await (await import('./requests-command.js')).listRequests(flags)));
  addProfile(program, done);
  flagged(program.command('top').description('live view of pools and requests; q ends it, s sorts')).action(
    async (flags: AdminFlags) => done(await (await import('./top-command.js')).top(flags)),
  );
  flagged(program.command('events').description('what happens from now on, until Ctrl-C'))
    .option('--samples', 'also the figures of every second')
    .action(async (flags: AdminFlags & { readonly samples?: boolean }) =>
      done(await (await import('./events-command.js')).followEvents(flags)),
    );
  addSites(program, done);
  addNode(program, done);
  program
    .command('doctor')
    .description('look at machine and configuration, and say what to do; 1 when something will not work')
    .argument('[path]', 'configuration (./sluice.yaml, else /etc/sluice/sluice.yaml)')
    .option('--json', 'print the findings as JSON')
    .action(async (path: string | undefined, flags: DoctorFlags) =>
      done(await (await import('./doctor-command.js')).doctor(path ?? null, flags)),
    );
  program
    .command('healthcheck')
    .description('for containers: 0 when the server is alive and ready')
    .option('--admin <socket-or-url>', 'the server (SLUICE_ADMIN, else the socket of the configuration)')
    .option('--config <file>', 'take the socket from this configuration')
    .action(async (flags: AdminFlags) => done(await (await import('./healthcheck-command.js')).healthcheck(flags)));
  addCompletion(program);
}

const applicationActions = {
  offline: 'answer 503 for the application and end its workers, as app_offline.htm does',
  online: 'serve the application again',
} as const;

const nodeActions = {
  drain: 'take the server out of the balance: /readyz answers 503, requests are served on',
  resume: 'put a drained server back',
  reload: 'load the configuration again',
} as const;

const sites = () => import('./site-command.js');

function addSites(program: Command, done: (code: number) => void): void {
  const site = program.command('site').description('sites of a running server');
  flagged(site.command('list').description('every site with its bindings')).action(async (flags: AdminFlags) =>
    done(await (await sites()).listSites(flags)),
  );
  flagged(site.command('show <name>').description('one site with its applications')).action(
    async (name: string, flags: AdminFlags) => done(await (await sites()).showSite(name, flags)),
  );
  const application = program.command('app').description('applications of a running server');
  flagged(application.command('list').description('every application with pool, state and folder'))
    .option('--site <name>', 'of this site only')
    .option('--pool <name>', 'of this pool only')
    .option('--id <id>', 'this one only, as the list names it: SITE/PATH')
    .action(async (flags: ApplicationFlags) => done(await (await sites()).listApplications(flags)));
  for (const action of ['offline', 'online'] as const) {
    flagged(application.command(`${action} <id>`).description(applicationActions[action])).action(
      async (id: string, flags: AdminFlags) => done(await (await sites()).actOnApplication(action, id, flags)),
    );
  }
}

function addNode(program: Command, done: (code: number) => void): void {
  const node = program.command('node').description('the running server as a whole');
  flagged(node.command('show').description('version, state and configuration')).action(async (flags: AdminFlags) =>
    done(await (await import('./node-command.js')).showNode(flags)),
  );
  for (const action of ['drain', 'resume', 'reload'] as const) {
    flagged(node.command(action).description(nodeActions[action])).action(async (flags: AdminFlags) =>
      done(await (await import('./node-command.js')).actOnNode(action, flags)),
    );
  }
}

function addProfile(program: Command, done: (code: number) => void): void {
  flagged(program.command('profile <id>').description('profile an in-process worker and fetch the file'))
    .addOption(new Option('--kind <kind>', 'what to take').choices(profileKinds).default('cpu'))
    .option('--seconds <number>', 'how long the CPU is profiled (10)')
    .option('--output <file>', 'where to put it; without: a new file here')
    .action(async (id: string, flags: ProfileFlags) =>
      done(await (await import('./profile-command.js')).profile(id, flags)),
    );
}

function addCompletion(program: Command): void {
  program
    .command('completion')
    .description('print the completion script of a shell: source <(sluice completion bash)')
    .addArgument(new Argument('<shell>').choices(shells))
    .action(async (shell: Shell) => {
      const { completionScript } = await import('./completion-command.js');
      const { verbsOf } = await import('./verbs.js');
      process.stdout.write(completionScript(shell, verbsOf(program)));
    });
  // For `npm run docs`.
  program.command('reference-page', { hidden: true }).action(async () => {
    const { referencePage } = await import('./reference-page.js');
    const { verbsOf } = await import('./verbs.js');
    process.stdout.write(referencePage(verbsOf(program)));
  });
}
