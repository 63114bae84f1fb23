// Softmax in single and in double precision, as the formula says and with the maximum subtracted, so that one can see
// where it breaks. This is the only arithmetic of the model that is done here and not by the engine.

export type Precision = 'float32' | 'float64';
export const rounded: Record<Precision, (x: number) => number> = { float32: Math.fround, float64: (x) => x };

export interface Softmax {
  /** What e is raised to. */
  exponents: number[];
  exponentials: number[];
  sum: number;
  p: number[];
}

export function softmax(z: number[], precision: Precision, subtractMaximum: boolean): Softmax {
  const round = rounded[precision];
  const given = z.map(round);
  const maximum = subtractMaximum ? Math.max(...given) : 0;
  const exponents = given.map((v) => round(v - maximum));
  const exponentials = exponents.map((v) => round(Math.exp(v)));
  const sum = exponentials.reduce((total, e) => round(total + e), 0);
  return { exponents, exponentials, sum, p: exponentials.map((e) => round(e / sum)) };
}

/** -sum p ln p in nats; what is 0 adds nothing. */
export const entropy = (p: number[]) => -p.reduce((sum, v) => (v > 0 ? sum + v * Math.log(v) : sum), 0) + 0;

/** dp_i/dz_j = p_i (delta_ij - p_j). */
export const jacobian = (p: number[]) => p.map((pi, i) => p.map((pj, j) => pi * ((i === j ? 1 : 0) - pj)));

/** ln of the largest number, and of half the smallest: above and below these e^z is inf, or 0. */
export const limits: Record<Precision, { inf: number; zero: number }> = {
  float32: { inf: Math.log(3.4028234663852886e38), zero: -149 * Math.LN2 - Math.LN2 },
  float64: { inf: Math.log(Number.MAX_VALUE), zero: -1074 * Math.LN2 - Math.LN2 },
};

export interface Property {
  name: string;
  holds: boolean;
  measured: string;
}

export function properties(z: number[], precision: Precision, subtractMaximum: boolean): Property[] {
  const { p } = softmax(z, precision, subtractMaximum);
  const sum = p.reduce((total, v) => total + v, 0);
  const tolerance = precision === 'float32' ? 1e-5 : 1e-12;
  const round = rounded[precision];
  const given = z.map(round);
  const ordered = given.every((zi, i) => given.every((zj, j) => zi <= zj || p[i]! > p[j]!));
  const moved = softmax(z.map((v) => round(v) + 1), precision, subtractMaximum).p;
  const furthest = Math.max(...p.map((v, i) => Math.abs(v - moved[i]!)));
  return [
    { name: 'every p is above 0', holds: p.every((v) => v > 0), measured: `smallest p: ${Math.min(...p).toPrecision(4)}` },
    { name: 'all p add up to 1', holds: Math.abs(sum - 1) < tolerance, measured: `sum: ${sum.toPrecision(10)}` },
    { name: 'a larger z has a larger p', holds: ordered, measured: ordered ? 'every pair is in order' : 'some pairs are not' },
    { name: 'adding 1 to every z changes nothing', holds: furthest < tolerance, measured: `largest change: ${furthest.toPrecision(3)}` },
  ].map((property) => ({ ...property, measured: property.measured.replaceAll('NaN', 'nan').replaceAll('Infinity', 'inf') }));
}
