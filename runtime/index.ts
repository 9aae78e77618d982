// Owns: the public face of the runtime where there are no files: browsers, workers, anything. Nothing reachable from
// here imports a module of Node.

export type { Backend, Executable, HostArray, HostTensor, Shape, Tensor, TfInterop } from "./backend.js";
export { backendNames } from "./backends/names.js";
export { openBackend, type BackendOptions } from "./backends/open.js";
export { progressSteps, type ControlledBatch, type ControlProgress } from "./control.js";
export {
  findShape,
  sample,
  type Progress,
  type SampleOptions,
  type SampleResult,
  type StepEvent,
} from "./execute.js";
export { RunAborted, RunFailure } from "./failure.js";
export type { ConditionInput, RunInputs, TensorInput } from "./inputs.js";
export { nested, type NestedArray } from "./io/json.js";
export { readNpy, writeNpy, type NpyArray } from "./io/npy.js";
export { readNpz, writeNpz } from "./io/npz.js";
export { imageGrid, scatterPlot, type GridOptions, type ScatterOptions } from "./io/png.js";
export { Meter } from "./meter.js";
export type {
  Capabilities,
  Condition,
  Model,
  ModelCall,
  ModelResult,
  ModelTensor,
  TensorView,
} from "./model.js";
export { dataModel, type DataSet } from "./models/data.js";
export { functionModel, type Predict } from "./models/function.js";
export { gmmModel, readMixtures, type GaussianMixtures } from "./models/gmm.js";
export { loadTfjsModel } from "./models/lazy.js";
export type { Mixture } from "./models/mixture.js";
export { onnxModel, type Ort } from "./models/onnx.js";
export type { TfFiles } from "./models/tfjs.js";
export { FIXED_STEP, makeNoise, makeSeed, type NoiseRequest, type Seed } from "./noise/noise.js";
export { Run, type NoisePlace, type NoiseSource, type RunEvent, type RunOptions } from "./run.js";
export { decodeState, encodeState, type RunState } from "./state.js";
