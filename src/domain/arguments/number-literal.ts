/**
 * Whether a JSON number literal means exactly the number that every JSON program will read from it: its decimal value
 * equals that of the shortest form of the double nearest to it. So 0.1, 1.0, 1e2 and 1e19 pass; 9007199254740993,
 * 20-digit identifiers, 1e400 and 1e-400 do not.
 */
export function roundTripsAsDouble(literal: string): boolean {
  const double = Number(literal);
  if (!Number.isFinite(double)) return false;
  const written = decimalOf(literal);
  const read = decimalOf(String(double));
  return written.negative === read.negative && written.digits === read.digits && written.exponent === read.exponent;
}

interface Decimal {
  readonly negative: boolean;
  /** Without leading or trailing zeros; '' for zero. */
  readonly digits: string;
  /** The value is 0.digits × 10^exponent; 0 for zero. */
  readonly exponent: number;
}

function decimalOf(literal: string): Decimal {
  const [mantissa = '', exponent = '0'] = literal.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const all = whole + fraction;
  let start = 0;
  while (all[start] === '0') start++;
  let end = all.length;
  while (end > start && all[end - 1] === '0') end--;
  const digits = all.slice(start, end);
  // Zero has one form: RFC 8785 prints -0 as 0, so the sign of a zero is not a value.
  if (digits === '') return { negative: false, digits, exponent: 0 };
  return { negative: mantissa.startsWith('-'), digits, exponent: Number(exponent) + whole.length - start };
}
