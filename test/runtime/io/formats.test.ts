// Files and formats: numpy arrays and archives, pictures, JSON, atomic writes and the words for what goes wrong.

import { chmod, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { describe, expect, test } from "vitest";
import {
  imageGrid,
  nested,
  readBytes,
  readJson,
  readNpy,
  readNpz,
  scatterPlot,
  writeAtomically,
  writeNpy,
  writeNpz,
} from "../../../runtime/node.js";

const temporary = (): Promise<string> => mkdtemp(join(tmpdir(), "dsamp-io-"));

/** A .npy file with any header, as numpy writes it. */
function npy(descr: string, shape: string, bytes: readonly number[], order = "False"): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`;
  const header = `${text.padEnd(117)}\n`;
  return Uint8Array.from([
    ...[0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0],
    ...new TextEncoder().encode(header),
    ...bytes,
  ]);
}

describe("npy", () => {
  test.each([
    [{ shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6.5) }],
    [{ shape: [4], data: Float64Array.of(1, -2, Math.PI, NaN) }],
    [{ shape: [], data: Float64Array.of(7) }],
    [{ shape: [0, 3], data: new Float32Array(0) }],
    [{ shape: [2], data: Uint8Array.of(0, 255) }],
  ])("what is written is read: %j", (array) => {
    const bytes = writeNpy(array);
    expect(readNpy(bytes, "a.npy")).toEqual(array);
    const header = new DataView(bytes.buffer).getUint16(8, true);
    expect((10 + header) % 64).toBe(0);
  });

  test.each([
    ["<i8", "(2,)", [1, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255], [1, -1]],
    [">i4", "(1,)", [0, 0, 1, 0], [256]],
    ["<u2", "(1, 1)", [1, 1], [257]],
    ["|b1", "(2,)", [1, 0], [1, 0]],
    [">f4", "(1,)", [0x3f, 0x80, 0, 0], [1]],
  ])("type %s", (descr, shape, bytes, expected) => {
    expect([...readNpy(npy(descr, shape, bytes), "a.npy").data]).toEqual(expected);
  });

  test.each([
    [Uint8Array.of(1, 2, 3), "this is not a .npy file"],
    [npy("<c16", "(1,)", []), "the type 'c16' is not supported"],
    [npy("<f4", "(2,)", [0, 0, 0, 0]), "it ends before its [2] numbers are complete"],
    [npy("<f4", "(2, 2)", [], "True"), "Fortran order"],
    [npy("<f4", "x", []), "its header cannot be read"],
    [
      npy("<u8", "(1,)", [255, 255, 255, 255, 255, 255, 255, 255]),
      "the integer 18446744073709551615 is too large",
    ],
  ])("what cannot be read is refused %#", (bytes, message) => {
    expect(() => readNpy(bytes, "a.npy")).toThrow(message);
    expect(() => readNpy(bytes, "a.npy")).toThrow("D0602");
  });
});

test("npz: several arrays, the same bytes each time", () => {
  const arrays = {
    x: { shape: [2], data: Float32Array.of(1, 2) },
    y: { shape: [1, 1], data: Float64Array.of(3) },
  };
  const bytes = writeNpz(arrays);
  expect(writeNpz(arrays)).toEqual(bytes);
  expect(Object.fromEntries(readNpz(bytes, "a.npz"))).toEqual(arrays);
  expect(() => readNpz(Uint8Array.of(1, 2), "a.npz")).toThrow("D0602: a.npz: this is not a .npz file");
});

describe("pictures", () => {
  test("grey images in a grid, clipped to -1 .. 1", () => {
    const data = Float32Array.of(-1, 0, 1, 5, -5, 1 / 255, -1, -1, -1, -1, -1, 1);
    const png = decode(imageGrid({ data, shape: [3, 1, 2, 2] }, { columns: 2 }));
    expect([png.width, png.height, png.channels]).toEqual([4, 4, 1]);
    expect([...png.data]).toEqual([0, 128, 0, 128, 255, 255, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0]);
  });

  test("RGB images, with a gap", () => {
    const data = Float64Array.of(1, -1, -1, -1, 1, -1);
    const png = decode(imageGrid({ data, shape: [2, 3, 1, 1] }, { gap: 1, columns: 2 }));
    expect([png.width, png.height, png.channels]).toEqual([3, 1, 3]);
    expect([...png.data]).toEqual([255, 0, 0, 0, 0, 0, 0, 255, 0]);
  });

  test.each([
    [[2, 2, 4, 4], "samples of shape [2, 4, 4] are not images"],
    [[5], "are not images"],
  ])("shape %j is no image", (shape, message) => {
    expect(() => imageGrid({ data: new Float32Array(64), shape })).toThrow(message);
  });

  test("points in the plane", () => {
    const png = decode(
      scatterPlot({ data: Float32Array.of(0.5, 0.5, 100, 0), shape: [2, 2] }, { size: 64, extent: 1 }),
    );
    expect([png.width, png.height]).toEqual([64, 64]);
    const dark = [...png.data].flatMap((value, at) => (value < 128 ? [[at % 64, Math.floor(at / 64)]] : []));
    expect(dark).toEqual([[48, 15]]);
    expect(() => scatterPlot({ data: new Float32Array(3), shape: [1, 3] })).toThrow("D0703");
  });
});

test("nested JSON keeps float32 short", () => {
  expect(nested({ data: Float32Array.of(0.1, 1 / 3, 1e-7, 16777216), shape: [2, 2] })).toEqual(
    [
      [0.1, 0.3333333],
      [1e-7, 16777216],
    ].map((row) => row.map((value) => expect.closeTo(value, 7))),
  );
  expect(JSON.stringify(nested({ data: Float32Array.of(0.1), shape: [1] }))).toBe("[0.1]");
  expect(nested({ data: Float64Array.of(1 / 3), shape: [] })).toBe(1 / 3);
});

describe("files", () => {
  test("a write replaces the file whole and leaves nothing else", async () => {
    const folder = await temporary();
    const path = join(folder, "a.bin");
    await writeAtomically(path, "one");
    await writeAtomically(path, Uint8Array.of(1, 2));
    expect([...(await readFile(path))]).toEqual([1, 2]);
    expect(await readdir(folder)).toEqual(["a.bin"]);
  });

  test("no such folder, and a folder in the way", async () => {
    const folder = await temporary();
    await expect(writeAtomically(join(folder, "b", "a"), "x")).rejects.toMatchObject({
      diagnostic: { code: "D0704", message: expect.stringContaining("no such file or folder") as string },
    });
    await expect(writeAtomically(folder, "x")).rejects.toThrow("D0704");
    expect(await readdir(folder)).toEqual([]);
  });

  test("a full disk keeps the old file and removes the temporary one", async () => {
    const folder = await temporary();
    const path = join(folder, "a.bin");
    await writeFile(path, "old");
    const full = Object.assign(new Error("write"), { code: "ENOSPC" });
    const bytes = {
      async *[Symbol.asyncIterator](): AsyncGenerator<string> {
        yield await Promise.resolve("half");
        throw full;
      },
    };
    await expect(writeAtomically(path, bytes as unknown as Uint8Array)).rejects.toThrow(
      `D0704: ${path} cannot be written: the disk is full`,
    );
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["a.bin"]);
  });

  test.skipIf(process.getuid?.() === 0)("no permission (cannot be tested as root)", async () => {
    const folder = await temporary();
    await chmod(folder, 0o500);
    await expect(writeAtomically(join(folder, "a"), "x")).rejects.toThrow("permission denied");
  });

  test("reading what is not there, and what is not JSON", async () => {
    const folder = await temporary();
    await expect(readBytes(join(folder, "a"))).rejects.toThrow("D0601");
    await writeFile(join(folder, "a.json"), "{");
    await expect(readJson(join(folder, "a.json"))).rejects.toThrow("D0602");
  });
});
