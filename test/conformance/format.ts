// Owns: the files of recorded runs (cases/README.md): reading one, and typed access to what a case holds. Values that
// are not of the format raise FormatError; what they mean is the families' business.

export class FormatError extends Error {}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = Readonly<Record<string, Json>>;

/** Nested numbers as recorded: [batch][...sample]. */
export interface Tensor {
  readonly data: Float64Array;
  readonly shape: readonly number[];
}

export interface Mixture {
  readonly weights: readonly number[];
  readonly means: readonly (readonly number[])[];
  readonly stds: readonly number[];
}

export interface Guidance {
  readonly kind: string;
  readonly scale: number;
  readonly cond: string;
  readonly uncond: string;
}

/** One recorded run. */
export interface Case {
  readonly id: string;
  readonly solver: string;
  readonly options: Fields;
  readonly schedule: Fields;
  readonly prediction: string;
  readonly guidance: Guidance | null;
  readonly thresholding: Fields | null;
  readonly grid: Fields;
  readonly model: string;
  readonly init: Tensor;
  readonly noise: readonly Tensor[];
  readonly trajectory: readonly Tensor[] | null;
  /** Of adaptive runs, attempt by attempt: did it count. */
  readonly accepted: readonly boolean[] | null;
  readonly final: Tensor;
  readonly rtol: number;
  readonly atol: number;
  /** Everything else, by name. */
  readonly fields: Fields;
}

export interface CaseFile {
  readonly repo: string;
  readonly models: ReadonlyMap<string, Mixture>;
  /** Models of other kinds, which only their families know. */
  readonly others: ReadonlyMap<string, Fields>;
  readonly cases: readonly Case[];
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Non-finite numbers are recorded as strings. */
export function toNumber(value: Json | undefined): number | undefined {
  if (typeof value === "number") return value;
  return value === "inf" ? Infinity : value === "-inf" ? -Infinity : value === "nan" ? NaN : undefined;
}

/** The members of a recorded object, read by kind. */
export class Fields {
  constructor(
    readonly values: JsonObject,
    readonly where: string,
  ) {}

  has(name: string): boolean {
    return this.values[name] !== undefined && this.values[name] !== null;
  }

  get(name: string): Json | undefined {
    return this.values[name];
  }

  #wrong(name: string, kind: string): never {
    throw new FormatError(`${this.where}: '${name}' is not ${kind}`);
  }

  number(name: string, otherwise?: number): number {
    if (!this.has(name) && otherwise !== undefined) return otherwise;
    return toNumber(this.values[name]) ?? this.#wrong(name, "a number");
  }

  text(name: string, otherwise?: string): string {
    const value = this.values[name];
    if (!this.has(name) && otherwise !== undefined) return otherwise;
    return typeof value === "string" ? value : this.#wrong(name, "a text");
  }

  flag(name: string, otherwise = false): boolean {
    const value = this.values[name];
    if (!this.has(name)) return otherwise;
    return typeof value === "boolean" ? value : this.#wrong(name, "true or false");
  }

  numbers(name: string): readonly number[] {
    const value = this.values[name];
    if (!Array.isArray(value)) return this.#wrong(name, "a list of numbers");
    return (value as readonly Json[]).map((item) => toNumber(item) ?? this.#wrong(name, "a list of numbers"));
  }

  flags(name: string): readonly boolean[] {
    const value = this.values[name];
    if (!Array.isArray(value)) return this.#wrong(name, "a list of flags");
    return (value as readonly Json[]).map((item) => item === true);
  }

  object(name: string): Fields {
    const value = this.values[name];
    return isObject(value) ? new Fields(value, `${this.where}, '${name}'`) : this.#wrong(name, "an object");
  }

  tensor(name: string): Tensor {
    return readTensor(this.values[name], `${this.where}, '${name}'`);
  }

  tensors(name: string): readonly Tensor[] {
    const value = this.values[name];
    if (!Array.isArray(value)) return this.#wrong(name, "a list of tensors");
    return (value as readonly Json[]).map((item, i) => readTensor(item, `${this.where}, '${name}'[${i}]`));
  }
}

export function readTensor(value: Json | undefined, where: string): Tensor {
  const shape: number[] = [];
  for (let inner: Json | undefined = value; Array.isArray(inner); inner = (inner as readonly Json[])[0])
    shape.push(inner.length);
  if (shape.length === 0) throw new FormatError(`${where} is not a tensor`);
  const data: number[] = [];
  const walk = (part: Json | undefined, axis: number): void => {
    if (axis === shape.length) {
      const number = toNumber(part);
      if (number === undefined) throw new FormatError(`${where} holds something other than numbers`);
      data.push(number);
      return;
    }
    if (!Array.isArray(part) || part.length !== shape[axis])
      throw new FormatError(`${where} is not rectangular`);
    for (const item of part as readonly Json[]) walk(item, axis + 1);
  };
  walk(value, 0);
  return { data: Float64Array.from(data), shape };
}

/** Reads the text of a file of recorded runs. Throws FormatError. */
export function readCaseFile(text: string, where: string): CaseFile {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new FormatError(`${where} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isObject(parsed) || !Array.isArray(parsed["cases"]) || !isObject(parsed["models"]))
    throw new FormatError(`${where} is not a file of recorded runs: it has no 'cases' or no 'models'`);
  const top = new Fields(parsed, where);
  const models = new Map(
    Object.entries(parsed["models"]).flatMap(([name, value]): [string, Mixture][] => {
      const mixture = readMixture(value, `${where}, model '${name}'`);
      return mixture ? [[name, mixture]] : [];
    }),
  );
  const others = new Map(
    Object.entries(parsed["models"]).flatMap(([name, value]): [string, Fields][] =>
      isObject(value) && value["kind"] !== undefined && value["kind"] !== "gmm"
        ? [[name, new Fields(value, `${where}, model '${name}'`)]]
        : [],
    ),
  );
  const source = parsed["source"];
  return {
    repo: isObject(source) && typeof source["repo"] === "string" ? source["repo"] : "",
    models,
    others,
    cases: (parsed["cases"] as readonly Json[]).map((value, i) =>
      readCase(value, `${where}, case ${i}`, top),
    ),
  };
}

/** A Gaussian mixture; undefined for models of other kinds. */
function readMixture(value: Json, where: string): Mixture | undefined {
  if (!isObject(value) || value["means"] === undefined || value["weights"] === undefined) return undefined;
  const fields = new Fields(value, where);
  const means = fields.tensor("means");
  const size = means.shape[1] ?? 1;
  return {
    weights: fields.numbers("weights"),
    means: Array.from({ length: means.shape[0] ?? 0 }, (_, k) =>
      Array.from(means.data.subarray(k * size, (k + 1) * size)),
    ),
    stds: fields.numbers("stds"),
  };
}

function readCase(value: Json, where: string, file: Fields): Case {
  if (!isObject(value)) throw new FormatError(`${where} is not an object`);
  const unnamed = new Fields(value, where);
  const id = unnamed.text("id");
  const fields = new Fields(value, `${file.where}, ${id}`);
  return {
    id,
    solver: fields.text("solver"),
    options: fields.object("options"),
    schedule: fields.object("schedule"),
    prediction: fields.text("prediction", ""),
    guidance: fields.has("guidance") ? readGuidance(fields.object("guidance")) : null,
    thresholding: fields.has("thresholding") ? fields.object("thresholding") : null,
    grid: fields.has("grid") ? fields.object("grid") : new Fields({}, fields.where),
    model: typeof fields.get("model") === "string" ? fields.text("model") : "",
    init: fields.tensor("x_init"),
    noise: fields.has("noise") ? fields.tensors("noise") : [],
    trajectory: fields.has("trajectory") ? fields.tensors("trajectory") : null,
    accepted: fields.has("attempts") ? fields.object("attempts").flags("accepted") : null,
    final: fields.tensor("x_final"),
    rtol: fields.number("rtol"),
    atol: fields.number("atol"),
    fields,
  };
}

const readGuidance = (fields: Fields): Guidance => ({
  kind: fields.text("kind"),
  scale: fields.number("scale"),
  cond: fields.text("cond_model"),
  uncond: fields.text("uncond_model"),
});
