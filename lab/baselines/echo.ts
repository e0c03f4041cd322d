/**
 * Baseline (a): the least that a POST can cost here. Fastify reads a JSON body and gives it back; nothing is
 * checked and nothing is kept. Every figure of the benchmark is a ratio to this one.
 */
import fastify from 'fastify';

const app = fastify();

app.post('/api/v1/orders', async (request) => request.body);

const address = await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT'] ?? 3000) });
console.log(`The echo is listening on ${address}`);
