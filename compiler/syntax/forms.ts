// Owns: the form of every statement in one line, as help text of syntax messages.

/** `of` is keyed by the word that begins the statement. */
export const forms: {
  readonly of: ReadonlyMap<string, string>;
  /** By word as well, for the words that mean something else inside a definition. */
  readonly inside: ReadonlyMap<string, string>;
  readonly line: string;
  readonly file: string;
  readonly row: string;
} = {
  line: "a line is an equation such as `x[t] = ...`, or begins with a word such as `let`, `when`, `order`",
  file: "a file holds `schedule`, `parameterization`, `guidance`, `grid`, `solver`, `sampler`, `expect`, `let`, `table` and `use`",
  row: "write `c | a1, a2`, or `| b1, b2` for a result",
  inside: new Map(
    Object.entries({
      schedule: "write `schedule flow`",
      guidance: "write `guidance cfg(scale: 7)`",
      grid: "write `grid karras`",
      solver: "write `solver ddim`, or `solver a while condition then b`",
    }),
  ),
  of: new Map(
    Object.entries({
      use: 'write `use "./file.dsamp" { a, b }` or `use std.solvers`',
      schedule: "write `schedule NAME { ... }`",
      parameterization: "write `parameterization NAME = alpha*eps - sigma*x0`, or a block",
      guidance: "write `guidance NAME { ... }`",
      grid: "write `grid NAME { ... }`",
      solver: "write `solver NAME { ... }`",
      sampler: "write `sampler NAME { ... }`",
      expect: "write `expect solver_name { order 2; calls 1 }`",
      table: 'write `table NAME from "file"` or `table NAME = [...]`',
      let: "write `let name = value` or `let f(a) = value`",
      when: "write `when condition { ... } else { ... }`",
      if: "write `if condition { ... } else { ... }`",
      for: "write `for i in a .. b`",
      time: "write `time t from 1 to 0`",
      index: "write `index i from N-1 to 0`",
      between: "write `between linear in log(alpha)`",
      point: "write `point m at lambda = value`, or `point m at t`",
      noise: "write `noise z`, `noise z fixed` or `noise z = value`",
      brownian: "write `brownian W over lambda`",
      call: "write `call c = model(...)`",
      carry: "write `carry v[start] = value`",
      state: "write `state y[start] = x[start]`, or `state A { ... }`",
      input: "write `input y: tensor`",
      step: "write `step { x[t] = ... }`",
      repeat: "write `repeat k { ... }`",
      accept: "write `accept condition else { ... }`",
      tableau: "write `tableau x0 over lambda { c | a; | b }`",
      init: "write `init x[start] = value`, or `init { ... }`",
      run: "write `run order 2`",
      weak: "write `weak order 2`",
      order: "write `order 2`, or `order 2 on condition`",
      quantity: "write `quantity g = value`",
      requires: "write `requires alpha == 1`, or `requires unit data`",
      start: "write `start ddim`, or `start a then b`",
      final: "write `final ddim`, or `final a then b`",
      model: "write `model predicts eps`, or `model predicts eps with time: index`",
      output: "write `output x[end]`",
      steps: "write `steps 20`",
      population: "write `population 64`",
      space: "write `space tokens`",
      calls: "write `calls 1`",
      holds: "write `holds condition`",
      inverse: "write `inverse solver_name`",
      equals: "write `equals other`, or `equals other on schedule_name`",
      is: "write `is linear`, or `is not linear`",
      fails: 'write `fails "D0412"`',
      then: "write `then sigma = 0`",
    }),
  ),
};
