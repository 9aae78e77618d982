// Owns: one line about every word of the language, for hover and completion. What a word may be followed by stands in
// the forms; the reference is docs/language.md.

import type { InnerWord, StatementWord } from "../../grammar/tokens.js";

export interface WordInfo {
  /** How it is written, with the parts to fill in by name. */
  readonly form: string;
  readonly says: string;
}

const info = (form: string, says: string): WordInfo => ({ form, says });

export const statementInfo: Readonly<
  Record<StatementWord | "let" | "when" | "if" | "for" | "use", WordInfo>
> = {
  use: info('use "file.dsamp" { names }', "Brings in names of another file, or of a part of the library."),
  let: info("let name = value", "Names a value; `let f(a, b) = ...` names a function."),
  when: info("when condition { }", "A branch decided before the run; what is not taken does not exist."),
  if: info("if condition { }", "A branch decided during the run from a number known then."),
  for: info("for i in a .. b { }", "Repeats with another number each time; the count is static."),
  schedule: info("schedule name { }", "The path x = alpha*x0 + sigma*eps from noise to data."),
  parameterization: info(
    "parameterization name = expression",
    "What a network predicts: one equation in x, x0, eps.",
  ),
  guidance: info("guidance name { }", "Makes one prediction from several calls of the network at one point."),
  grid: info("grid name { }", "The points a run visits, as equations for one coordinate."),
  solver: info("solver name { }", "A rule that goes from the point s to the point t."),
  sampler: info("sampler name { }", "Schedule, model, grid and solver put together: what can be run."),
  expect: info("expect name { }", "Claims about a definition, checked by `dsamp check`."),
  table: info("table name = [numbers]", 'Numbers by position; `table name from "file"` reads them.'),
  time: info("time t from a to b", "The variable of the path: a is the noise end, b the data end."),
  index: info("index i from N-1 to 0", "A path given as a table over training steps."),
  between: info("between linear in log(alpha)", "How a table is continued between its points."),
  point: info("point m at lambda = value", "A new point, placed in any coordinate."),
  noise: info("noise z", "A standard normal draw per step; `fixed` draws once per run."),
  brownian: info("brownian W over rho", "Increments `W(s -> m)` of one path, consistent over sub-intervals."),
  call: info("call c = model(cond: prompt)", "Asks the network; views are read as `c.x0`, `c.eps`."),
  carry: info("carry w[start] = value", "A value kept from step to step."),
  state: info("state y[start] = value", "A second state with its own level and predictions."),
  input: info(
    "input name: kind",
    "Something given with the run: a condition, a tensor, a mask, an operator.",
  ),
  step: info("step { }", "The equations of one step; `x[t] = ...` is the result."),
  repeat: info("repeat count { }", "The block, several times over."),
  accept: info(
    "accept condition else { }",
    "Undoes the step when the condition fails; only the else block remains.",
  ),
  tableau: info(
    "tableau x0 over lambda { }",
    "A Runge-Kutta rule by its coefficients; stage rows `c | a, b`, result row `| b`.",
  ),
  init: info("init x[start] = value", "The state before the first step."),
  run: info("run order 2", "Claims the order of a whole run with its start and final rules."),
  weak: info("weak order 1", "Claims the order in distribution, for rules with noise."),
  order: info("order 2", "Claims the order of the rule; the compiler proves it."),
  quantity: info("quantity g = expression", "Names a linear form that `integrate` can take."),
  requires: info("requires alpha == 1", "Limits a definition to paths for which this holds."),
  start: info("start ddim", "The rules of the first steps, while history is missing."),
  final: info("final ddim", "The rules of the last steps."),
  model: info("model predicts eps with time: index", "What the network returns and how it is called."),
  output: info("output x[end]", "What a run gives; `x[end]` unless said otherwise."),
  steps: info("steps 20", "The number of steps of the grid."),
  population: info("population 64", "Several states that a rule moves together."),
  space: info("space tokens", "States are tokens, not real numbers."),
  calls: info("calls 1", "Claims the number of network calls of a step."),
  holds: info("holds condition", "Claims an equation or inequality."),
  inverse: info("inverse solver_name", "Claims that a rule undoes the other."),
  equals: info("equals other", "Claims that two definitions give the same steps."),
  is: info(
    "is linear",
    "Claims a property: linear, invertible, zero_stable, weakly_stable, marginal_preserving, monotone.",
  ),
  fails: info('fails "D0412"', "Claims that the definition is refused with this code."),
  then: info("then sigma = 0", "One more point of a grid."),
};

export const innerInfo: Readonly<Record<InnerWord, string>> = {
  from: "the noise end of a domain, or the file of a table",
  to: "the data end of a domain",
  at: "where the point lies",
  over: "the variable of a tableau or of a Brownian path",
  sweeps: "Picard sweeps of an implicit tableau",
  fixed: "drawn once per run",
  session: "kept for the next run",
  on: "where the claim holds",
  unit: "what the data are scaled to",
  predicts: "what the network returns",
  with: "how the network is called",
  while: "as long as the condition holds",
  fresh: "the next solver begins without history",
};

export const pointInfo: Readonly<Record<string, string>> = {
  s: "the current point of the grid; in `f(p -> q)` it is p",
  t: "the next point of the grid; in `f(p -> q)` it is q",
  start: "the first point: the noise end",
  end: "the last point",
  clean: "the data end in the limit: alpha = 1, sigma = 0",
  now: "this call",
  past: "what later steps see for this call",
};

export const quantityInfo: Readonly<Record<string, string>> = {
  time: "the path's own time",
  index: "the training step, as a real number",
  sigma: "the amount of noise: x = alpha*x0 + sigma*eps",
  alpha: "the amount of signal: x = alpha*x0 + sigma*eps",
  lambda: "half the log signal-to-noise ratio, log(alpha/sigma)",
  rho: "noise to signal, sigma/alpha; the sigma of Karras et al.",
  f: "the drift of the path, alpha'/alpha",
  g: "the diffusion of the path",
  survival: "the chance that a token is not masked",
};

export const viewInfo: Readonly<Record<string, string>> = {
  x: "the state",
  x0: "the data prediction at a point",
  eps: "the noise prediction at a point",
  raw: "the network's own output",
};

export const counterInfo: Readonly<Record<string, string>> = {
  step: "number of this step, from 0",
  steps: "number of steps of the run",
  progress: "step/steps",
  first: "whether this is the first step",
  last: "whether this is the last step",
  up: "whether t is noisier than s",
};

export const kindInfo: Readonly<Record<string, string>> = {
  solver: "a rule",
  schedule: "a path",
  grid: "a grid",
  guidance: "a guidance rule",
  parameterization: "a parameterization",
  view: "a prediction: x0, eps, v, ...",
  function: "a function of numbers",
  tensor: "a tensor of the shape of the state",
  mask: "a tensor between 0 and 1",
  condition: "what the network is conditioned on",
  table: "a list of numbers",
  operator: "a linear operator: called, `.adjoint`, `.pinv`",
  trajectory: "a tensor for every step",
  endpoint: "an end of the path that is not known",
};

interface FunctionInfo extends WordInfo {
  readonly parameters: readonly string[];
}

const fn = (name: string, parameters: string, says: string): readonly [string, FunctionInfo] => [
  name,
  { form: `${name}(${parameters})`, says, parameters: parameters.split(", ") },
];

/** Verbs and built-in functions, by their parameters. */
export const functionInfo: ReadonlyMap<string, FunctionInfo> = new Map([
  fn(
    "jump",
    "p -> q, x0:, eps:, eta:, noise:",
    "Goes to q with the data and noise predictions given; the views at p by default.",
  ),
  fn("renoise", "p -> q, tensor, noise:", "The exact forward kernel from p up to q."),
  fn(
    "integrate",
    "p -> q, prediction, over:, through:, tau:, noise:",
    "The exact solution from p with the prediction replaced by a polynomial through the points given.",
  ),
  fn("model", "cond:, at:, time:, variant:", "A call of the network."),
  fn("network", "cond:, at:, time:, variant:", "A call of the network, before guidance."),
  ...["sqrt", "exp", "log", "log2", "expm1", "sin", "cos", "tan", "atan", "abs", "floor", "round"].map(
    (name) => fn(name, "x", "Of a number, element by element of a list or tensor."),
  ),
  fn("logistic", "x", "1/(1 + exp(-x))."),
  fn("factorial", "n", "1*2*...*n."),
  fn("atan2", "y, x", "The angle of a point."),
  fn("hypot", "a, b", "sqrt(a^2 + b^2)."),
  fn("mod", "a, b", "The remainder."),
  fn("phi", "k, z", "phi_0 = exp(z), phi_(k+1) = (phi_k - 1/k!)/z."),
  fn("min", "a, b", "The least of its arguments, or of a tensor's elements."),
  fn("max", "a, b", "The largest of its arguments, or of a tensor's elements."),
  fn("lerp", "a, b, u", "a + u*(b - a)."),
  fn("clamp", "x, low, high", "x, kept between two bounds."),
  fn("where", "condition, a, b", "a where the condition holds, else b."),
  fn("sum", "expression, k in a .. b", "The sum over k; 0 when the range is empty."),
  fn("prod", "expression, k in a .. b", "The product over k."),
  fn("integral", "expression, u in a .. b", "The integral over u."),
  fn("root", "equation, u in a .. b", "The u for which the equation holds."),
  fn("solve", "M, b", "The solution of a linear system."),
  fn("unit", "i, n", "The i-th unit vector of length n."),
  fn("length", "list", "How many items a list has."),
  fn("resample", "list, u", "Linear interpolation in a list at the fraction u of its length."),
  fn("beta_quantile", "u, a, b", "The quantile of a beta distribution."),
  fn("mean", "x, per:", "The mean of a tensor; `per:` says what is kept."),
  fn("std", "x, per:", "The standard deviation of a tensor."),
  fn("norm", "x, per:", "The Euclidean norm of a tensor."),
  fn("dot", "a, b, per:", "The inner product of two tensors."),
  fn("quantile", "x, q, per:", "The quantile of a tensor's elements."),
  fn("relabel", "x", "The same tensor, free of any level; listed in the report."),
  fn("stop", "x", "Treated as a constant by `grad`."),
  fn("inverse", "solver", "The rule that undoes another one."),
  fn("reverse", "grid", "The points of a grid from the data end to the noise end."),
  fn("drop", "grid, count", "A grid without its first points."),
]);

export const constantInfo: Readonly<Record<string, string>> = {
  pi: "3.14159...",
  infinity: "larger than every number",
  none: "no condition",
};

/** What stands before a colon in the `model` line. */
export const modelArguments: readonly string[] = [
  ...["time", "input", "inputs", "outputs", "file", "names", "classes", "null", "guidance"],
];
