// What a sample of system metrics costs the job's thread; one is taken every ten seconds. The rival is one reading of os.cpus() alone.
import { cpus } from 'node:os';
import { createProbes } from '../src/runs/system/probes.ts';
import { compare } from './measure.ts';

const SAMPLES = 200;
const probes = createProbes(process.env['PATH'] ?? '');

await compare('one sample of system metrics', [
  {
    name: 'os.cpus() alone',
    run: () => {
      for (let index = 0; index < SAMPLES; index++) cpus();
      return SAMPLES;
    },
  },
  {
    name: 'all probes',
    run: () => {
      for (let index = 0; index < SAMPLES; index++) for (const probe of probes) probe.read();
      return SAMPLES;
    },
  },
]);
for (const probe of probes) probe.close?.();
