// Writes dist/*.d.cts: the types of an entry for CommonJS, where a declaration may not simply re-export an ES module.
import { basename } from 'node:path';
import ts from 'typescript6';

/** The lines that declare one export: a type, a value, or a class, which is both; without a symbol a type. */
function declare(name: string, symbol: ts.Symbol | undefined, from: string): string[] {
  const isValue = !!symbol && (symbol.flags & ts.SymbolFlags.Value) !== 0;
  if (!isValue) return [`export type { ${name} } from ${from};`];
  const value = `export declare const ${name}: typeof esm.${name};`;
  if (!(symbol.flags & ts.SymbolFlags.Type)) return [value];
  const declaration = symbol.declarations?.find(ts.isClassDeclaration);
  if (declaration?.typeParameters)
    throw new Error(`${name} is a generic class: its .d.cts cannot name its parameters yet.`);
  return [value, `export type ${name} = esm.${name};`];
}

/**
 * Returns the text of the CommonJS declaration that offers what the ES module's declaration exports.
 *
 * @param entry the path of the ES module's declaration, such as dist/index.d.ts
 */
export function commonJsTypes(entry: string): string {
  const options: ts.CompilerOptions = { noLib: true, types: [], module: ts.ModuleKind.NodeNext, skipLibCheck: true };
  const program = ts.createProgram([entry], options);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(entry);
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) throw new Error(`Cannot read ${entry}: it exports nothing.`);
  const from = `'./${basename(entry, '.d.ts')}.js' with { 'resolution-mode': 'import' }`;
  const lines = checker.getExportsOfModule(module).flatMap((symbol) => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    const isTypeOnly = symbol.declarations?.some(ts.isTypeOnlyImportOrExportDeclaration);
    return declare(symbol.name, isTypeOnly ? undefined : target, from);
  });
  const first = '// The types of the package for CommonJS; every one is that of the ES module.';
  return [first, `import type * as esm from ${from};`, ...lines, ''].join('\n');
}
