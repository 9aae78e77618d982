// Owns: the syntax tree. Nodes are inert data with a span: no classes, no parent pointers, no types, no results of
// later stages (those live in side tables). Parentheses are kept as `Paren`, so that a printer can give back what
// the author wrote.

import type { Span } from "../source/span.js";

export interface Name {
  readonly kind: "Name";
  readonly span: Span;
  /** Normalized: Greek letters by name (`σ` = `sigma`), subscript digits as digits (`x₀` = `x0`). */
  readonly text: string;
  /** As written. */
  readonly raw: string;
}

export interface NumberLit {
  readonly kind: "Number";
  readonly span: Span;
  /** As written, for example `0.7`, `1e-3`; exact. */
  readonly text: string;
}

export interface StringLit {
  readonly kind: "String";
  readonly span: Span;
  readonly value: string;
}

export interface Paren {
  readonly kind: "Paren";
  readonly span: Span;
  readonly inner: Expression;
}

/** `[a, b, c]` or, with `family`, `[e for i in r]`. */
export interface ListLit {
  readonly kind: "List";
  readonly span: Span;
  readonly items: readonly Expression[];
  readonly family?: Family;
}

export interface Argument {
  readonly kind: "Argument";
  readonly span: Span;
  /** `name: value`; absent for positional arguments. */
  readonly name?: Name;
  readonly value: Expression;
  /** `value -> to`. */
  readonly to?: Expression;
}

export interface CallExpr {
  readonly kind: "Call";
  readonly span: Span;
  readonly callee: Expression;
  readonly args: readonly Argument[];
}

export interface IndexExpr {
  readonly kind: "Index";
  readonly span: Span;
  readonly object: Expression;
  readonly indices: readonly Expression[];
}

export interface MemberExpr {
  readonly kind: "Member";
  readonly span: Span;
  readonly object: Expression;
  readonly name: Name;
}

/** Postfix `'`: derivative by the path's time. */
export interface PrimeExpr {
  readonly kind: "Prime";
  readonly span: Span;
  readonly object: Expression;
}

export interface UnaryExpr {
  readonly kind: "Unary";
  readonly span: Span;
  readonly op: "-" | "not";
  readonly operand: Expression;
}

export type BinaryOp = "+" | "-" | "*" | "/" | "^" | "and" | "or";

export interface BinaryExpr {
  readonly kind: "Binary";
  readonly span: Span;
  readonly op: BinaryOp;
  readonly left: Expression;
  readonly right: Expression;
}

export type CompareOp = "<" | "<=" | ">" | ">=" | "==" | "!=" | "in";

/** `first op expr op expr ...`: a chain is the conjunction of its neighbours. */
export interface CompareExpr {
  readonly kind: "Compare";
  readonly span: Span;
  readonly first: Expression;
  readonly rest: readonly { readonly op: CompareOp; readonly right: Expression }[];
}

export interface RangeExpr {
  readonly kind: "Range";
  readonly span: Span;
  readonly from: Expression;
  readonly to: Expression;
}

/** What the parser puts where an expression is missing or broken; always accompanied by a D0101. */
export interface ErrorExpr {
  readonly kind: "ErrorExpr";
  readonly span: Span;
}

export type Expression =
  | Name
  | NumberLit
  | StringLit
  | Paren
  | ListLit
  | CallExpr
  | IndexExpr
  | MemberExpr
  | PrimeExpr
  | UnaryExpr
  | BinaryExpr
  | CompareExpr
  | RangeExpr
  | ErrorExpr;

/** `for NAME in domain`. */
export interface Family {
  readonly kind: "Family";
  readonly span: Span;
  readonly variable: Name;
  readonly domain: Expression;
}

export interface Block {
  readonly kind: "Block";
  readonly span: Span;
  readonly statements: readonly Statement[];
  /** True when the author wrote the block on one line (statements separated by `;`). */
  readonly inline: boolean;
}

interface StatementBase {
  readonly span: Span;
  /** Lines of the `///` comment directly before, without the slashes. */
  readonly doc?: readonly string[];
}

export interface LetStmt extends StatementBase {
  readonly kind: "Let";
  readonly name: Name;
  /** Present for `let f(a, b) = ...`. */
  readonly params?: readonly Name[];
  /** Present for `let beta[i] = ...`. */
  readonly index?: readonly Expression[];
  readonly value: Expression;
  readonly family?: Family;
}

export interface Equation extends StatementBase {
  readonly kind: "Equation";
  /** `then sigma = 0` in grids. */
  readonly then: boolean;
  readonly left: Expression;
  readonly op: "=" | ":=";
  readonly right: Expression;
  readonly family?: Family;
}

/** `when` (static) and `if` (at run time) have one shape. */
export interface WhenStmt extends StatementBase {
  readonly kind: "When" | "If";
  readonly condition: Expression;
  readonly body: Block;
  readonly otherwise?: WhenStmt | Block;
}

export interface ForStmt extends StatementBase {
  readonly kind: "For";
  readonly family: Family;
  readonly body: Block;
}

/** `time t from a to b`, `index i from a to b`. */
export interface DomainClause extends StatementBase {
  readonly kind: "Domain";
  readonly coordinate: "time" | "index";
  readonly variable: Name;
  readonly from: Expression;
  readonly to: Expression;
}

/** `between linear in log(alpha)`. */
export interface BetweenClause extends StatementBase {
  readonly kind: "Between";
  readonly method: Name;
  readonly quantities: readonly Expression[];
}

/** `point a, b at place [= value]`. */
export interface PointClause extends StatementBase {
  readonly kind: "Point";
  readonly names: readonly Name[];
  readonly place: Expression;
  readonly value?: Expression;
}

export interface NoiseClause extends StatementBase {
  readonly kind: "Noise";
  readonly names: readonly Name[];
  readonly fixed: boolean;
  readonly value?: Expression;
}

export interface BrownianClause extends StatementBase {
  readonly kind: "Brownian";
  readonly name: Name;
  readonly over: Expression;
}

/** `call c = model(...)`. */
export interface CallClause extends StatementBase {
  readonly kind: "CallClause";
  readonly name: Name;
  readonly value: Expression;
}

export interface CarryClause extends StatementBase {
  readonly kind: "Carry";
  /** For example `w[start]`. */
  readonly target: Expression;
  readonly value: Expression;
  readonly session: boolean;
}

export interface StateClause extends StatementBase {
  readonly kind: "State";
  readonly targets: readonly Expression[];
  readonly value?: Expression;
  readonly block?: Block;
}

export interface InputClause extends StatementBase {
  readonly kind: "Input";
  readonly names: readonly Name[];
  /** A kind, possibly with arguments: `tensor`, `operator(spectral)`. */
  readonly type: Expression;
}

export interface StepClause extends StatementBase {
  readonly kind: "Step";
  readonly body: Block;
}

export interface RepeatClause extends StatementBase {
  readonly kind: "Repeat";
  readonly count: Expression;
  readonly body: Block;
}

export interface AcceptClause extends StatementBase {
  readonly kind: "Accept";
  readonly condition: Expression;
  readonly otherwise: Block;
}

export interface TableauRow {
  readonly kind: "TableauRow";
  readonly span: Span;
  /** Absent in result rows. */
  readonly node?: Expression;
  readonly entries: readonly Expression[];
}

export interface TableauClause extends StatementBase {
  readonly kind: "Tableau";
  readonly prediction: Name;
  readonly over: Expression;
  readonly sweeps?: Expression;
  readonly lets: readonly LetStmt[];
  readonly rows: readonly TableauRow[];
}

/** `init { ... }` or `init x[start] = e`. */
export interface InitClause extends StatementBase {
  readonly kind: "Init";
  readonly body: Block | Equation;
}

export interface OrderClause extends StatementBase {
  readonly kind: "Order";
  readonly run: boolean;
  readonly weak: boolean;
  readonly value: Expression;
  readonly on?: Expression;
}

export interface QuantityClause extends StatementBase {
  readonly kind: "Quantity";
  readonly name: Name;
  readonly value: Expression;
}

/** `requires alpha == 1` or `requires unit data`. */
export interface RequiresClause extends StatementBase {
  readonly kind: "Requires";
  readonly condition?: Expression;
  readonly unit?: Name;
}

/** `start a then b`, `final a then b`. */
export interface StartClause extends StatementBase {
  readonly kind: "Start" | "Final";
  readonly rules: readonly Expression[];
}

/** `model [NAME] predicts view [with ...]`. */
export interface ModelClause extends StatementBase {
  readonly kind: "Model";
  readonly name?: Name;
  readonly predicts: Expression;
  readonly args: readonly Argument[];
}

/** `solver a while c then b fresh`. */
export interface SolverClause extends StatementBase {
  readonly kind: "SolverClause";
  readonly rule: Expression;
  readonly switches: readonly {
    readonly condition: Expression;
    readonly then: Expression;
    readonly fresh: boolean;
  }[];
}

/** `schedule e`, `guidance e, e`, `grid e`, `output e, e`. */
export interface PartsClause extends StatementBase {
  readonly kind: "Parts";
  readonly part: "schedule" | "guidance" | "grid" | "output";
  readonly values: readonly Expression[];
}

/** `steps e`, `population e`, `space e`, `calls e`, `holds e`, `inverse e`. */
export interface ValueClause extends StatementBase {
  readonly kind: "Value";
  readonly what: "steps" | "population" | "space" | "calls" | "holds" | "inverse";
  readonly value: Expression;
}

export interface EqualsClause extends StatementBase {
  readonly kind: "Equals";
  readonly other: Expression;
  readonly on?: Expression;
}

export interface IsClause extends StatementBase {
  readonly kind: "Is";
  readonly negated: boolean;
  readonly property: Name;
  readonly on?: Expression;
}

export interface FailsClause extends StatementBase {
  readonly kind: "Fails";
  readonly code: StringLit;
  readonly on?: Expression;
}

/** `table NAME from "file"` or `table NAME = [...]`. */
export interface TableStmt extends StatementBase {
  readonly kind: "Table";
  readonly name: Name;
  readonly from?: StringLit;
  readonly value?: Expression;
}

export type Statement =
  | LetStmt
  | Equation
  | WhenStmt
  | ForStmt
  | DomainClause
  | BetweenClause
  | PointClause
  | NoiseClause
  | BrownianClause
  | CallClause
  | CarryClause
  | StateClause
  | InputClause
  | StepClause
  | RepeatClause
  | AcceptClause
  | TableauClause
  | InitClause
  | OrderClause
  | QuantityClause
  | RequiresClause
  | StartClause
  | ModelClause
  | SolverClause
  | PartsClause
  | ValueClause
  | EqualsClause
  | IsClause
  | FailsClause
  | TableStmt;

export interface Param {
  readonly kind: "Param";
  readonly span: Span;
  readonly name: Name;
  /** Kind annotation: `base: solver`. */
  readonly type?: Name;
  readonly default?: Expression;
}

export type Sort = "schedule" | "parameterization" | "guidance" | "grid" | "solver" | "sampler";

export const sorts: readonly Sort[] = [
  "schedule",
  "parameterization",
  "guidance",
  "grid",
  "solver",
  "sampler",
];

export interface Definition {
  readonly kind: "Definition";
  readonly span: Span;
  readonly doc?: readonly string[];
  readonly sort: Sort;
  readonly name: Name;
  /** Absent when the author wrote no parentheses. */
  readonly params?: readonly Param[];
  /** `= expr` (short form) or a block. */
  readonly body: Block | Expression;
}

export interface ExpectDef {
  readonly kind: "Expect";
  readonly span: Span;
  readonly doc?: readonly string[];
  readonly sort?: Sort;
  readonly subject: Expression;
  readonly body: Block;
}

export interface UseItem {
  readonly kind: "Use";
  readonly span: Span;
  readonly doc?: readonly string[];
  /** A file path, or the names of a library path (`std`, `solvers`). */
  readonly from: StringLit | readonly Name[];
  /** Absent: every name. */
  readonly names?: readonly Name[];
}

export type Item = UseItem | LetStmt | TableStmt | ExpectDef | Definition;

/** `//` and `///` comments, in source order, for the formatter. */
export interface Comment {
  readonly span: Span;
  /** With its slashes. */
  readonly text: string;
  /** True when nothing but white space stands before it on its line. */
  readonly ownLine: boolean;
}

export interface SyntaxTree {
  readonly kind: "File";
  readonly span: Span;
  readonly items: readonly Item[];
  readonly comments: readonly Comment[];
}

export type Node =
  SyntaxTree | Item | Statement | Expression | Block | Family | Argument | Param | TableauRow;
