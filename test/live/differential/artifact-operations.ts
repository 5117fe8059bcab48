// Operations on a run's files: good ones, and those that must be refused. What is on this disk already is named by places.
import type { Json, Made, Make } from './operation.ts';
import { aRun, call, on } from './pick.ts';
import { type KnownRun, refTo, type World } from './world.ts';

const FOLDERS = ['', 'notes', 'data/ü 日本', 'a b'];
const folder = (world: World): string => world.random.pick(FOLDERS);
const under = (path: string, name: string): string => (path === '' ? name : `${path}/${name}`);

const withFiles = (world: World): KnownRun | undefined =>
  world.one(world.runs, ({ isActive, files }) => isActive && files.size > 0);

/** Writes one file of a name of its own. */
const write = (method: string, ends: readonly string[], content: (world: World) => Json, isNameLast = true): Make =>
  on(aRun, (run, world) => {
    const file = under(folder(world), `file ${world.count('file')}${world.random.pick(ends)}`);
    run.files.add(file);
    const args = isNameLast ? [content(world), file] : [file, content(world)];
    return call(method, [refTo(run.ref), ...args]);
  });

const text = ({ random }: World): string => random.pick(['', 'two\nlines\r\n', 'ü 日本 😀', 'x'.repeat(5000)]);
const dictionary = ({ random }: World): Json =>
  random.pick<Json>([
    { rows: 442, names: ['a', 'ü'], nested: { yes: true, none: null } },
    { 'a:b': '- x', date: '2026-01-01', no: 'no', number: '1', empty: {}, list: [] },
    {},
  ]);
const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"><rect width="2" height="2"/></svg>';

const image = ({ random }: World): Json =>
  random.pick<Json>([
    { data: [0, 64, 128, 255], width: 2, height: 2, channels: 1 },
    { data: [0, 0.5, 1, 0.25, 0.75, 0.125], width: 2, height: 1, channels: 3 },
    { data: [255, 0, 0, 128], width: 1, height: 1, channels: 4 },
  ]);

const logImage: Make = on(aRun, (run, world) => {
  const { random } = world;
  if (random.chance(0.5)) {
    const file = under(folder(world), `image ${world.count('file')}.png`);
    run.files.add(file);
    return call('logImage', [refTo(run.ref), image(world)], { artifactFile: file });
  }
  run.files.add('images');
  const options = { key: random.pick(['sample', 'a/b c']), step: world.count('image'), timestampMs: world.timeMs() };
  return call('logImage', [refTo(run.ref), image(world)], options);
});

const table = ({ random }: World): Json =>
  random.pick<Json>([
    { question: ['What?', 'ü 日本'], score: [0.5, 1.5] },
    { question: ['None?'], answer: ['no'] },
    { question: 'One row', score: 2.5 },
  ]);

/** A second table of a name is added to the first. */
const logTable: Make = on(aRun, (run, world) => {
  const file = world.one(run.tables) ?? under(world.random.pick(['', 'notes']), `table-${world.random.below(3)}.json`);
  const name = world.random.chance(0.5) ? file : `table-${world.random.below(3)}.json`;
  run.tables.add(name);
  run.files.add(name);
  return call('logTable', [refTo(run.ref), table(world), name]);
});

const loadTable: Make = on(
  (world) => world.one(world.runs, ({ isActive, tables }) => isActive && tables.size > 0),
  (run, world) => {
    const options: Record<string, Json> = { runIds: [refTo(run.ref)] };
    if (world.random.chance(0.5)) options['extraColumns'] = ['run_id', 'status'];
    return call('loadTable', [refTo(run.experiment.ref), world.random.pick([...run.tables])], options);
  },
);

const logArtifact: Make = on(aRun, (run, world) => {
  const place = world.random.pick(['place:1', 'place:2', 'place:3']);
  const path = folder(world);
  run.files.add(under(path, NAMES[place] ?? ''));
  return call('logArtifact', [refTo(run.ref), refTo(place)], path === '' ? {} : { artifactPath: path });
});

/** The places that the test makes: two files and a folder of several. */
const NAMES: Readonly<Record<string, string>> = {
  'place:1': 'plain.txt',
  'place:2': 'ü 日本 +.bin',
  'place:3': 'folder',
};

const logArtifacts: Make = on(aRun, (run, world) => {
  const path = folder(world);
  run.files.add(under(path, 'deep'));
  return call('logArtifacts', [refTo(run.ref), refTo('place:3')], path === '' ? {} : { artifactPath: path });
});

const list: Make = on(withFiles, (run, { random }) => {
  const path = random.pick([...FOLDERS, ...run.files]);
  return call('listArtifacts', [refTo(run.ref)], path === '' ? {} : { path });
});

const download: Make = on(withFiles, (run, { random }) => ({
  ...call('downloadArtifacts', [refTo(run.ref), random.pick(['', ...run.files])]),
  take: 'files',
}));

/** The operations with how often each is made. */
export const ARTIFACT_OPERATIONS: Made = [
  [3, write('logText', ['.txt', '.md', ''], text)],
  [3, write('logDict', ['.json', '.yaml', '.yml'], dictionary)],
  [1, write('logStream', ['.bin'], text)],
  [1, write('logFigure', ['.svg'], () => SVG)],
  [2, logImage],
  [3, logTable],
  [2, loadTable],
  [3, logArtifact],
  [1, logArtifacts],
  [3, list],
  [3, download],
];

/** Those that must be refused. */
export const ARTIFACT_MISHAPS: Made = [
  [1, ({ random }) => call('logText', ['0'.repeat(32), 'x', random.pick(['a.txt', 'b/c.txt'])])],
  [1, on(aRun, (run, { random }) => call('logText', [refTo(run.ref), 'x', random.pick(['../x', '/x', 'a/../../x'])]))],
  [1, on(aRun, (run, { random }) => call('listArtifacts', [refTo(run.ref)], { path: random.pick(['..', '../x']) }))],
  [1, () => call('listArtifacts', ['0'.repeat(32)])],
  [1, on(aRun, (run) => ({ ...call('downloadArtifacts', [refTo(run.ref), 'nothing/here.txt']), take: 'files' }))],
  [1, (world) => call('loadTable', [refTo(world.experiments[0]?.ref ?? ''), 'nothing.json'])],
];
