// Owns: units of measure: products of powers of `data` and of `state@q` for every level q, and how they are said in the
// user's terms: a state is measured like `x[q]`, data like `x0`.

/** Exponents by base: `data`, or `x[q]` for the states at a level. */
export type Unit = ReadonlyMap<string, number>;

export const plain: Unit = new Map();
export const data: Unit = new Map([["x0", 1]]);
export const stateAt = (level: string): Unit => (level === "clean" ? data : new Map([[`x[${level}]`, 1]]));

export function times(a: Unit, b: Unit, power = 1): Unit {
  const result = new Map(a);
  for (const [base, exponent] of b) {
    const sum = (result.get(base) ?? 0) + power * exponent;
    if (Math.abs(sum) < 1e-9) result.delete(base);
    else result.set(base, sum);
  }
  return result;
}

export const power = (a: Unit, exponent: number): Unit => times(plain, a, exponent);
export const same = (a: Unit, b: Unit): boolean => times(a, b, -1).size === 0;

/** `x[t]/x0`, `x0^2`, "a plain number". */
export function unitName(unit: Unit): string {
  if (unit.size === 0) return "a plain number";
  const part = (base: string, exponent: number): string =>
    exponent === 1 ? base : `${base}^${Number(exponent.toFixed(3))}`;
  const above = [...unit]
    .filter(([, exponent]) => exponent > 0)
    .map(([base, exponent]) => part(base, exponent));
  const below = [...unit]
    .filter(([, exponent]) => exponent < 0)
    .map(([base, exponent]) => part(base, -exponent));
  const top = above.length > 0 ? above.join("*") : "1";
  return `\`${below.length > 0 ? `${top}/${below.length > 1 ? `(${below.join("*")})` : below[0]}` : top}\``;
}

/** A factor that would bring `from` to `to`, where one quantity does it. */
export function missingFactor(from: Unit, to: Unit): string | undefined {
  const ratio = times(to, from, -1);
  const entries = [...ratio].sort(([a], [b]) => a.localeCompare(b));
  const levelOf = (base: string): string | undefined => /^x\[(.*)\]$/.exec(base)?.[1];
  if (entries.length === 1) {
    const [[base, exponent]] = entries as [[string, number]];
    const level = levelOf(base);
    if (level !== undefined && exponent === 1) return `a factor \`sigma[${level}]\` is missing`;
    if (level !== undefined && exponent === -1) return `a division by \`sigma[${level}]\` is missing`;
    return undefined;
  }
  if (entries.length !== 2) return undefined;
  const states = entries.filter(([base]) => levelOf(base) !== undefined);
  const other = entries.find(([base]) => base === "x0");
  const [first, second] = states;
  if (first && other && first[1] === -other[1] && Math.abs(first[1]) === 1) {
    const level = levelOf(first[0]) as string;
    return first[1] === 1
      ? `a factor \`alpha[${level}]\` is missing`
      : `a division by \`alpha[${level}]\` is missing`;
  }
  if (first && second && first[1] === -second[1] && Math.abs(first[1]) === 1) {
    const [up, down] = first[1] === 1 ? [first, second] : [second, first];
    const [q, p] = [levelOf(up[0]), levelOf(down[0])];
    return `\`alpha[${q}]/alpha[${p}]\` or \`sigma[${q}]/sigma[${p}]\` brings it from ${p} to ${q}`;
  }
  return undefined;
}
