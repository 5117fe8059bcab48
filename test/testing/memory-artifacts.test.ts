import { readFileSync } from 'node:fs';
import { MemoryArtifacts } from '../../src/testing/memory-artifacts.ts';
import { describeArtifacts } from '../../src/testing/contract/artifact-suite.ts';

describeArtifacts('memory', () => {
  const artifacts = new MemoryArtifacts({ uri: 'memory:', readSource: (path) => readFileSync(path) });
  return Promise.resolve({ artifacts, close: () => artifacts.close() });
});
