// Owns: the .npy format, version 1 to 3, both ways. Bytes in, bytes out: no files.

import { fail } from "../../compiler/diagnostics/report.js";
import type { HostArray, Shape } from "../backend.js";
import { showShape, sizeOf } from "../shapes.js";

/** What a .npy file holds, in C order. 64-bit integers become float64 and must be exact there. */
export interface NpyArray {
  readonly shape: Shape;
  readonly data: HostArray | Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array;
}

type Reader = (view: DataView, offset: number, little: boolean) => number;
type Maker = (size: number) => NpyArray["data"];

function exact(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) fail("D0602", `the integer ${value} is too large`);
  return number;
}

const types: Readonly<Record<string, readonly [number, Reader, Maker]>> = {
  f4: [4, (view, at, little) => view.getFloat32(at, little), (size) => new Float32Array(size)],
  f8: [8, (view, at, little) => view.getFloat64(at, little), (size) => new Float64Array(size)],
  b1: [1, (view, at) => view.getUint8(at), (size) => new Uint8Array(size)],
  u1: [1, (view, at) => view.getUint8(at), (size) => new Uint8Array(size)],
  i1: [1, (view, at) => view.getInt8(at), (size) => new Int8Array(size)],
  u2: [2, (view, at, little) => view.getUint16(at, little), (size) => new Uint16Array(size)],
  i2: [2, (view, at, little) => view.getInt16(at, little), (size) => new Int16Array(size)],
  u4: [4, (view, at, little) => view.getUint32(at, little), (size) => new Uint32Array(size)],
  i4: [4, (view, at, little) => view.getInt32(at, little), (size) => new Int32Array(size)],
  u8: [8, (view, at, little) => exact(view.getBigUint64(at, little)), (size) => new Float64Array(size)],
  i8: [8, (view, at, little) => exact(view.getBigInt64(at, little)), (size) => new Float64Array(size)],
};

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** Parses the bytes of a .npy file; `name` is for messages. Throws D0602. */
export function readNpy(bytes: Uint8Array, name: string): NpyArray {
  const wrong = (problem: string): never => fail("D0602", `${name}: ${problem}`);
  if (bytes.length < 12 || MAGIC.some((byte, i) => bytes[i] !== byte)) wrong("this is not a .npy file");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const long = bytes[6]! >= 2;
  const length = long ? view.getUint32(8, true) : view.getUint16(8, true);
  const start = (long ? 12 : 10) + length;
  const header = new TextDecoder("latin1").decode(bytes.subarray(long ? 12 : 10, start));
  const [, order = "", code = ""] = /'descr':\s*'([<>|=]?)(\w+)'/.exec(header) ?? [];
  const [, fortran = ""] = /'fortran_order':\s*(True|False)/.exec(header) ?? [];
  const [, extents] = /'shape':\s*\(([\d,\s]*)\)/.exec(header) ?? [];
  if (extents === undefined || fortran === "") return wrong("its header cannot be read");
  const type = Object.hasOwn(types, code) ? types[code] : undefined;
  if (type === undefined) return wrong(`the type '${code}' is not supported`);
  const shape = extents
    .split(",")
    .filter((part) => part.trim() !== "")
    .map(Number);
  if (fortran === "True" && shape.length > 1) wrong("it is in Fortran order; save a C-ordered copy");
  const [width, read, make] = type;
  const size = sizeOf(shape);
  if (bytes.length - start < size * width) {
    wrong(`it ends before its ${showShape(shape)} numbers are complete`);
  }
  const data = make(size);
  for (let i = 0; i < size; i++) data[i] = read(view, start + i * width, order !== ">");
  return { shape, data };
}

/** The bytes of a .npy file (version 1, little endian). Float32 and float64 keep their type; uint8 too. */
export function writeNpy({
  shape,
  data,
}: {
  readonly shape: Shape;
  readonly data: HostArray | Uint8Array;
}): Uint8Array {
  const descr = data instanceof Uint8Array ? "|u1" : data instanceof Float32Array ? "<f4" : "<f8";
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const padded = `${text.padEnd(Math.ceil((10 + text.length + 1) / 64) * 64 - 11)}\n`;
  const bytes = new Uint8Array(10 + padded.length + data.byteLength);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  bytes[6] = 1;
  view.setUint16(8, padded.length, true);
  bytes.set(new TextEncoder().encode(padded), 10);
  let offset = 10 + padded.length;
  for (const value of data) {
    if (data instanceof Uint8Array) view.setUint8(offset, value);
    else if (data instanceof Float32Array) view.setFloat32(offset, value, true);
    else view.setFloat64(offset, value, true);
    offset += data.BYTES_PER_ELEMENT;
  }
  return bytes;
}
