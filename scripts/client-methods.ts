// docs/client-methods.md: which methods MlflowClient has, and what the differential test saw of each, which writes it;
// `node scripts/client-methods.ts` adds rows of new methods.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import ts from 'typescript6';
import { LATER_METHODS } from '../src/runs/client/later-methods.ts';

const CLIENT = join(import.meta.dirname, '..', 'src', 'runs', 'client', 'mlflow-client.ts');

/** The page. */
export const METHODS_PAGE: string = join(import.meta.dirname, '..', 'docs', 'client-methods.md');

/** A public method of MlflowClient and the group that it is of: its file's name. */
export interface ClientMethod {
  readonly name: string;
  readonly group: string;
  /** Its parameters in order; an optional one ends in `?`. */
  readonly parameters: readonly string[];
  /** What may stand in its object of options. */
  readonly options: readonly string[];
}

/** The same with what a run of the differential test saw of it. */
export interface SeenMethod extends Omit<ClientMethod, 'parameters' | 'options'> {
  readonly isOnServer: boolean;
  readonly isInSqlite: boolean;
  /** In a folder of runs. */
  readonly isInFolder: boolean;
}

/** A difference from Python's client that is meant. */
export interface MeantDifference {
  readonly what: string;
  readonly why: string;
}

/** What Python's client has and this one has not, or no server of MLflow has, each with its reason. */
const NOT_THERE: readonly (readonly [names: readonly string[], why: string])[] = [
  [
    LATER_METHODS,
    'the registry of skills came with MLflow 3.18, of which no server can be installed yet to hold them against: `NOT_SUPPORTED`',
  ],
  [['unlinkTracesFromRun'], "no server of MLflow's own can, and Python's client fails there too: `NOT_SUPPORTED`"],
  [['getWorkspaceStoreUri'], 'workspaces are where the tracking server is: `trackingUri`, a property as in Python'],
];

/** What Python's client cannot do as it is installed for that test, and a live test of its own holds. */
const HELD_APART: ReadonlySet<string> = new Set(['refreshMcpServerVersionTools']);

/** Reads the public methods of MlflowClient from its source, tracking first; what rejects until it is built is left out. */
export function listClientMethods(): readonly ClientMethod[] {
  const program = ts.createProgram([CLIENT], {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    allowImportingTsExtensions: true,
    noEmit: true,
    strict: true,
  });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(CLIENT);
  const symbol = source && checker.getSymbolAtLocation(source)?.exports?.get('MlflowClient' as ts.__String);
  if (symbol === undefined) throw new Error(`${CLIENT} exports no MlflowClient.`);
  const methods = checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol)).flatMap((property) => {
    const declaration = property.valueDeclaration;
    if (declaration === undefined || !ts.isMethodDeclaration(declaration)) return [];
    const isHidden = ts.getCombinedModifierFlags(declaration) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected);
    if (isHidden || ts.isPrivateIdentifier(declaration.name)) return [];
    const group = basename(declaration.getSourceFile().fileName).replace(/-methods\.ts$/, '');
    const parameters = declaration.parameters.map(({ name, questionToken, initializer }) =>
      questionToken === undefined && initializer === undefined ? name.getText() : `${name.getText()}?`,
    );
    const last = declaration.parameters.at(-1);
    const given = last === undefined ? [] : typesIn(checker.getNonNullableType(checker.getTypeAtLocation(last)));
    const options = given.flatMap((type) => checker.getPropertiesOfType(type).map((option) => option.name));
    return [{ name: property.name, group: group.replaceAll('-', ' '), parameters, options }];
  });
  // the type has the classes' members from the last class to the first
  const groups = [...new Set(methods.map(({ group }) => group))].toReversed();
  return groups.flatMap((group) => methods.filter((method) => method.group === group));
}

function typesIn(type: ts.Type): readonly ts.Type[] {
  return type.isUnion() ? type.types : [type];
}

/** Writes the page's text, in the project's format. */
export async function makeMethodsPage(
  methods: readonly SeenMethod[],
  meant: readonly MeantDifference[],
): Promise<string> {
  const say = (isSeen: boolean): string => (isSeen ? 'yes' : '–');
  const rows = methods.map(
    ({ name, group, isOnServer, isInSqlite, isInFolder }) =>
      `| \`${name}\` | ${group} | ${HELD_APART.has(name) ? 'apart' : say(isOnServer)} | ${say(isInSqlite)} | ${say(isInFolder)} |`,
  );
  const text = [
    '# The methods of MlflowClient',
    '',
    "Every method has the name of Python's in camelCase, its required arguments in Python's order and an object of options last.",
    'A "yes" is measured: a test runs thousands of operations by this client and by MlflowClient of Python, on two real servers of MLflow 3.17.2, on',
    'both sides with the same results and the same errors by code and status; then Python reads both servers whole, and they hold the same.',
    '"SQLite" is the same script in an `mlflow.db` without a server, "folder" one in `./mlruns`, held against the server too and read by Python.',
    'What needs a server rejects there with `NOT_SUPPORTED`. "apart" is held by a test of its own on a real server: Python needs more packages for it.',
    '',
    '| method | group | server | SQLite | folder |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
    '## Not there',
    '',
    '| method | why |',
    '| --- | --- |',
    ...NOT_THERE.flatMap(([names, why]) => names.map((name) => `| \`${name}\` | ${why} |`)),
    '',
    "## Different from Python's on purpose",
    '',
    '| what | why |',
    '| --- | --- |',
    ...meant.map(({ what, why }) => `| ${what} | ${why} |`),
    '',
  ].join('\n');
  return format(text, { ...(await resolveConfig(METHODS_PAGE)), filepath: METHODS_PAGE });
}

/** The table as the page has it now: what was seen of each method. */
function readTable(page: string): ReadonlyMap<string, Omit<SeenMethod, keyof ClientMethod>> {
  const rows = [...page.matchAll(/^\| `(\w+)` +\| [^|]+\| (\S+) +\| (\S+) +\| (\S+) +\|$/gm)];
  return new Map(
    rows.map(([, name = '', ...said]) => {
      const [isOnServer = false, isInSqlite = false, isInFolder = false] = said.map((word) => word === 'yes');
      return [name, { isOnServer, isInSqlite, isInFolder }];
    }),
  );
}

/** The page with a row for every method there is; of a new one nothing was seen yet. */
export async function renewMethodsPage(page: string): Promise<string> {
  const seen = readTable(page);
  const meant = [...page.slice(page.indexOf('## Different')).matchAll(/^\| (.+?) +\| (.+?) +\|$/gm)]
    .map(([, what = '', why = '']) => ({ what, why }))
    .slice(2); // the head and the line below it
  const none = { isOnServer: false, isInSqlite: false, isInFolder: false };
  return makeMethodsPage(
    listClientMethods().map((method) => ({ ...method, ...(seen.get(method.name) ?? none) })),
    meant,
  );
}

if (import.meta.main) writeFileSync(METHODS_PAGE, await renewMethodsPage(readFileSync(METHODS_PAGE, 'utf8')));
