// Registers an SDK before register does: its spans go to the file that SPANS names, in the turn they end.
import { appendFileSync } from 'node:fs';
import { trace } from '@opentelemetry/api';
import { TracerProvider } from '@opentelemetry/sdk-trace';

const toFile = {
  onStart() {},
  onEnd({ name, attributes, status, events }) {
    appendFileSync(process.env.SPANS, `${JSON.stringify({ name, attributes, status, events })}\n`);
  },
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [toFile] }));
