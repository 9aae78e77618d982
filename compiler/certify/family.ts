// Owns: schedules as certificates see them: log alpha and time as functions of lambda, by their Taylor series at any
// lambda; everything else about a path follows from these two. Generic schedules are random polynomials.

import { SeriesRing, type Series } from "../algebra/series.js";
import { fixedField, Random } from "./fixed.js";
import { NoSeries } from "./laurent.js";

type JetName = "logAlpha" | "time" | "index";

/** Taylor coefficients in lambda - c; most rules read one of the three. */
export class Jets {
  readonly #known: Partial<Record<JetName, Series<bigint>>> = {};

  constructor(private readonly make: Readonly<Record<JetName, () => Series<bigint>>>) {}

  get logAlpha(): Series<bigint> {
    return (this.#known.logAlpha ??= this.make.logAlpha());
  }

  get time(): Series<bigint> {
    return (this.#known.time ??= this.make.time());
  }

  get index(): Series<bigint> {
    return (this.#known.index ??= this.make.index());
  }
}

/** A family of schedules; `jets` gives the first `length` Taylor coefficients at lambda = c. */
export interface Family {
  readonly name: string;
  jets(c: bigint, ring: SeriesRing<bigint>): Jets;
}

export const familyNames = ["generic", "ve", "vp", "flow"] as const;
export type FamilyName = (typeof familyNames)[number];

const { one, mul } = fixedField;
const degree = 9;

/** Coefficients of a polynomial of degree `degree`, shrinking so that it stays tame near its centre. */
function randomPolynomial(random: Random, start: bigint, slope: bigint): bigint[] {
  const rest = Array.from({ length: degree - 1 }, (_, k) => random.value() / BigInt(k + 2));
  return [start, slope, ...rest];
}

/** The polynomial in lambda - c, from that in lambda - centre, as a series. */
function shifted(coefficients: readonly bigint[], by: bigint, ring: SeriesRing<bigint>): Series<bigint> {
  const result = [...ring.from(coefficients)];
  if (by === 0n) return result;
  // Horner's scheme: the polynomial so far, times by + x, plus a coefficient.
  result.fill(0n);
  for (let k = coefficients.length - 1; k >= 0; k -= 1) {
    for (let n = result.length - 1; n > 0; n -= 1)
      result[n] = mul(result[n] as bigint, by) + (result[n - 1] as bigint);
    result[0] = mul(result[0] as bigint, by) + (coefficients[k] as bigint);
  }
  return result;
}

/** A family with random jets at `centre`. Times fall from noise to data in half of them and rise in the others. */
export function makeFamily(name: FamilyName, seed: number, centre: bigint): Family {
  const random = new Random(1000 + seed);
  const direction = seed % 2 === 0 ? -1n : 1n;
  const logAlpha = randomPolynomial(random, random.value() / 2n, random.value());
  const time = randomPolynomial(random, random.between(160, 256), direction * random.between(96, 160));
  const index = randomPolynomial(random, random.between(1024, 2048), direction * random.between(512, 640));
  return {
    name,
    jets(c, ring) {
      const by = c - centre;
      const lambda = ring.from([c, one]);
      const generic = {
        logAlpha: () => shifted(logAlpha, by, ring),
        time: () => shifted(time, by, ring),
        index: () => shifted(index, by, ring),
      };
      switch (name) {
        case "generic":
          return new Jets(generic);
        case "ve":
          return new Jets({ ...generic, logAlpha: () => ring.from([]) });
        case "vp":
          return new Jets({
            ...generic,
            logAlpha() {
              const e = ring.exp(ring.scale(lambda, -2n * one));
              return ring.scale(ring.log(ring.add(ring.constant(one), e)), -one / 2n);
            },
          });
        case "flow": {
          const e = ring.exp(ring.neg(lambda));
          const total = ring.add(ring.constant(one), e);
          return new Jets({
            ...generic,
            logAlpha: () => ring.neg(ring.log(total)),
            time: () => ring.div(e, total),
          });
        }
      }
    },
  };
}

/** Quantities of one schedule as functions of lambda series. */
export class PathSeries {
  readonly #jets = new Map<bigint, Jets>();
  readonly #deep: SeriesRing<bigint>;

  constructor(
    readonly ring: SeriesRing<bigint>,
    readonly family: Family,
    /** Lambda at the point everything is expanded at; roots are looked for near it. */
    readonly centre: bigint,
  ) {
    this.#deep = new SeriesRing(fixedField, ring.order + 3);
  }

  jets(c: bigint): Jets {
    const known = this.#jets.get(c);
    if (known) return known;
    const made = this.family.jets(c, this.#deep);
    this.#jets.set(c, made);
    return made;
  }

  #outer(jet: Series<bigint>, lambda: Series<bigint>): Series<bigint> {
    // Powers beyond the series are not known of the result.
    return this.ring.compose(jet.slice(0, lambda.length), [0n, ...lambda.slice(1)]).slice(0, lambda.length);
  }

  #derivative(jet: Series<bigint>): Series<bigint> {
    return this.#deep.derivative(jet);
  }

  /** Steps that read the same point ask for the same series. */
  readonly #quantities = new WeakMap<Series<bigint>, Map<string, Series<bigint>>>();

  /** A quantity at the place where lambda has the given series. */
  quantity(name: string, lambda: Series<bigint>): Series<bigint> {
    const known = this.#quantities.get(lambda) ?? new Map<string, Series<bigint>>();
    this.#quantities.set(lambda, known);
    const found = known.get(name);
    if (found) return found;
    const made = this.#quantity(name, lambda);
    known.set(name, made);
    return made;
  }

  #quantity(name: string, lambda: Series<bigint>): Series<bigint> {
    const { ring } = this;
    const jets = this.jets(lambda[0] ?? 0n);
    const logAlpha = (): Series<bigint> => this.#outer(jets.logAlpha, lambda);
    const slope = (): Series<bigint> => this.#outer(this.#derivative(jets.logAlpha), lambda);
    /** d lambda / d time. */
    const speed = (): Series<bigint> =>
      ring.div(ring.constant(one), this.#outer(this.#derivative(jets.time), lambda));
    const alpha = (): Series<bigint> => ring.exp(logAlpha());
    const rho = (): Series<bigint> => ring.exp(ring.neg(lambda));
    const sigma = (): Series<bigint> => ring.exp(ring.sub(logAlpha(), lambda));
    switch (name) {
      case "lambda":
        return lambda;
      case "rho":
        return rho();
      case "alpha":
        return alpha();
      case "sigma":
        return sigma();
      case "time":
        return this.#outer(jets.time, lambda);
      case "index":
        return this.#outer(jets.index, lambda);
      case "alphaDot":
        return ring.mul(ring.mul(alpha(), slope()), speed());
      case "sigmaDot":
        return ring.mul(ring.mul(sigma(), ring.sub(slope(), ring.constant(one))), speed());
      case "lambdaDot":
        return speed();
      case "rhoDot":
        return ring.neg(ring.mul(rho(), speed()));
      case "f":
        return ring.mul(slope(), speed());
      case "g": {
        // g^2 = d sigma^2/dt - 2 f sigma^2 = -2 sigma^2 d lambda/dt, in a time that rises towards the noise.
        const s = sigma();
        const square = ring.scale(ring.mul(ring.mul(s, s), speed()), -2n * one);
        if ((square[0] ?? 0n) < 0n) throw new NoSeries("`g` where time rises from noise to data");
        return ring.sqrt(square);
      }
      default:
        throw new NoSeries(`\`${name}\` has no meaning on a schedule that is only given by its path`);
    }
  }

  readonly #overTime = new Map<bigint, { rho: Series<bigint>; speed: Series<bigint> }>();

  /** rho and d rho/d time at a time. */
  overTime(time: Series<bigint>): { rho: Series<bigint>; speed: Series<bigint> } {
    const { ring } = this;
    const start = time[0] ?? 0n;
    let jets = this.#overTime.get(start);
    if (!jets) {
      const lambda = this.locate("time", ring.from([start, one]));
      jets = { rho: this.quantity("rho", lambda), speed: this.quantity("rhoDot", lambda) };
      this.#overTime.set(start, jets);
    }
    return { rho: this.#outer(jets.rho, time), speed: this.#outer(jets.speed, time) };
  }

  /** The lambda at which `coordinate` has a value, near the centre. Newton's method, first on numbers, then on series. */
  locate(coordinate: string, value: Series<bigint>): Series<bigint> {
    const { ring } = this;
    if (coordinate === "lambda") return value;
    if (coordinate === "rho") return ring.neg(ring.log(value));
    const speedOf = (lambda: bigint): { at: bigint; slope: bigint } => {
      const jets = this.jets(lambda);
      const deep = this.#deep;
      const jet =
        coordinate === "time"
          ? jets.time
          : coordinate === "index"
            ? jets.index
            : deep.exp(
                coordinate === "alpha" ? jets.logAlpha : deep.sub(jets.logAlpha, deep.from([lambda, one])),
              );
      return { at: jet[0] ?? 0n, slope: jet[1] ?? 0n };
    };
    let start = this.centre;
    for (let pass = 0; pass < 40; pass += 1) {
      const { at, slope } = speedOf(start);
      const miss = at - (value[0] ?? 0n);
      if (miss < 1n << 40n && miss > -(1n << 40n)) break;
      if (fixedField.isZero(slope)) throw new NoSeries(`\`${coordinate}\` does not locate a point`);
      start -= fixedField.div(miss, slope);
      if (pass === 39) throw new NoSeries(`no point of the schedule has this \`${coordinate}\``);
    }
    if (value.length <= 1) return [start];
    let lambda: Series<bigint> = [start];
    const { slope } = speedOf(start);
    if (fixedField.isZero(slope)) throw new NoSeries(`\`${coordinate}\` does not locate a point`);
    const inverse = fixedField.div(one, slope);
    // Each pass makes one more coefficient right, and needs no more than those before it.
    for (let pass = 1; pass < value.length; pass += 1) {
      const longer = [...lambda, 0n];
      lambda = ring.sub(longer, ring.scale(ring.sub(this.quantity(coordinate, longer), value), inverse));
    }
    return lambda;
  }
}
