// Owns: from a path to a model, by what the path is. Node only; the formats themselves are read by the files beside.

import { stat } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { fail } from "../../compiler/diagnostics/report.js";
import type { PlanModel } from "../../compiler/plan/schema.js";
import type { HostArray } from "../backend.js";
import { readBytes, readJson } from "../io/files.js";
import { readNpy, type NpyArray } from "../io/npy.js";
import type { Model } from "../model.js";
import { dataModel } from "./data.js";
import { gmmModel, readMixtures } from "./gmm.js";
import { moduleModel } from "./module.js";
import { onnxModel } from "./onnx.js";

export interface OpenOptions {
  /** Allow JavaScript modules, which run with the user's rights. Set it for paths the user typed, never for paths out of a sampler. */
  readonly code?: boolean | undefined;
  /** tfjs backend for tfjs networks; default: the run's, else wasm. */
  readonly tfBackend?: string | undefined;
}

const undeclared: PlanModel = {
  name: "model",
  predicts: "",
  file: null,
  time: true,
  outputs: [],
  convention: {},
};

const kinds =
  "a model is a folder with model.json (tfjs), .onnx, .json (Gaussian mixture), .npy (data set) or .js";

/** uint8 images become [-1, 1], pixel / 127.5 - 1; other numbers stay. Grey images [n, h, w] get a channel axis. */
function imagesOf({ data, shape }: NpyArray): {
  readonly data: HostArray;
  readonly shape: readonly number[];
} {
  const values: HostArray =
    data instanceof Uint8Array
      ? Float64Array.from(data, (value) => value / 127.5 - 1)
      : data instanceof Float32Array || data instanceof Float64Array
        ? data
        : Float64Array.from(data);
  return { data: values, shape: shape.length === 3 ? [shape[0]!, 1, shape[1]!, shape[2]!] : shape };
}

const exists = async (path: string): Promise<boolean> =>
  stat(path).then(
    (entry) => entry.isFile(),
    () => false,
  );

/** Labels of a data set: the file stated as `labels`, else NAME-labels.npy beside it, else none. */
async function labelsFor(path: string, declared: PlanModel): Promise<ArrayLike<number> | undefined> {
  const stated = declared.convention["labels"];
  const beside = join(dirname(path), `${basename(path, ".npy")}-labels.npy`);
  if (typeof stated === "string") {
    const file = resolve(dirname(path), stated);
    if (dirname(file) !== resolve(dirname(path)))
      fail("D0602", `the labels of a data set lie beside it; ${stated} does not`);
    return readNpy(await readBytes(file), file).data;
  }
  return (await exists(beside)) ? readNpy(await readBytes(beside), beside).data : undefined;
}

async function openTfjs(folder: string, declared: PlanModel, backend: string | undefined): Promise<Model> {
  const file = join(folder, "model.json");
  const json = await readJson(file);
  const { tfjsModel, weightPaths } = await import("./tfjs.js");
  const parts: Uint8Array[] = [];
  for (const path of weightPaths(json, file)) {
    const full = resolve(folder, path);
    if (dirname(full) !== resolve(folder)) fail("D0602", `${file} names weights outside its folder: ${path}`);
    parts.push(await readBytes(full));
  }
  const weights = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    weights.set(part, offset);
    offset += part.length;
  }
  return tfjsModel({ file, json, weights: weights.buffer }, declared, backend);
}

async function openModule(path: string, options: OpenOptions): Promise<Model> {
  if (options.code !== true) {
    fail("D0602", `${path} is a program, and a sampler may not start programs`, {
      help: "name it on the command line or pass {code: true}: it runs with your rights",
    });
  }
  await readBytes(path);
  const module = (await import(pathToFileURL(resolve(path)).href)) as Readonly<Record<string, unknown>>;
  return moduleModel(module, path);
}

/**
 * Opens a model file for a declaration (default: a network with a time argument and nothing else stated). Throws D0601
 * (missing), D0602 (wrong form), D0603 (does not fit the declaration), D0604 (package missing).
 */
export async function openModel(
  path: string,
  declared: PlanModel = undeclared,
  options: OpenOptions = {},
): Promise<Model> {
  const entry = await stat(path).catch(() => null);
  if (entry === null) {
    return fail("D0601", `the model file ${path} cannot be read: there is no such file or folder`);
  }
  if (entry.isDirectory()) {
    if (!(await exists(join(path, "model.json")))) {
      fail("D0602", `the folder ${path} holds no model.json`, { help: kinds });
    }
    return openTfjs(path, declared, options.tfBackend);
  }
  if (basename(path) === "model.json") return openTfjs(dirname(path), declared, options.tfBackend);
  switch (extname(path)) {
    case ".onnx":
      return onnxModel(await readBytes(path), path, declared);
    case ".json":
      return gmmModel(readMixtures(await readJson(path), path), path);
    case ".npy": {
      const images = imagesOf(readNpy(await readBytes(path), path));
      return dataModel({ ...images, labels: await labelsFor(path, declared) }, path);
    }
    case ".js":
    case ".mjs":
    case ".ts":
    case ".mts":
      return openModule(path, options);
    default:
      return fail("D0602", `${path} is no kind of model`, { help: kinds });
  }
}
