// Checks that everything that the package's entries export is documented: exports, members of classes and fields of interfaces
// by a docstring, classes and functions by an example too. Prints what is missing and how much is there.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript6';

/** What a program can import, by the names of their files in src and dist. */
export const ENTRIES = ['index', 'testing', 'testing/contract', 'register'] as const;

/** What was looked at and what is missing. */
export interface DocsReport {
  readonly documentedCount: number;
  readonly missing: readonly string[];
}

interface Item {
  readonly name: string;
  readonly declarations: readonly ts.Declaration[];
  readonly needsExample: boolean;
}

const isPrivate = (declaration: ts.Declaration): boolean =>
  (ts.getCombinedModifierFlags(declaration) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0 ||
  (ts.isClassElement(declaration) && !!declaration.name && ts.isPrivateIdentifier(declaration.name));

/** Symbols such as [Symbol.asyncDispose] speak for themselves. */
const isNamed = (declaration: ts.Declaration): boolean => {
  const name = ts.getNameOfDeclaration(declaration);
  return !!name && (ts.isIdentifier(name) || ts.isStringLiteralLike(name));
};

function itemsOf(name: string, symbol: ts.Symbol, checker: ts.TypeChecker): Item[] {
  const declarations = symbol.declarations ?? [];
  const needsExample = declarations.some((one) => ts.isClassDeclaration(one) || ts.isFunctionDeclaration(one));
  return [{ name, declarations, needsExample }, ...membersOf(name, symbol, checker)];
}

/**
 * The public members of a class or interface by name: overloads are one, and what its base or interface declares is documented
 * there.
 */
function membersOf(name: string, symbol: ts.Symbol, checker: ts.TypeChecker): Item[] {
  const holders = (symbol.declarations ?? []).filter(
    (one): one is ts.ClassDeclaration | ts.InterfaceDeclaration =>
      ts.isClassDeclaration(one) || ts.isInterfaceDeclaration(one),
  );
  const bases = holders.flatMap((one) => one.heritageClauses ?? []).flatMap(({ types }) => types);
  const inherited = bases.map((base) => checker.getTypeAtLocation(base));
  const byName = new Map<string, ts.Declaration[]>();
  for (const member of holders.flatMap((one) => [...one.members])) {
    if (ts.isConstructorDeclaration(member) || isPrivate(member) || !isNamed(member)) continue;
    const key = member.name?.getText() ?? '';
    if (inherited.some((type) => type.getProperty(key))) continue;
    byName.set(key, [...(byName.get(key) ?? []), member]);
  }
  return [...byName].map(([key, all]) => ({ name: `${name}.${key}`, declarations: all, needsExample: false }));
}

function docsOf(declaration: ts.Declaration): readonly ts.JSDoc[] {
  const holder = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  return ts.getJSDocCommentsAndTags(holder).filter(ts.isJSDoc);
}

function missingOf({ name, declarations, needsExample }: Item): string[] {
  const docs = declarations.flatMap(docsOf);
  if (!docs.some((doc) => ts.getTextOfJSDocComment(doc.comment)?.trim())) return [`${name} has no docstring`];
  const hasExample = docs.some((doc) => doc.tags?.some((tag) => tag.tagName.text === 'example'));
  return needsExample && !hasExample ? [`${name} has no @example`] : [];
}

/** One @example of an export, or of a member of an exported class. */
export interface Example {
  readonly name: string;
  readonly text: string;
}

interface Exported {
  readonly items: readonly Item[];
  /** The names of all exports, types included. */
  readonly names: readonly string[];
}

function readExports(entry: string): Exported {
  const options: ts.CompilerOptions = { lib: ['lib.es5.d.ts'], types: [], module: ts.ModuleKind.NodeNext };
  const program = ts.createProgram([entry], options);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(entry);
  const module = source && checker.getSymbolAtLocation(source);
  const exported = module ? checker.getExportsOfModule(module) : [];
  const items = exported.flatMap((symbol) => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    // What another package declares is documented there.
    const isOurs = target.declarations?.some((one) => !one.getSourceFile().fileName.includes('/node_modules/'));
    return isOurs ? itemsOf(symbol.name, target, checker) : [];
  });
  return { items, names: exported.map(({ name }) => name) };
}

/**
 * Reads the declarations of a package's entry and says what is not documented.
 *
 * @param entry the path of an index.d.ts or index.ts
 */
export function checkDocs(entry: string): DocsReport {
  const { items } = readExports(entry);
  if (items.length === 0) return { documentedCount: 0, missing: [`${entry} exports nothing`] };
  const missing = items.flatMap(missingOf);
  return { documentedCount: items.length - missing.length, missing };
}

/** Says whether a source file has a docstring that speaks of the whole module. */
export function hasModuleDoc(text: string): boolean {
  return /\/\*\*(?:(?!\*\/)[\s\S])*?\w(?:(?!\*\/)[\s\S])*\n \* @module \S+\n \*\//.test(text);
}

/** Collects every @example that a user can meet, and the names that an example may use without importing them. */
export function examplesOf(entry: string): {
  readonly examples: readonly Example[];
  readonly names: readonly string[];
} {
  const { items, names } = readExports(entry);
  const examples = items.flatMap(({ name, declarations }) =>
    declarations
      .flatMap(docsOf)
      .flatMap((doc) => doc.tags ?? [])
      .filter((tag) => tag.tagName.text === 'example')
      .map((tag) => ({ name, text: ts.getTextOfJSDocComment(tag.comment) ?? '' })),
  );
  return { examples, names };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = join(import.meta.dirname, '..');
  // register exports nothing: what it does is said at its head, as that of the others.
  const reports = ENTRIES.filter((entry) => entry !== 'register').map((entry) =>
    checkDocs(join(root, 'dist', `${entry}.d.ts`)),
  );
  const headless = ENTRIES.filter((entry) => !hasModuleDoc(readFileSync(join(root, 'src', `${entry}.ts`), 'utf8')));
  const missing = [
    ...new Set(reports.flatMap((report) => report.missing)),
    ...headless.map((entry) => `src/${entry}.ts has no docstring with @module`),
  ];
  const documentedCount = reports.reduce((sum, report) => sum + report.documentedCount, 0);
  for (const line of missing) console.error(line);
  console.log(`${documentedCount} of ${documentedCount + missing.length} exports and members are documented.`);
  if (missing.length > 0) process.exitCode = 1;
}
