// The same as talks.mjs, as a CommonJS job.
const http = require('node:http');
const { pino } = require('pino');

const [, url = ''] = process.argv.slice(2);

async function main() {
  await (await fetch(`${url}/by-fetch`)).text();
  await new Promise((resolve, reject) =>
    http.get(`${url}/by-default-get`, (answer) => answer.resume().on('end', resolve)).on('error', reject),
  );
  console.log('said %s', 'by console');
  pino(pino.destination({ dest: 1, sync: true })).info('said by pino');
}

void main();
