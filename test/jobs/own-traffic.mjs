// Requests that call themselves as ours do, by every client, and one of the job's.
import http from 'node:http';
import { request } from 'undici';

const [url] = process.argv.slice(2);
const viaHttp = (path, agent) =>
  new Promise((resolve, reject) =>
    http
      .get(`${url}/${path}`, { headers: { 'User-Agent': agent } }, (answer) => answer.resume().on('end', resolve))
      .on('error', reject),
  );

await viaHttp('http', 'runspan');
await viaHttp('exporter', 'OTel-OTLP-Exporter-JavaScript/0.300.0');
await viaHttp('other', 'runspanner');
await (await fetch(`${url}/fetch`, { headers: { 'user-agent': 'runspan/0.1.0' } })).text();
await (await request(`${url}/undici`, { headers: { 'user-agent': 'runspan/0.1.0' } })).body.text();
