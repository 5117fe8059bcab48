// Checks that everything that dist/index.d.ts exports is documented: exports and public members by a docstring,
// classes and functions by an example too. Prints what is missing and how much is there.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript6';

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

/** Symbols such as [Symbol.asyncDispose], and what the base class has documented, speak for themselves. */
const isNamed = (declaration: ts.Declaration): boolean => {
  const name = ts.getNameOfDeclaration(declaration);
  return !!name && (ts.isIdentifier(name) || ts.isStringLiteralLike(name));
};

const isOverride = (declaration: ts.Declaration): boolean =>
  (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Override) !== 0;

function itemsOf(name: string, symbol: ts.Symbol): Item[] {
  const declarations = symbol.declarations ?? [];
  const needsExample = declarations.some((one) => ts.isClassDeclaration(one) || ts.isFunctionDeclaration(one));
  return [{ name, declarations, needsExample }, ...membersOf(name, declarations)];
}

/** The public members of a class, by name: overloads are one. Members of interfaces are described by their interface. */
function membersOf(name: string, declarations: readonly ts.Declaration[]): Item[] {
  const byName = new Map<string, ts.Declaration[]>();
  for (const member of declarations.filter(ts.isClassDeclaration).flatMap((one) => [...one.members])) {
    if (ts.isConstructorDeclaration(member) || isPrivate(member) || !isNamed(member) || isOverride(member)) continue;
    const key = `${name}.${member.name?.getText() ?? ''}`;
    byName.set(key, [...(byName.get(key) ?? []), member]);
  }
  return [...byName].map(([member, all]) => ({ name: member, declarations: all, needsExample: false }));
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

/**
 * Reads the declarations of a package's entry and says what is not documented.
 *
 * @param entry the path of an index.d.ts or index.ts
 */
export function checkDocs(entry: string): DocsReport {
  const program = ts.createProgram([entry], { noLib: true, types: [], module: ts.ModuleKind.NodeNext });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(entry);
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) return { documentedCount: 0, missing: [`${entry} exports nothing`] };
  const items = checker.getExportsOfModule(module).flatMap((symbol) => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    // What another package declares is documented there.
    const isOurs = target.declarations?.some((one) => !one.getSourceFile().fileName.includes('/node_modules/'));
    return isOurs ? itemsOf(symbol.name, target) : [];
  });
  const missing = items.flatMap(missingOf);
  return { documentedCount: items.length - missing.length, missing };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { documentedCount, missing } = checkDocs(join(import.meta.dirname, '../dist/index.d.ts'));
  for (const line of missing) console.error(line);
  console.log(`${documentedCount} of ${documentedCount + missing.length} exports and members are documented.`);
  if (missing.length > 0) process.exitCode = 1;
}
