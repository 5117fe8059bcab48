// An OTLP endpoint in a process of its own, which takes everything: what exporting costs is measured, not what receiving costs.
import { spawn } from 'node:child_process';

const SERVER = `
  const server = require('node:http').createServer((request, response) => {
    request.resume().on('end', () => response.end());
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
  process.stdin.resume().on('end', () => process.exit());
`;

/** Starts the endpoint; it ends with this process, or with `stop`. */
export async function startOtlpEndpoint(): Promise<{ readonly url: string; stop(): void }> {
  const child = spawn(process.execPath, ['-e', SERVER], { stdio: ['pipe', 'pipe', 'inherit'] });
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (data: Buffer) => resolve(String(data).trim()));
    child.once('error', reject);
  });
  return { url: `http://127.0.0.1:${port}`, stop: () => child.kill() };
}
