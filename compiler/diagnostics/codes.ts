// Owns: the registry of diagnostic codes. The leading digits name the stage: D01 syntax, D02 names, D03 kinds and
// levels, D04 grids, orders and coefficients, D05 plan, D06 model and data files, D07 run, D08 limits, D09 reports.
// Codes are stable: a code is never reused for another meaning. Every code has a page in explain/.

export type Severity = "error" | "warning" | "note";

interface CodeInfo {
  readonly severity: Severity;
  readonly title: string;
}

export const codes = {
  D0101: { severity: "error", title: "syntax" },
  D0102: { severity: "error", title: "unreadable character or text" },
  D0201: { severity: "error", title: "unknown name" },
  D0202: { severity: "warning", title: "a name hides another" },
  D0203: { severity: "warning", title: "unused name" },
  D0204: { severity: "error", title: "a name is defined twice" },
  D0205: { severity: "error", title: "import cannot be resolved" },
  D0206: { severity: "error", title: "import cycle" },
  D0207: { severity: "error", title: "definition uses itself" },
  D0210: { severity: "error", title: "statement does not belong here" },
  D0211: { severity: "error", title: "statement is missing" },
  D0220: { severity: "error", title: "wrong arguments" },
  D0301: { severity: "error", title: "level mismatch" },
  D0302: { severity: "error", title: "value is known too late" },
  D0303: { severity: "warning", title: "reduction couples the batch" },
  D0304: { severity: "error", title: "quantity needs a point" },
  D0305: { severity: "error", title: "value defined twice, never, or in a cycle" },
  D0306: { severity: "error", title: "rule has no slope" },
  D0307: { severity: "error", title: "wrong kind of value" },
  D0308: { severity: "warning", title: "units do not match" },
  D0310: { severity: "error", title: "path or parameterization cannot be solved" },
  D0311: { severity: "error", title: "schedule is not a valid path" },
  D0401: { severity: "error", title: "grid point outside the domain, or a move up" },
  D0402: { severity: "error", title: "repeated point or node" },
  D0403: { severity: "error", title: "variable after `over` turns or stands still" },
  D0411: { severity: "error", title: "rule is inconsistent" },
  D0412: { severity: "error", title: "declared order not reached" },
  D0413: { severity: "warning", title: "order cannot be decided" },
  D0414: { severity: "warning", title: "start or final rule lowers the order" },
  D0416: { severity: "warning", title: "weakly stable or unstable recurrence" },
  D0417: { severity: "note", title: "row of a tableau does not sum to its node" },
  D0420: { severity: "error", title: "coefficient is infinite on this grid" },
  D0421: { severity: "error", title: "model called at sigma = 0" },
  D0422: { severity: "error", title: "coordinate is infinite at an end of the grid" },
  D0423: { severity: "error", title: "number does not exist" },
  D0430: { severity: "error", title: "rule is not invertible" },
  D0501: { severity: "error", title: "malformed plan" },
  D0502: { severity: "error", title: "plan of another version" },
  D0503: { severity: "error", title: "plan is inconsistent" },
  D0601: { severity: "error", title: "file cannot be read" },
  D0602: { severity: "error", title: "file has the wrong form" },
  D0603: { severity: "error", title: "model does not fit its declaration" },
  D0604: { severity: "error", title: "optional package is missing" },
  D0701: { severity: "error", title: "non-finite value in a run" },
  D0702: { severity: "error", title: "backend is not available" },
  D0703: { severity: "error", title: "run input is missing or wrong" },
  D0704: { severity: "error", title: "output cannot be written" },
  D0705: { severity: "error", title: "model call failed" },
  D0706: { severity: "error", title: "wrong use of the command line" },
  D0707: { severity: "error", title: "out of memory" },
  D0708: { severity: "error", title: "error control does not get on" },
  D0709: { severity: "error", title: "device was lost" },
  D0710: { severity: "error", title: "import has an unknown option" },
  D0711: { severity: "error", title: "import has contradictory options" },
  D0712: { severity: "error", title: "import has no counterpart here" },
  D0713: { severity: "warning", title: "import has options of another class" },
  D0801: { severity: "error", title: "source is too large" },
  D0802: { severity: "error", title: "nesting is too deep" },
  D0803: { severity: "error", title: "too many imports" },
  D0804: { severity: "error", title: "too many steps" },
  D0805: { severity: "error", title: "plan is too large" },
  D0806: { severity: "error", title: "too much work in one definition" },
  D0807: { severity: "note", title: "further errors are not shown" },
  D0901: { severity: "warning", title: "model time differs from the level" },
  D0902: { severity: "note", title: "relabel is used" },
  D0910: { severity: "error", title: "claim in expect is not met" },
  D0990: { severity: "error", title: "not yet supported" },
} as const satisfies Record<string, CodeInfo>;

/** A stable diagnostic code, for example `D0412`. */
export type Code = keyof typeof codes;

export const isCode = (text: string): text is Code => Object.hasOwn(codes, text);
