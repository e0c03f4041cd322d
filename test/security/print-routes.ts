import { subscribe } from 'node:diagnostics_channel';
import type { FastifyInstance } from 'fastify';

// Loaded into an engine by `--import`: prints each route that it is going to serve, as the server itself is told of it.

subscribe('fastify.initialization', (message) => {
  const { fastify } = message as { fastify: FastifyInstance };
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) process.stdout.write(`route ${each} ${url}\n`);
  });
});
