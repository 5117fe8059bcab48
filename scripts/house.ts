// The house rules of src, as functions over its text: who may import whom, which files there may be, how long they are.
import { posix } from 'node:path';
import ts from 'typescript6';

/** One import, export-from, dynamic import or import type. */
export interface Import {
  /** The importing file, relative to src, with `/`. */
  readonly from: string;
  /** As written. */
  readonly specifier: string;
  readonly kind: 'type' | 'static' | 'dynamic';
}

/** The text of every file of src, by its path relative to src. */
export type Sources = ReadonlyMap<string, string>;

/** From the roof to the ground; rooms on one floor do not see each other. */
const FLOORS: readonly (readonly string[])[] = [
  ['cli', 'register', 'index', 'testing'],
  ['services'],
  ['autolog'],
  ['runs', 'logs'],
  ['otel'],
  ['outbox'],
  ['stores', 'artifacts', 'collector'],
  ['rest'],
  ['model'],
  ['errors'],
];

/** The room beside the stairs: it sees the ground only, and only these see it. */
const CONFIG = { sees: ['model', 'errors'], seenBy: ['services', 'cli', 'register', 'index', 'testing'] };

interface Dependency {
  /** Path prefixes relative to src. */
  readonly in: readonly string[];
  /** Heavy ones are loaded when they are needed: types are free, anything else by `await import`. */
  readonly isLazy?: boolean;
}

/** Who may import which package; `@opentelemetry/api` and Node's own modules are everybody's. */
const DEPENDENCIES: Readonly<Record<string, Dependency>> = {
  zod: { in: ['config/', 'rest/'] },
  yaml: { in: ['config/', 'artifacts/content/', 'stores/file/meta'] }, // MLflow's file store keeps what it knows in meta.yaml
  'smol-toml': { in: ['config/'] },
  undici: { in: ['rest/'] },
  pino: { in: ['logs/'] },
  'pino-opentelemetry-transport': { in: ['logs/export/otel-transport'], isLazy: true },
  'node-notifier': { in: ['services/alerts/'] },
  commander: { in: ['cli.ts', 'cli/'] },
  'node:sqlite': { in: ['stores/sqlite/', 'stores/file/lock'] }, // the lock of a folder: Node has no other that the system frees
  '@opentelemetry/': { in: ['otel/'], isLazy: true },
  vitest: { in: ['testing/contract/'] },
  '@aws-sdk/': { in: ['artifacts/s3/'], isLazy: true },
  pngjs: { in: ['artifacts/content/image'], isLazy: true },
};

const MAX_LINES = 300;
/** A constant that is one long text. */
const LONG_FILES: readonly string[] = ['stores/sqlite/schema.ts'];
const ENV_FILE = 'config/env.ts';
const REALMS_FILE = 'model/any-realm.ts';
const BUILT_IN = /^(AggregateError|ArrayBuffer|Date|Error|Map|RegExp|Set)$/;
const BANNED_FOLDERS = /(^|\/)(utils?|common|helpers?|shared|misc)(\/|\.ts$)/;

const roomOf = (file: string): string =>
  file.includes('/') ? file.slice(0, file.indexOf('/')) : posix.basename(file, '.ts');
const floorOf = (room: string): number => FLOORS.findIndex((floor) => floor.includes(room));
const parse = (file: string, text: string): ts.SourceFile =>
  ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** Reads every import of a file: type-only ones, re-exports, dynamic ones, import types and what is required. */
export function importsOf(from: string, text: string): Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, kind: Import['kind']): void => {
    if (specifier && ts.isStringLiteralLike(specifier)) found.push({ from, specifier: specifier.text, kind });
  };
  walk(parse(from, text), (node) => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeOnly(node) ? 'type' : 'static');
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly ? 'type' : 'static');
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, 'type');
    else if (ts.isCallExpression(node) && isLoader(node.expression)) add(node.arguments[0], 'dynamic');
  });
  return found;
}

function isTypeOnly(node: ts.ImportDeclaration): boolean {
  const clause = node.importClause;
  if (clause?.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const named = clause?.namedBindings;
  return (
    !!clause &&
    !clause.name &&
    !!named &&
    ts.isNamedImports(named) &&
    named.elements.length > 0 &&
    named.elements.every((element) => element.isTypeOnly)
  );
}

/** `import(…)`, `require(…)` and `createRequire(…)(…)`. */
function isLoader(callee: ts.Expression): boolean {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true;
  if (ts.isCallExpression(callee))
    return ts.isIdentifier(callee.expression) && callee.expression.text === 'createRequire';
  return ts.isIdentifier(callee) && callee.text === 'require';
}

/** Where a relative import leads, relative to src; undefined for a package. */
function targetOf({ from, specifier }: Import): string | undefined {
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : undefined;
}

/** To parse a house takes half a second, and most rules ask for its imports. */
const known = new WeakMap<Sources, readonly Import[]>();

function allImports(sources: Sources): readonly Import[] {
  const found = known.get(sources) ?? [...sources].flatMap(([file, text]) => importsOf(file, text));
  known.set(sources, found);
  return found;
}

/** Arrows lead downhill only. */
export function checkFloors(sources: Sources): string[] {
  return allImports(sources).flatMap((one) => {
    const target = targetOf(one);
    if (target === undefined) return [];
    if (!sources.has(target)) return [`${one.from} imports ${one.specifier}, which is not a file of src`];
    const [from, to] = [roomOf(one.from), roomOf(target)];
    return from === to || maySee(from, to) ? [] : [`${one.from} imports ${target}: ${from} may not see ${to}`];
  });
}

function maySee(from: string, to: string): boolean {
  if (from === 'config') return CONFIG.sees.includes(to);
  if (to === 'config') return CONFIG.seenBy.includes(from);
  return floorOf(from) >= 0 && floorOf(to) > floorOf(from);
}

/** Every file of src is in a room that the house has. */
export function checkRooms(sources: Sources): string[] {
  return [...sources.keys()].flatMap((file) => {
    const room = roomOf(file);
    const isRoom = room === 'config' ? file.includes('/') : floorOf(room) >= 0;
    return [
      ...(isRoom ? [] : [`${file}: there is no room '${room}' in the house`]),
      ...(BANNED_FOLDERS.test(file) ? [`${file}: say what it is for`] : []),
      ...(posix.basename(file) === 'index.ts' && file !== 'index.ts'
        ? [`${file}: src/index.ts is the only index`]
        : []),
    ];
  });
}

/** No file reaches itself, type-only imports included. */
export function checkCircles(sources: Sources): string[] {
  const edges = new Map<string, string[]>();
  for (const one of allImports(sources)) edges.set(one.from, [...(edges.get(one.from) ?? []), targetOf(one) ?? '']);
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) circles.push([...path.slice(at), file].join(' -> '));
    if (at >= 0 || done.has(file)) return;
    for (const next of edges.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of sources.keys()) visit(file, []);
  return circles;
}

/** No two folders import each other, whatever their floors. */
export function checkPairs(sources: Sources): string[] {
  const arrows = new Set<string>();
  for (const one of allImports(sources)) {
    const target = targetOf(one);
    if (target === undefined) continue;
    const [from, to] = [posix.dirname(one.from), posix.dirname(target)];
    if (from !== to && from !== '.' && to !== '.') arrows.add(`${from} ${to}`);
  }
  const isBothWays = (arrow: string): boolean => arrows.has(arrow.split(' ').toReversed().join(' '));
  return [...arrows]
    .filter((arrow) => isBothWays(arrow))
    .map((arrow) => `${arrow.replace(' ', ' imports ')} and is imported by it`);
}

/** Packages are imported where the table says, and heavy ones when they are needed. */
export function checkDependencies(sources: Sources, declared: ReadonlySet<string>): string[] {
  return allImports(sources).flatMap((one) => {
    if (one.specifier.startsWith('.')) return [];
    const name = packageOf(one.specifier);
    if (!name.startsWith('node:') && !declared.has(name))
      return [`${one.from} imports ${name}, which package.json does not depend on`];
    const rule = ruleFor(name);
    if (rule === 'everybody') return [];
    if (!rule) return [`${one.from} imports ${name}: add it to the table of scripts/house.ts with its room`];
    if (!rule.in.some((prefix) => one.from.startsWith(prefix)))
      return [`${one.from} imports ${name}: only ${rule.in.join(', ')} may`];
    return rule.isLazy && one.kind === 'static' ? [`${one.from} imports ${name}: by await import only`] : [];
  });
}

function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

function ruleFor(name: string): Dependency | 'everybody' | undefined {
  if (name === '@opentelemetry/api') return 'everybody';
  const key = Object.keys(DEPENDENCIES).find((one) => one === name || (one.endsWith('/') && name.startsWith(one)));
  if (key) return DEPENDENCIES[key];
  return name.startsWith('node:') ? 'everybody' : undefined;
}

/** What package.json depends on at run time and src does not use. */
export function checkUnused(sources: Sources, dependencies: readonly string[], allowed: readonly string[]): string[] {
  const used = new Set(allImports(sources).map((one) => packageOf(one.specifier)));
  return dependencies
    .filter((name) => !used.has(name) && !allowed.includes(name))
    .map((name) => `${name} is a dependency that src does not import`);
}

/** One file reads and writes the environment. */
export function checkEnvironment(sources: Sources): string[] {
  return [...sources].flatMap(([file, text]) => {
    if (file === ENV_FILE) return [];
    const lines: string[] = [];
    walk(parse(file, text), (node) => {
      const isAccess = ts.isPropertyAccessExpression(node) && node.name.text === 'env' && isProcess(node.expression);
      const isIndexed =
        ts.isElementAccessExpression(node) &&
        isProcess(node.expression) &&
        node.argumentExpression.getText() === `'env'`;
      const isUnpacked =
        ts.isVariableDeclaration(node) &&
        !!node.initializer &&
        isProcess(node.initializer) &&
        /\benv\b/.test(node.name.getText());
      const isImported =
        ts.isImportDeclaration(node) &&
        /^'(node:)?process'$/.test(node.moduleSpecifier.getText()) &&
        /\benv\b/.test(node.getText());
      if (isAccess || isIndexed || isUnpacked || isImported)
        lines.push(`${file}:${lineOf(node)}: only ${ENV_FILE} sees process.env`);
    });
    return lines;
  });
}

/** One file says what a built-in is: Node's own are no `instanceof` where a job runs in another realm, such as Jest's. */
export function checkRealms(sources: Sources): string[] {
  return [...sources].flatMap(([file, text]) => {
    if (file === REALMS_FILE) return [];
    const lines: string[] = [];
    walk(parse(file, text), (node) => {
      if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.InstanceOfKeyword) return;
      if (BUILT_IN.test(node.right.getText()))
        lines.push(`${file}:${lineOf(node)}: ask ${REALMS_FILE} for ${node.right.getText()}`);
    });
    return lines;
  });
}

function isProcess(node: ts.Expression): boolean {
  return /^(globalThis\.)?process$/.test(node.getText());
}

function lineOf(node: ts.Node): number {
  return node.getSourceFile().getLineAndCharacterOfPosition(node.getStart()).line + 1;
}

/** A file begins by saying what it is for, exports by name, and is short. */
export function checkShape(sources: Sources): string[] {
  return [...sources].flatMap(([file, text]) => {
    const lines: string[] = [];
    const count = text.trimEnd().split('\n').length;
    if (!/^(\/\/ \S|\/\*\*)/.test(text)) lines.push(`${file}: its first line does not say what it is for`);
    if (count > MAX_LINES && !LONG_FILES.includes(file)) lines.push(`${file}: ${count} lines, at most ${MAX_LINES}`);
    for (const statement of parse(file, text).statements) {
      const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
      const isDefault =
        ts.isExportAssignment(statement) || modifiers?.some((one) => one.kind === ts.SyntaxKind.DefaultKeyword);
      const isStar =
        ts.isExportDeclaration(statement) && (!statement.exportClause || ts.isNamespaceExport(statement.exportClause));
      if (isDefault) lines.push(`${file}:${lineOf(statement)}: a default export`);
      if (isStar) lines.push(`${file}:${lineOf(statement)}: export *`);
    }
    return lines;
  });
}
