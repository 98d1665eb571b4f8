/** A server that knows nothing but an OpenAPI document, and judges requests by it. */
import express, { type ErrorRequestHandler, type Express } from 'express';
import { middleware as openApiValidator } from 'express-openapi-validator';
import type { z } from 'zod';
import { enhanceRequest } from '../../src/contract/enhance-request.ts';
import { removeBackgroundRequest } from '../../src/contract/remove-background-request.ts';
import { generateRequest, upscaleRequest } from '../../src/contract/requests.ts';

/** Calls that cost credits, with the schema that checks their body. */
export const PAID = {
  '/api/generate': generateRequest,
  '/api/enhance': enhanceRequest,
  '/api/remove-background': removeBackgroundRequest,
  '/api/upscale': upscaleRequest,
} as const satisfies Record<string, z.ZodType>;

/** Answers 200 and the body with the document's defaults filled in, or the status of its complaint. */
export function checkingApp(spec: object): Express {
  const app = express();
  app.use(express.json());
  app.use(
    openApiValidator({
      apiSpec: { ...spec, servers: [{ url: '/' }] } as unknown as string,
      validateSecurity: false,
    }),
  );
  app.use((req, res) => {
    res.json(req.body ?? null);
  });
  const report: ErrorRequestHandler = (error: Error & { status?: number }, _req, res, _next) => {
    res.status(error.status ?? 500).json({ mismatch: error.message });
  };
  app.use(report);
  return app;
}
