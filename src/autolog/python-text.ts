// Values as Python's str() writes them, so that a param reads the same whichever language logged it.

/**
 * Writes a value as Python does: None, True, 0.1, {'a': 1}.
 *
 * @example
 * toPythonText(null); // 'None'
 */
export function toPythonText(value: unknown): string {
  return typeof value === 'string' ? value : toRepr(value);
}

/**
 * Writes a number that is a float in Python, also where JavaScript knows no difference: 0 is 0.0, 1e-7 is 1e-07.
 *
 * @example
 * toPythonFloat(1e-7); // '1e-07'
 */
export function toPythonFloat(value: unknown): string {
  if (typeof value !== 'number') return toPythonText(value);
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  const [mantissa = '0', power = '0'] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    const digits = String(Math.abs(exponent)).padStart(2, '0');
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${digits}`;
  }
  const text = Math.abs(exponent) < 7 ? String(value) : BigInt(Math.trunc(value)).toString() + fractionOf(value);
  const fixed = text.includes('e') ? value.toFixed(-exponent + mantissa.replace(/[-.]/g, '').length - 1) : text;
  const signed = Object.is(value, -0) ? '-0' : fixed;
  return signed.includes('.') ? signed : `${signed}.0`;
}

function fractionOf(value: number): string {
  const text = String(value);
  const dot = text.indexOf('.');
  return dot < 0 ? '' : text.slice(dot);
}

function toRepr(value: unknown, depth = 0): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : toPythonFloat(value);
  if (typeof value === 'string') return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  if (typeof value !== 'object' || depth > 4) return `<${typeof value}>`;
  if (Array.isArray(value)) return `[${value.map((each) => toRepr(each, depth + 1)).join(', ')}]`;
  if ('dataId' in value && 'shape' in value) return `<Tensor shape=${toRepr(value.shape, depth + 1)}>`;
  const pairs = Object.entries(value).map(([key, each]) => {
    const name = /^(0|[1-9]\d*)$/.test(key) ? key : toRepr(key);
    return `${name}: ${toRepr(each, depth + 1)}`;
  });
  return `{${pairs.join(', ')}}`;
}
