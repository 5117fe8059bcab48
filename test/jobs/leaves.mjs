// An unchanged job that makes spans and console lines, and leaves in the same turn by the way that argv names.
import { trace } from '@opentelemetry/api';

const [way = 'natural', count = '1000'] = process.argv.slice(2);
for (let index = 0; index < Number(count); index++) {
  trace.getTracer('job').startSpan(`span ${index}`).end();
  console.log(`line ${index}`);
}
const ways = {
  natural: () => undefined,
  'exit-0': () => process.exit(0),
  'exit-3': () => process.exit(3),
  throw: () => {
    throw new TypeError('boom');
  },
  reject: () => void Promise.reject(new RangeError('nobody waits')),
  'reject-text': () => void Promise.reject('only a text'),
  stuck: () => new Promise(() => undefined),
};
if (way in ways) await ways[way]();
else {
  process.kill(process.pid, way);
  await new Promise((resolve) => setTimeout(resolve, 60_000));
}
