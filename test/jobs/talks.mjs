// A job that knows nothing of us: it calls a server by fetch and by http, and logs by console and by a pino logger of its own.
import http from 'node:http';
import { get } from 'node:http';
import { pino } from 'pino';

const [how = '', url = ''] = process.argv.slice(2);
const viaHttp = (call, path) =>
  new Promise((resolve, reject) =>
    call(`${url}/${path}`, (answer) => answer.resume().on('end', resolve)).on('error', reject),
  );

await (await fetch(`${url}/by-fetch`)).text();
await viaHttp(get, 'by-named-get');
await viaHttp(http.get, 'by-default-get');
console.log('said %s', 'by console');
console.warn({ password: 'hunter2' }, 'careful');
console.trace('where');
const logger = pino({ timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ dest: 1, sync: true }));
logger.child({ fold: 3 }).error(new RangeError('no rows'), 'said by pino');
if (how === 'throws') throw new TypeError('nobody catches');
