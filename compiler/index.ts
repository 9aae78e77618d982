// Owns: the public face of the compiler. Isomorphic: nothing reachable from here touches Node.

export { compile, type Compilation, type CompileOptions } from "./compile.js";
export { codes, type Code, type Severity } from "./diagnostics/codes.js";
export type { Applicability, Diagnostic, Edit, Fix, Label } from "./diagnostics/diagnostic.js";
export { renderText } from "./diagnostics/text.js";
export { memoryHost, type Host } from "./host.js";
export { checkPlan, readPlan } from "./plan/validate.js";
export type { Plan } from "./plan/schema.js";
export { SourceFile } from "./source/file.js";
export { parse } from "./syntax/parse.js";
export { VERSION } from "./version.js";
