// `runspan/testing` from the packed package: by import and by require, and in a project whose tests are jest's.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPacked, type Consumer } from './consumer.ts';

const BODY = `
async function main(testServices) {
  const t = await testServices();
  await t.mlflow.runContext('train', (run) => run.logMetric('loss', 0.25));
  console.log(t.runs[0].name, t.runs[0].status, t.runs[0].metrics.loss);
  await t.stop();
}
`;

describe('runspan/testing', () => {
  let project: Consumer;
  beforeAll(() => {
    project = installPacked();
  });
  afterAll(() => project.remove());

  it.each([
    ['a.mjs', `import { testServices } from 'runspan/testing';${BODY}await main(testServices);`],
    ['a.cjs', `const { testServices } = require('runspan/testing');${BODY}main(testServices);`],
  ])('works in %s, without a warning, and ends by itself', (name, text) => {
    const file = project.write(name, text);
    expect(project.run('node', [file])).toEqual({ code: 0, stdout: 'train FINISHED 0.25\n', stderr: '' });
  });

  it('has types', () => {
    const text = `import { testServices } from 'runspan/testing';
const t = await testServices({ strict: true });
const loss: number | undefined = t.runs[0]?.metrics['loss'];
const points: readonly { readonly step: number }[] | undefined = t.runs[0]?.history['loss'];
console.log(loss, points, t.alerts[0]?.title, t.lines[0]?.fields, t.spans[0]?.name);
`;
    project.write('types.ts', text);
    const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2023', '--types', 'node'];
    expect(project.run('tsc', [...options, 'types.ts'])).toMatchObject({ code: 0, stdout: '' });
  });
});
