// The table of option names says what the types of the client's methods say, in every word: the TypeScript compiler is asked.
import { join } from 'node:path';
import ts from 'typescript6';
import { expect, it } from 'vitest';
import { OPTION_NAMES, type OptionNames, PAGED_OPTION_NAMES } from '../../../src/runs/client/option-names.ts';

const ROOT = join(import.meta.dirname, '../../..');

type Declared = Record<string, readonly string[]>;

it('knows every option of every method, and no other', () => {
  const { plain, paged } = readDeclared();
  expect(Object.keys(plain).length).toBeGreaterThan(45);
  expect(sorted(OPTION_NAMES)).toEqual(plain);
  expect(sorted(PAGED_OPTION_NAMES)).toEqual(paged);
});

/** What the methods with a parameter `options` take: where it stands, and its names. */
function readDeclared(): { readonly plain: Declared; readonly paged: Declared } {
  const path = join(ROOT, 'tsconfig.json');
  const config: unknown = ts.readConfigFile(path, (name) => ts.sys.readFile(name)).config;
  const file = join(ROOT, 'src/runs/client/mlflow-client.ts');
  const program = ts.createProgram([file], ts.parseJsonConfigFileContent(config, ts.sys, ROOT).options);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const client =
    source && checker.getSymbolAtLocation(source)?.exports?.get(ts.escapeLeadingUnderscores('MlflowClient'));
  if (client === undefined) throw new Error(`no MlflowClient in ${file}`);
  const plain: Declared = {};
  const paged: Declared = {};
  for (const method of checker.getDeclaredTypeOfSymbol(client).getProperties()) {
    const [signature] = checker.getTypeOfSymbol(method).getCallSignatures();
    const parameters = signature?.getParameters() ?? [];
    const options = parameters.find(({ name }) => name === 'options');
    if (signature === undefined || options === undefined || isHidden(method)) continue;
    const type = checker.getNonNullableType(checker.getTypeOfSymbol(options));
    const names = (type.isUnion() ? type.types : [type]).flatMap((part) => checker.getPropertiesOfType(part));
    const to = checker.typeToString(signature.getReturnType()).startsWith('PagedList') ? paged : plain;
    to[method.name] = [String(parameters.indexOf(options)), ...new Set(names.map(({ name }) => name))].toSorted();
  }
  return { plain, paged };
}

function isHidden({ name, declarations = [] }: ts.Symbol): boolean {
  const hidden = ts.ModifierFlags.Protected | ts.ModifierFlags.Private;
  return name.includes('#') || declarations.some((each) => (ts.getCombinedModifierFlags(each) & hidden) !== 0);
}

function sorted(table: Readonly<Record<string, OptionNames>>): Declared {
  return Object.fromEntries(Object.entries(table).map(([method, names]) => [method, names.map(String).toSorted()]));
}
