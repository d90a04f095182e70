/** The pools part of the admin API: views on both transports, actions on the unix socket only. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { SluiceError } from '../../config/base/errors.js';
import type { DumpKind } from '../../pools/protocol/primary-to-host.js';
import type { PoolView } from '../../pools/supervisor/ports.js';
import type { AdminTransport } from './app.js';
import { type ControlPlane, type OperationView, poolActions, workerActions } from './control-plane.js';
import { isLoopback } from './host-check.js';
import { openView } from './open-view.js';

/** Where an action stands, whatever its target: decided before routing, by the method too. */
export function isPoolAction(url: string): boolean {
  return /^\/api\/v1\/(?:pools|workers)\/[^/?]+\/[a-z]+(?:\?|$)/.test(url);
}

export function addPools(app: FastifyInstance, control: ControlPlane, kind: AdminTransport['kind']): void {
  const shown = (pool: PoolView) => (kind === 'tcp' ? openView(pool) : pool);
  const closed = (request: FastifyRequest): boolean => kind === 'tcp' && !isLoopback(request.socket.remoteAddress);
  app.get('/api/v1/pools', (request, reply) => {
    if (closed(request)) return refuseRemote(reply);
    return reply.send({ pools: control.pools().map(shown) });
  });
  app.get<{ Params: { name: string } }>('/api/v1/pools/:name', (request, reply) => {
    if (closed(request)) return refuseRemote(reply);
    const pool = control.pool(request.params.name);
    return pool === null ? unknown(reply, 'no-such-pool', 'there is no such pool') : reply.send(shown(pool));
  });
  app.get('/api/v1/workers', (request, reply) => {
    if (closed(request)) return refuseRemote(reply);
    const workers = control.pools().flatMap(({ name, workers: all }) => all.map((one) => ({ pool: name, ...one })));
    return reply.send({ workers });
  });
  if (kind !== 'unix') return;
  app.get('/api/v1/certificates', (_request, reply) => reply.send({ certificates: control.certificates() }));
  addActions(app, control);
}

function addActions(app: FastifyInstance, control: ControlPlane): void {
  const { actions } = control;
  for (const action of poolActions) {
    addAction(app, `/api/v1/pools/:target/${action}`, (name) => actions.orderPool(action, name));
  }
  for (const action of workerActions) {
    addAction(app, `/api/v1/workers/:target/${action}`, (id, kind) => actions.orderWorker(action, numberOf(id), kind));
  }
  app.get<{ Params: { id: string } }>('/api/v1/operations/:id', (request, reply) => {
    const operation = actions.operation(numberOf(request.params.id));
    return operation === null
      ? unknown(reply, 'no-such-operation', 'there is no such operation, or it ended long ago')
      : reply.send(operation);
  });
}

/** POST begins it and answers 202 with the operation to ask about; GET never changes anything. */
function addAction(app: FastifyInstance, path: string, order: (target: string, kind: DumpKind) => OperationView): void {
  app.post<{ Params: { target: string }; Querystring: { kind?: unknown } }>(path, (request, reply) => {
    const { kind = 'report' } = request.query;
    if (kind !== 'report' && kind !== 'heap') return problem(reply, 400, 'bad-kind', 'kind is report or heap');
    try {
      const operation = order(request.params.target, kind);
      return reply.code(202).header('location', `/api/v1/operations/${operation.id}`).send(operation);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      const status = error.code === 'too-many-operations' ? 429 : 404;
      return problem(reply, status, error.code, error.message, error.remedy);
    }
  });
  app.get(path, (_request, reply) => {
    void reply.header('allow', 'POST');
    return problem(reply, 405, 'method', 'an action is begun by POST');
  });
}

/** 0 is no id: whatever is not a number is unknown. */
function numberOf(text: string): number {
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : 0;
}

function refuseRemote(reply: FastifyReply): FastifyReply {
  return reply.code(403).type('text/plain; charset=utf-8').send('open to this machine only: use the admin socket\n');
}

function unknown(reply: FastifyReply, code: string, message: string): FastifyReply {
  return problem(reply, 404, code, message);
}

function problem(reply: FastifyReply, status: number, code: string, message: string, remedy = ''): FastifyReply {
  return reply.code(status).send({ error: { code, message, remedy } });
}
