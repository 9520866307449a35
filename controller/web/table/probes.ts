import { z } from 'zod';
import { Readiness } from '../../../proto/contract/api/lists.js';
import { declareRoute } from '../declare.js';

/** The OpenAPI document is described by its own specification. */
export const OpenApiDocument = z.looseObject({ openapi: z.string() });

export const PROBE_ROUTES = {
  getHealth: declareRoute({
    method: 'GET',
    path: '/healthz',
    summary: 'The process is alive',
    tag: 'probes',
    doors: 'both',
    answer: { status: 200, description: 'alive', schema: z.string(), example: 'ok\n', content: 'text/plain' },
    errors: [],
  }),
  getReadiness: declareRoute({
    method: 'GET',
    path: '/readyz',
    summary: 'The controller can serve, part by part',
    tag: 'probes',
    doors: 'both',
    answer: {
      status: 200,
      description: 'ready',
      schema: Readiness,
      example: { ready: true, parts: [{ part: 'store', ready: true, detail: 'answers' }] },
      also: { 503: 'not ready' },
    },
    errors: [],
  }),
  getMetrics: declareRoute({
    method: 'GET',
    path: '/metrics',
    summary: 'Figures for Prometheus',
    tag: 'probes',
    doors: 'both',
    answer: {
      status: 200,
      description: 'text exposition format',
      schema: z.string(),
      example: 'bramble_nodes{state="ready"} 1\n',
      content: 'text/plain',
    },
    errors: [],
  }),
  getOpenApi: declareRoute({
    method: 'GET',
    path: '/api/v1/openapi.json',
    summary: 'This document',
    tag: 'probes',
    doors: 'both',
    answer: { status: 200, description: 'OpenAPI 3.1', schema: OpenApiDocument, example: { openapi: '3.1.0' } },
    errors: [],
  }),
} as const;
