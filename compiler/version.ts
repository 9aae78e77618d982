// Owns: the compiler's version, written into plans. A test keeps it equal to package.json.

export const VERSION = "0.1.0";
