import Fastify from 'fastify';
const app = Fastify();
app.get('/', async () => 'fastify app');
export default app;
