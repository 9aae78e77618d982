// Owns: .npz archives: zips of .npy files. Bytes in, bytes out.

import { unzipSync, zipSync } from "fflate";
import { fail } from "../../compiler/diagnostics/report.js";
import type { HostArray, Shape } from "../backend.js";
import { readNpy, writeNpy, type NpyArray } from "./npy.js";

/** Unpacked bytes allowed in one archive. */
const LIMIT = 2 ** 31;

/** Arrays by name, without ".npy". `name` is for messages. Throws D0602. */
export function readNpz(bytes: Uint8Array, name: string): Map<string, NpyArray> {
  let total = 0;
  let files: Readonly<Record<string, Uint8Array>>;
  try {
    files = unzipSync(bytes, {
      filter: (file) => {
        total += file.originalSize;
        return file.name.endsWith(".npy") && total <= LIMIT;
      },
    });
  } catch (error) {
    return fail("D0602", `${name}: this is not a .npz file (${error instanceof Error ? error.message : ""})`);
  }
  if (total > LIMIT) fail("D0602", `${name}: it unpacks to more than ${LIMIT} bytes`);
  return new Map(
    Object.entries(files).map(([file, content]) => [file.slice(0, -4), readNpy(content, `${name}/${file}`)]),
  );
}

/** An archive of the arrays; equal arrays give equal bytes (the date inside is fixed). */
export function writeNpz(
  arrays: Readonly<Record<string, { readonly shape: Shape; readonly data: HostArray | Uint8Array }>>,
): Uint8Array {
  const files = Object.fromEntries(
    Object.entries(arrays).map(([name, array]) => [`${name}.npy`, writeNpy(array)]),
  );
  return zipSync(files, { mtime: new Date(1980, 0, 2) });
}
